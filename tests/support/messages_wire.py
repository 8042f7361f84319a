"""Requests as Messages upstreams get them, and the parts they are made of."""

from __future__ import annotations

import json
from typing import Any

import pytest

from translators import anthropic
from translators.anthropic_request import read_request
from translators.profile import Profile
from translators.wire import Target, WireRequest

ANTHROPIC = {"dialect": "anthropic", "first_party": True, "inline_system": True}
NATIVE = {"dialect": "anthropic"}
BOTH = pytest.mark.parametrize("facts", [ANTHROPIC, NATIVE], ids=["anthropic", "native"])
TOOL = {"name": "read", "description": "Reads.", "input_schema": {"type": "object", "properties": {}}}


def sent(
    facts: dict[str, Any], /, *, headers: dict[str, str] | None = None, target: Any = None, **body: Any
) -> WireRequest:
    """A request, with these fields of the body, to a model of whom these facts are known."""
    body = {
        "model": "m",
        "max_tokens": 1000,
        "messages": [{"role": "user", "content": "Hi"}],
        "stream": True,
    } | body
    request = read_request(json.dumps(body).encode(), headers or {})
    return anthropic.write_request(request, Target("model", Profile(**facts), **(target or {})))


def body_of(facts: dict[str, Any], /, **more: Any) -> dict[str, Any]:
    return json.loads(sent(facts, **more).body)


def conversation(facts: dict[str, Any], *messages: tuple[str, Any], **more: Any) -> list[tuple[str, Any]]:
    """The messages sent, as pairs; content of one text as that text."""
    asked = [{"role": role, "content": content} for role, content in messages]
    found = []
    for message in body_of(facts, messages=asked, **more)["messages"]:
        content = message["content"]
        if [set(block) for block in content] == [{"type", "text"}]:
            content = content[0]["text"]
        found.append((message["role"], content))
    return found


def text(said: str, **more: Any) -> dict[str, Any]:
    return {"type": "text", "text": said, **more}


def call(tool_id: str, value: Any = None, name: str = "read") -> dict[str, Any]:
    return {"type": "tool_use", "id": tool_id, "name": name, "input": {} if value is None else value}


def result(tool_id: str, content: Any = "ok", **more: Any) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": tool_id, "content": content, **more}


def thought(said: str, signature: str | None) -> dict[str, Any]:
    return {"type": "thinking", "thinking": said, "signature": signature}


IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA=="}}
TOOLS = [
    TOOL
    | {"input_schema": {"$schema": "x", "type": "object", "properties": {"a": True}}, "defer_loading": True},
    {"name": "DeferredToolPlaceholder", "input_schema": {}, "defer_loading": True},
    {"type": "web_search_20250305", "name": "web_search"},
    TOOL | {"name": "second", "cache_control": {"type": "ephemeral"}, "strict": True},
]
ADAPTIVE = {"type": "adaptive", "display": "omitted"}
HIGH = {"effort": "high"}
