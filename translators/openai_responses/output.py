"""What stands in a Responses answer besides its deltas: finished items, errors, and how it ended."""

from __future__ import annotations

from typing import Any

from translators.events import Fault, StopReason, Text, Thinking
from translators.openai_chat.faults import fault_of

Kind = type[Text] | type[Thinking]

SAID: dict[str, Kind] = {
    "response.output_text": Text,
    "response.refusal": Text,
    "response.reasoning_summary_text": Thinking,
    "response.reasoning_text": Thinking,
}
"""Names of delta and done events, without `.delta` and `.done`, and what they say."""

_PARTS = {
    "output_text": ("response.output_text", "text"),
    "text": ("response.output_text", "text"),
    "refusal": ("response.refusal", "refusal"),
    "summary_text": ("response.reasoning_summary_text", "text"),
    "reasoning_text": ("response.reasoning_text", "text"),
}
"""Types of content parts, the events that say them, and the field with the text."""


def pieces_of(item: dict[str, Any]) -> list[tuple[str, int, str]]:
    """What a finished message or reasoning item says: event name, number of the part, text."""
    pieces: list[tuple[str, int, str]] = []
    for holder in ("summary", "content"):
        parts = item.get(holder)
        if isinstance(parts, str):
            parts = [{"type": "reasoning_text" if item.get("type") == "reasoning" else "text", "text": parts}]
        for number, part in enumerate(parts if isinstance(parts, list) else ()):
            name, field = _PARTS.get(part.get("type"), ("", "")) if isinstance(part, dict) else ("", "")
            text = part.get(field) if name else None
            if isinstance(text, str) and text:
                pieces.append((name, number, text))
    return pieces


def ending(response: dict[str, Any], event: str = "") -> StopReason | Fault:
    """How an answer ended, by its status or, where that is missing, by the event that ended it."""
    status = str(response.get("status") or "") or event.removeprefix("response.")
    error = response.get("error")
    if status in ("failed", "cancelled") or error:
        return (
            fault_of(error)
            if error
            else Fault("", f"the upstream broke its answer off: {status}", type=status)
        )
    if status != "incomplete":
        return "end_turn"
    details = response.get("incomplete_details")
    reason = details.get("reason") if isinstance(details, dict) else None
    return "refusal" if reason == "content_filter" else "max_tokens"


def error_in(event: str | None, value: Any) -> Fault | None:
    """The error that an event is, whether it is called one or not."""
    if not isinstance(value, dict):
        return None
    if value.get("error") and not isinstance(value.get("response"), dict):
        return fault_of(value)
    if "error" not in (event, value.get("type")):
        return None
    return fault_of({name: said for name, said in value.items() if name not in ("type", "sequence_number")})
