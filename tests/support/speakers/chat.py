"""The model of `support/model.py` at `/v1/chat/completions`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from support.speakers.speech import INPUT, OUTPUT, Asked, Speech, parts_in, pieces, speech, text_in, words

USAGE = {"prompt_tokens": INPUT, "completion_tokens": OUTPUT, "total_tokens": INPUT + OUTPUT}


def said_to(body: dict[str, Any]) -> Speech:
    choice = body.get("tool_choice")
    named = choice["function"]["name"] if isinstance(choice, dict) else ""
    results = [text_in(one["content"]) for one in body["messages"] if one["role"] == "tool"]
    return speech(
        Asked(
            prompt=" ".join(text_in(one.get("content")) for one in body["messages"]),
            tools={
                one["function"]["name"]: one["function"].get("parameters") or {}
                for one in body.get("tools") or []
            },
            forced=named or ("any" if choice == "required" else ""),
            thinks=thinks(body),
            longest=body.get("max_tokens") or body.get("max_completion_tokens") or 4096,
            stops=body.get("stop") or [],
            result=results[-1] if results else None,
            pictures=sum(part.get("type") == "image_url" for part in parts_in(body["messages"])),
        )
    )


def thinks(body: dict[str, Any]) -> bool:
    switched = {**(body.get("chat_template_kwargs") or {}), **(body.get("reasoning") or {})}
    return any(switched.values()) or body.get("reasoning_effort", "none") != "none"


def document(body: dict[str, Any]) -> dict[str, Any]:
    said = said_to(body)
    message: dict[str, Any] = {"role": "assistant", "content": said.text}
    if said.thinking:
        message["reasoning_content"] = said.thinking
    if said.calls:
        message["tool_calls"] = [
            call(at, name, json.dumps(value)) for at, (name, value) in enumerate(said.calls)
        ]
    choice = {"index": 0, "message": message, "finish_reason": said.reason, "stop_reason": said.stop}
    return {"id": "c", "object": "chat.completion", "choices": [choice], "usage": USAGE}


def stream(body: dict[str, Any]) -> Iterator[str]:
    for choice in chunks(said_to(body)):
        yield f"data: {json.dumps({'id': 'c', 'choices': [{'index': 0, **choice}]})}\n\n"
    yield f"data: {json.dumps({'id': 'c', 'choices': [], 'usage': USAGE})}\n\ndata: [DONE]\n\n"


def chunks(said: Speech) -> Iterator[dict[str, Any]]:
    yield {"delta": {"role": "assistant", "content": ""}}
    for word in words(said.thinking):
        yield {"delta": {"reasoning_content": word}}
    for word in words(said.text):
        yield {"delta": {"content": word}}
    for index, (name, arguments) in enumerate(said.calls):
        yield {"delta": {"tool_calls": [{"index": index, **call(index, name, "")}]}}
        for piece in pieces(json.dumps(arguments)):
            yield {"delta": {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}}
    yield {"delta": {}, "finish_reason": said.reason, "stop_reason": said.stop}


def call(at: int, name: str, arguments: str) -> dict[str, Any]:
    return {"id": f"call_{at}", "type": "function", "function": {"name": name, "arguments": arguments}}
