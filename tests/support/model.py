"""A model that always says the same to the same request, at `/v1/chat/completions` and `/v1/messages`.

    python tests/support/model.py --port 9100 [--delay 0.02]

It calls tools when told to, thinks when asked to, and stops where it must, streaming or not: enough for a conversation
with a real client over a real socket.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

DELAY = 0.0
"""Seconds between two pieces of a stream."""


@dataclass
class Speech:
    """What the model says to a request."""

    thinking: str
    text: str
    calls: list[tuple[str, dict[str, Any]]]
    reason: str
    stop: str | None = None


def speech(
    prompt: str,
    tools: dict[str, Any],
    forced: str,
    thinks: bool,
    longest: int,
    stops: list[str],
    answered: bool,
) -> Speech:
    """`forced`: a tool's name, `any` or ""; `answered`: some tool has been called already."""
    thinking = "17 times 23 is 391." if thinks else ""
    if longest < 16:
        return Speech("", "one two three", [], "length")
    if (forced or "USE THE TOOL" in prompt) and tools and not answered:
        names = (
            [forced] if forced in tools else sorted(tools, key="Bash".__ne__)[: 2 if forced == "any" else 1]
        )
        calls = [(name, filled(tools[name])) for name in names]
        return Speech(thinking, "Let me look.", calls, "tool_calls")
    for stop in stops:
        if stop in prompt:
            return Speech(thinking, "one ", [], "stop", stop)
    text = "The tool says it is done." if answered else "Hello, world: ünïcødé \n and a second line."
    return Speech(thinking, text, [], "stop")


def filled(schema: dict[str, Any]) -> dict[str, Any]:
    """Arguments that a schema accepts."""
    samples = {"string": "echo hi", "number": 1, "integer": 1, "boolean": True, "array": [], "object": {}}
    properties = schema.get("properties") or {}
    return {
        name: samples.get(properties.get(name, {}).get("type"), "x") for name in schema.get("required") or []
    }


def words(text: str) -> list[str]:
    return [word + " " for word in text[:-1].split(" ")[:-1]] + [text.split(" ")[-1]] if text else []


def text_in(content: Any) -> str:
    if isinstance(content, str):
        return content
    return " ".join(str(part.get("text", "")) for part in content or [] if isinstance(part, dict))


# --- chat completions ---------------------------------------------------------------------------------------


def chat_speech(body: dict[str, Any]) -> Speech:
    choice = body.get("tool_choice")
    named = choice["function"]["name"] if isinstance(choice, dict) else ""
    forced = named or ("any" if choice == "required" else "")
    tools = {
        one["function"]["name"]: one["function"].get("parameters") or {} for one in body.get("tools") or []
    }
    thinks = any(body.get(name) for name in ("reasoning_effort", "reasoning", "chat_template_kwargs"))
    longest = body.get("max_tokens") or body.get("max_completion_tokens") or 4096
    prompt = " ".join(text_in(one.get("content")) for one in body["messages"])
    answered = any(one["role"] == "tool" for one in body["messages"])
    return speech(prompt, tools, forced, thinks, longest, body.get("stop") or [], answered)


def chat_chunks(said: Speech) -> Iterator[dict[str, Any]]:
    yield {"delta": {"role": "assistant", "content": ""}}
    for word in words(said.thinking):
        yield {"delta": {"reasoning_content": word}}
    for word in words(said.text):
        yield {"delta": {"content": word}}
    for index, (name, arguments) in enumerate(said.calls):
        call = {
            "index": index,
            "id": f"call_{index}",
            "type": "function",
            "function": {"name": name, "arguments": ""},
        }
        yield {"delta": {"tool_calls": [call]}}
        for piece in pieces(json.dumps(arguments)):
            yield {"delta": {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}}
    yield {"delta": {}, "finish_reason": said.reason, "stop_reason": said.stop}


def pieces(text: str, size: int = 7) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), size)]


CHAT_USAGE = {"prompt_tokens": 21, "completion_tokens": 9, "total_tokens": 30}


async def chat(request: Request) -> Response:
    body = await request.json()
    said = chat_speech(body)
    if not body.get("stream"):
        message: dict[str, Any] = {"role": "assistant", "content": said.text}
        if said.thinking:
            message["reasoning_content"] = said.thinking
        if said.calls:
            message["tool_calls"] = [
                {
                    "id": f"call_{at}",
                    "type": "function",
                    "function": {"name": name, "arguments": json.dumps(value)},
                }
                for at, (name, value) in enumerate(said.calls)
            ]
        choice = {"index": 0, "message": message, "finish_reason": said.reason, "stop_reason": said.stop}
        return JSONResponse(
            {"id": "c", "object": "chat.completion", "choices": [choice], "usage": CHAT_USAGE}
        )

    async def stream() -> AsyncIterator[str]:
        for choice in chat_chunks(said):
            await asyncio.sleep(DELAY)
            yield f"data: {json.dumps({'id': 'c', 'choices': [{'index': 0, **choice}]})}\n\n"
        yield f"data: {json.dumps({'id': 'c', 'choices': [], 'usage': CHAT_USAGE})}\n\ndata: [DONE]\n\n"

    return StreamingResponse(stream(), media_type="text/event-stream")


# --- messages -----------------------------------------------------------------------------------------------


def messages_speech(body: dict[str, Any]) -> Speech:
    choice = body.get("tool_choice") or {}
    forced = choice.get("name") or ("any" if choice.get("type") == "any" else "")
    tools = {one["name"]: one.get("input_schema") or {} for one in body.get("tools") or []}
    thinks = (body.get("thinking") or {}).get("type", "disabled") != "disabled"
    prompt = " ".join(text_in(one["content"]) for one in body["messages"])
    parts = [part for one in body["messages"] if isinstance(one["content"], list) for part in one["content"]]
    answered = any(part.get("type") == "tool_result" for part in parts)
    return speech(
        prompt, tools, forced, thinks, body["max_tokens"], body.get("stop_sequences") or [], answered
    )


def blocks(said: Speech) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    if said.thinking:
        made.append({"type": "thinking", "thinking": said.thinking, "signature": "sig"})
    if said.text:
        made.append({"type": "text", "text": said.text})
    for at, (name, value) in enumerate(said.calls):
        made.append({"type": "tool_use", "id": f"toolu_{at}", "name": name, "input": value})
    return made


REASONS = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use"}


def block_events(index: int, block: dict[str, Any]) -> Iterator[dict[str, Any]]:
    kind = block["type"]
    empty = {"thinking": {"thinking": "", "signature": ""}, "text": {"text": ""}, "tool_use": {"input": {}}}[
        kind
    ]
    yield {"type": "content_block_start", "index": index, "content_block": {**block, **empty}}
    deltas: list[dict[str, Any]] = []
    if kind == "text":
        deltas = [{"type": "text_delta", "text": word} for word in words(block["text"])]
    elif kind == "thinking":
        deltas = [{"type": "thinking_delta", "thinking": word} for word in words(block["thinking"])]
        deltas.append({"type": "signature_delta", "signature": block["signature"]})
    else:
        deltas = [
            {"type": "input_json_delta", "partial_json": part} for part in pieces(json.dumps(block["input"]))
        ]
    for delta in deltas:
        yield {"type": "content_block_delta", "index": index, "delta": delta}
    yield {"type": "content_block_stop", "index": index}


async def messages(request: Request) -> Response:
    body = await request.json()
    said = messages_speech(body)
    reason = "stop_sequence" if said.stop else REASONS[said.reason]
    whole = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": body["model"],
        "content": blocks(said),
        "stop_reason": reason,
        "stop_sequence": said.stop,
        "usage": {"input_tokens": 21, "output_tokens": 9},
    }
    if not body.get("stream"):
        return JSONResponse(whole)

    async def stream() -> AsyncIterator[str]:
        start = {**whole, "content": [], "stop_reason": None, "stop_sequence": None}
        events: list[dict[str, Any]] = [{"type": "message_start", "message": start}]
        for index, block in enumerate(blocks(said)):
            events += block_events(index, block)
        ending = {"stop_reason": reason, "stop_sequence": said.stop}
        events += [
            {"type": "message_delta", "delta": ending, "usage": {"output_tokens": 9}},
            {"type": "message_stop"},
        ]
        for event in events:
            await asyncio.sleep(DELAY)
            yield f"event: {event['type']}\ndata: {json.dumps(event)}\n\n"

    return StreamingResponse(stream(), media_type="text/event-stream")


app = Starlette(
    routes=[
        Route("/v1/chat/completions", chat, methods=["POST"]),
        Route("/v1/messages", messages, methods=["POST"]),
    ]
)

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=9100)
    parser.add_argument("--delay", type=float, default=0.0)
    options = parser.parse_args()
    DELAY = options.delay
    uvicorn.run(app, host="127.0.0.1", port=options.port, log_level="warning")
