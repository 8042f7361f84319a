"""The model of `support/model.py` at `/v1beta/models/<id>:generateContent` and `:streamGenerateContent`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from support.speakers.speech import INPUT, OUTPUT, Asked, Speech, parts_in, speech, text_in, words

REASONS = {"stop": "STOP", "length": "MAX_TOKENS", "tool_calls": "STOP"}
USAGE = {"promptTokenCount": INPUT, "candidatesTokenCount": OUTPUT, "totalTokenCount": INPUT + OUTPUT}


def said_to(body: dict[str, Any]) -> Speech:
    config = body.get("generationConfig") or {}
    chosen = (body.get("toolConfig") or {}).get("functionCallingConfig") or {}
    allowed = chosen.get("allowedFunctionNames") or ["any"]
    parts = parts_in(body["contents"], "parts")
    results = [part["functionResponse"]["response"] for part in parts if "functionResponse" in part]
    return speech(
        Asked(
            prompt=text_in(parts),
            tools={
                one["name"]: one.get("parametersJsonSchema") or one.get("parameters") or {}
                for tool in body.get("tools") or []
                for one in tool["functionDeclarations"]
            },
            forced=allowed[0] if chosen.get("mode") == "ANY" else "",
            thinks=(config.get("thinkingConfig") or {}).get("includeThoughts", False),
            longest=config.get("maxOutputTokens") or 4096,
            stops=config.get("stopSequences") or [],
            result=str(next(iter(results[-1].values()))) if results else None,
            pictures=sum("inlineData" in part for part in parts),
        )
    )


def document(body: dict[str, Any]) -> dict[str, Any]:
    said = said_to(body)
    parts = [{"text": said.thinking, "thought": True}] if said.thinking else []
    return chunk([*parts, *([{"text": said.text}] if said.text else []), *calls(said)], REASONS[said.reason])


def stream(body: dict[str, Any]) -> Iterator[str]:
    said = said_to(body)
    parts = [{"text": word, "thought": True} for word in words(said.thinking)]
    for part in [*parts, *({"text": word} for word in words(said.text)), *calls(said)]:
        yield event(chunk([part]))
    yield event(chunk([{"text": ""}], REASONS[said.reason]))


def calls(said: Speech) -> list[dict[str, Any]]:
    return [{"functionCall": {"name": name, "args": value}} for name, value in said.calls]


def chunk(parts: list[dict[str, Any]], reason: str | None = None) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": parts}, "index": 0}
    if reason:
        candidate["finishReason"] = reason
    return {"candidates": [candidate], "usageMetadata": USAGE, "modelVersion": "m", "responseId": "r"}


def event(data: dict[str, Any]) -> str:
    return f"data: {json.dumps(data)}\r\n\r\n"
