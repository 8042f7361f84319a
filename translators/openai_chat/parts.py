"""Text and reasoning in the less usual forms of a delta: lists of parts, objects, details."""

from __future__ import annotations

from typing import Any

from translators.events import Text, Thinking
from translators.openai_chat.chunks import Delta


def reasoning_in(delta: Delta) -> str:
    """The reasoning of a delta, from the first carrier that has any: some send the same in several."""
    return _text(delta.reasoning_content) or _text(delta.reasoning) or _text(delta.reasoning_details)


def spoken(content: Any) -> list[Text | Thinking]:
    """`content` as a list of parts (Mistral): text, and thinking or reasoning with parts of its own."""
    said: list[Text | Thinking] = []
    for part in content if isinstance(content, list) else [content]:
        if isinstance(part, str):
            text, kind = part, Text
        elif not isinstance(part, dict):
            continue
        elif part.get("type") in ("thinking", "reasoning"):
            text, kind = _text(part.get("thinking") or part.get("summary") or part.get("text")), Thinking
        elif part.get("type") in ("text", "output_text", None):
            text, kind = _text(part.get("text")), Text
        else:
            continue
        if text:
            said.append(kind(text))
    return said


def thought_before(content: str) -> list[Text | Thinking]:
    """A message that begins inside a thought, because the opening tag stood in the prompt; empty for any other."""
    thought, end, rest = content.partition("</think>\n")
    if not end or "<think>" in thought or "</think>" in rest or not thought.strip():
        return []
    return [Thinking(thought), Text(rest)] if rest.strip() else [Thinking(thought)]


def _text(value: Any) -> str:
    """The text in a string, in an object that has some, or in a list of those. Encrypted items have none."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return next((said for name in ("text", "summary", "content") if (said := _text(value.get(name)))), "")
    if isinstance(value, list):
        return "".join(map(_text, value))
    return ""
