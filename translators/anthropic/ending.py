"""How an answer ends: the upstream's stop_reason as one of those that the Messages API has."""

from __future__ import annotations

from translators.events import StopReason

_REASONS: dict[str, StopReason] = {
    "max_tokens": "max_tokens",
    "length": "max_tokens",
    "stop_sequence": "stop_sequence",
    "pause_turn": "pause_turn",
    "compaction": "compaction",
    "refusal": "refusal",
    "content_filter": "refusal",
    "sensitive": "refusal",
    "model_context_window_exceeded": "model_context_window_exceeded",
}
"""Every other is the end of a turn, or of one with tool calls."""

_CUT = ("max_tokens", "refusal", "model_context_window_exceeded")


def ending(reason: str | None) -> tuple[StopReason, bool]:
    """The stop reason of an answer without tool calls, and whether its last block need not be whole."""
    known = _REASONS.get(reason or "", "end_turn")
    return known, known in _CUT


def with_tools(reason: StopReason) -> StopReason:
    """The stop reason of the same answer with tool calls."""
    return "tool_use" if reason in ("end_turn", "stop_sequence") else reason
