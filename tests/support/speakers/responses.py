"""The model of `support/model.py` at `/v1/responses`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from support.speakers.speech import INPUT, OUTPUT, Asked, Speech, parts_in, pieces, speech, text_in, words

USAGE = {
    "input_tokens": INPUT,
    "input_tokens_details": {"cached_tokens": 0},
    "output_tokens": OUTPUT,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": INPUT + OUTPUT,
}


def said_to(body: dict[str, Any]) -> Speech:
    choice = body.get("tool_choice")
    asked = body["input"]
    items = [{"role": "user", "content": asked}] if isinstance(asked, str) else asked
    results = [text_in(one["output"]) for one in items if one.get("type") == "function_call_output"]
    return speech(
        Asked(
            prompt=" ".join(text_in(one.get("content")) for one in items),
            tools={one["name"]: one.get("parameters") or {} for one in body.get("tools") or []},
            forced=choice["name"] if isinstance(choice, dict) else "any" if choice == "required" else "",
            thinks="summary" in (body.get("reasoning") or {}),
            longest=body.get("max_output_tokens") or 4096,
            result=results[-1] if results else None,
            pictures=sum(part.get("type") == "input_image" for part in parts_in(items)),
        )
    )


def document(body: dict[str, Any]) -> dict[str, Any]:
    return response(body, said_to(body))


def response(body: dict[str, Any], said: Speech) -> dict[str, Any]:
    cut = said.reason == "length"
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 0,
        "model": body["model"],
        "status": "incomplete" if cut else "completed",
        "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
        "error": None,
        "output": items(said),
        "usage": USAGE,
    }


def items(said: Speech) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    if said.thinking:
        summary = [{"type": "summary_text", "text": said.thinking}]
        made.append({"id": "rs_1", "type": "reasoning", "summary": summary, "encrypted_content": "sealed"})
    if said.text:
        content = [{"type": "output_text", "text": said.text, "annotations": []}]
        made.append({"id": "m_1", "type": "message", "role": "assistant", "content": content})
    for at, (name, value) in enumerate(said.calls):
        call = {"call_id": f"call_{at}", "name": name, "arguments": json.dumps(value)}
        made.append({"id": f"fc_{at}", "type": "function_call", **call})
    return [{**one, "status": "completed"} for one in made]


def stream(body: dict[str, Any]) -> Iterator[str]:
    for number, event in enumerate(events(body, said_to(body))):
        yield f"event: {event['type']}\ndata: {json.dumps({**event, 'sequence_number': number})}\n\n"


def events(body: dict[str, Any], said: Speech) -> Iterator[dict[str, Any]]:
    whole = response(body, said)
    begun = {**whole, "status": "in_progress", "output": [], "usage": None, "incomplete_details": None}
    yield {"type": "response.created", "response": begun}
    for index, item in enumerate(whole["output"]):
        started = {"status": "in_progress", "content": [], "summary": [], "arguments": ""}
        held = {name: started.get(name, value) for name, value in item.items() if name != "encrypted_content"}
        yield {"type": "response.output_item.added", "output_index": index, "item": held}
        for event in item_events(item):
            yield {**event, "item_id": item["id"], "output_index": index}
        yield {"type": "response.output_item.done", "output_index": index, "item": item}
    ended = "incomplete" if said.reason == "length" else "completed"
    yield {"type": f"response.{ended}", "response": whole}


def item_events(item: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if item["type"] == "function_call":
        name = "response.function_call_arguments"
        yield from ({"type": f"{name}.delta", "delta": piece} for piece in pieces(item["arguments"]))
        yield {"type": f"{name}.done", "arguments": item["arguments"]}
        return
    message = item["type"] == "message"
    name, place = ("output_text", "content_index") if message else ("reasoning_summary_text", "summary_index")
    text = item["content" if message else "summary"][0]["text"]
    yield from ({"type": f"response.{name}.delta", place: 0, "delta": word} for word in words(text))
    yield {"type": f"response.{name}.done", place: 0, "text": text}
