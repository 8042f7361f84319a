"""Input items of the Responses API as messages."""

from __future__ import annotations

from typing import Any

import msgspec

from translators.openai_clients import Fields, Turns, blocks_of, document_of, image_of, input_of
from translators.request import RequestError
from translators.signatures import UNSIGNED

REDACTED = "redacted."
"""Begins the `encrypted_content` of a reasoning item that was a redacted_thinking block."""

_ROLES = {"user": "user", "assistant": "assistant", "system": "system", "developer": "system"}


def add_items(items: Any, turns: Turns) -> None:
    """`input` as messages; items that have no twin are left out. Raises RequestError."""
    if isinstance(items, str):
        items = [{"role": "user", "content": items}]
    for item in items if isinstance(items, list) else ():
        if not isinstance(item, dict):
            raise RequestError("input: a text or a list of objects is required")
        kind = item.get("type") or "message"
        if kind == "message":
            _message(item, turns)
        elif kind == "reasoning":
            turns.add("assistant", _reasoning(item))
        elif kind in ("function_call", "custom_tool_call"):
            turns.add("assistant", [_call(item, custom=kind == "custom_tool_call")])
        elif kind in ("function_call_output", "custom_tool_call_output"):
            turns.add("user", [_result(item)])
        elif kind == "item_reference":
            raise RequestError("input: nothing is stored here, an item_reference points nowhere")


def tool_name(named: Fields) -> str:
    """The one name of a tool that may have a namespace before its own."""
    namespace = named.get("namespace")
    return f"{namespace if isinstance(namespace, str) else ''}{named.get('name')}"


def _message(item: Fields, turns: Turns) -> None:
    role = _ROLES.get(str(item.get("role")))
    if role is None:
        raise RequestError(f"input: there is no role {item.get('role')!r}")
    turns.add(role, _blocks(item.get("content")))


def _blocks(content: Any) -> list[Fields]:
    return blocks_of(content, _block)


def _block(part: Fields) -> Fields | None:
    kind = part.get("type")
    if kind == "input_image":
        return image_of(part.get("image_url"))
    if kind == "input_file":
        return document_of(part.get("file_data") or part.get("file_url"), part.get("filename"))
    if kind == "input_audio":
        raise RequestError("input: audio cannot be read here")
    text = part.get("refusal") if kind == "refusal" else part.get("text")
    return {"type": "text", "text": text} if isinstance(text, str) and text else None


def _reasoning(item: Fields) -> list[Fields]:
    """A reasoning item as this house wrote it: one block of thinking, with its signature."""
    texts: list[str] = []
    for holder in ("summary", "content"):
        parts = item.get(holder)
        for part in parts if isinstance(parts, list) else ():
            if isinstance(part, dict) and isinstance(part.get("text"), str):
                texts.append(part["text"])
    text = "\n\n".join(texts)
    signature = item.get("encrypted_content")
    if not isinstance(signature, str) or not signature:
        return [{"type": "thinking", "thinking": text, "signature": UNSIGNED}] if text else []
    if signature.startswith(REDACTED):
        return [{"type": "redacted_thinking", "data": signature.removeprefix(REDACTED)}]
    return [{"type": "thinking", "thinking": text, "signature": signature}]


def _call(item: Fields, *, custom: bool) -> Fields:
    given = {"input": item.get("input")} if custom else input_of(item.get("arguments"))
    return {"type": "tool_use", "id": str(item.get("call_id")), "name": tool_name(item), "input": given}


def _result(item: Fields) -> Fields:
    output = item.get("output")
    if not isinstance(output, str | list | None):
        output = msgspec.json.encode(output).decode()
    return {"type": "tool_result", "tool_use_id": str(item.get("call_id")), "content": _blocks(output)}
