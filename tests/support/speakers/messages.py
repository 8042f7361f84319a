"""The model of `support/model.py` at `/v1/messages`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from support.speakers.speech import INPUT, OUTPUT, Asked, Speech, parts_in, pieces, speech, text_in, words

REASONS = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use"}
EMPTY: dict[str, dict[str, Any]] = {
    "thinking": {"thinking": "", "signature": ""},
    "text": {"text": ""},
    "tool_use": {"input": {}},
}
"""How blocks begin."""


def said_to(body: dict[str, Any]) -> Speech:
    choice = body.get("tool_choice") or {}
    parts = parts_in(body["messages"])
    results = [text_in(part.get("content")) for part in parts if part.get("type") == "tool_result"]
    return speech(
        Asked(
            prompt=" ".join(text_in(one["content"]) for one in body["messages"]),
            tools={one["name"]: one.get("input_schema") or {} for one in body.get("tools") or []},
            forced=choice.get("name") or ("any" if choice.get("type") == "any" else ""),
            thinks=(body.get("thinking") or {}).get("type", "disabled") != "disabled",
            longest=body["max_tokens"],
            stops=body.get("stop_sequences") or [],
            result=results[-1] if results else None,
            pictures=sum(part.get("type") == "image" for part in parts),
        )
    )


def document(body: dict[str, Any]) -> dict[str, Any]:
    return whole(body, said_to(body))


def whole(body: dict[str, Any], said: Speech) -> dict[str, Any]:
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": body["model"],
        "content": blocks(said),
        **ending(said),
        "usage": {"input_tokens": INPUT, "output_tokens": OUTPUT},
    }


def ending(said: Speech) -> dict[str, Any]:
    reason = "stop_sequence" if said.stop else REASONS[said.reason]
    return {"stop_reason": reason, "stop_sequence": said.stop}


def blocks(said: Speech) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    if said.thinking:
        made.append({"type": "thinking", "thinking": said.thinking, "signature": "sig"})
    if said.text:
        made.append({"type": "text", "text": said.text})
    for at, (name, value) in enumerate(said.calls):
        made.append({"type": "tool_use", "id": f"toolu_{at}", "name": name, "input": value})
    return made


def stream(body: dict[str, Any]) -> Iterator[str]:
    for event in events(body, said_to(body)):
        yield f"event: {event['type']}\ndata: {json.dumps(event)}\n\n"


def events(body: dict[str, Any], said: Speech) -> Iterator[dict[str, Any]]:
    start = {**whole(body, said), "content": [], "stop_reason": None, "stop_sequence": None}
    yield {"type": "message_start", "message": start}
    for index, block in enumerate(blocks(said)):
        started = {**block, **EMPTY[block["type"]]}
        yield {"type": "content_block_start", "index": index, "content_block": started}
        for delta in deltas(block):
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    yield {"type": "message_delta", "delta": ending(said), "usage": {"output_tokens": OUTPUT}}
    yield {"type": "message_stop"}


def deltas(block: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if block["type"] == "text":
        yield from ({"type": "text_delta", "text": word} for word in words(block["text"]))
    elif block["type"] == "thinking":
        yield from ({"type": "thinking_delta", "thinking": word} for word in words(block["thinking"]))
        yield {"type": "signature_delta", "signature": block["signature"]}
    else:
        for piece in pieces(json.dumps(block["input"])):
            yield {"type": "input_json_delta", "partial_json": piece}
