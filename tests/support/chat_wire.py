"""Requests as Chat Completions upstreams get them, and the parts they are made of."""

from __future__ import annotations

import json
from typing import Any

from translators import openai_chat
from translators.anthropic_request import read_request
from translators.profile import Profile
from translators.signatures import UNSIGNED
from translators.wire import Target, WireRequest

TOOL = {"name": "read", "description": "Reads.", "input_schema": {"type": "object", "properties": {}}}


def sent(facts: dict[str, Any], /, *, target: Any = None, **body: Any) -> WireRequest:
    """A request, with these fields of the body, to a model of whom these facts are known."""
    body = {"model": "m", "max_tokens": 1000, "messages": [{"role": "user", "content": "Hi"}], **body}
    request = read_request(json.dumps(body).encode(), {})
    return openai_chat.write_request(request, Target("model", Profile(**facts), **(target or {})))


def body_of(facts: dict[str, Any], /, **more: Any) -> dict[str, Any]:
    return json.loads(sent(facts, **more).body)


def conversation(facts: dict[str, Any], *messages: tuple[str, Any], **more: Any) -> list[dict[str, Any]]:
    return body_of(
        facts, messages=[{"role": role, "content": content} for role, content in messages], **more
    )["messages"]


def text(said: str) -> dict[str, Any]:
    return {"type": "text", "text": said}


def thought(said: str, signature: str = UNSIGNED) -> dict[str, Any]:
    return {"type": "thinking", "thinking": said, "signature": signature}


def call(tool_id: str, value: Any = None, name: str = "read") -> dict[str, Any]:
    return {"type": "tool_use", "id": tool_id, "name": name, "input": {} if value is None else value}


def result(tool_id: str, content: Any = "ok", **more: Any) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": tool_id, "content": content, **more}


def said(role: str, content: Any, **more: Any) -> dict[str, Any]:
    return {"role": role, "content": content, **more}


def called(*calls: tuple[str, str, str], content: Any = None, **more: Any) -> dict[str, Any]:
    written = [
        {"id": tool_id, "type": "function", "function": {"name": name, "arguments": arguments}}
        for tool_id, name, arguments in calls
    ]
    return {"role": "assistant", "content": content, "tool_calls": written, **more}


TURN = [("user", "a"), ("assistant", [thought("Hm."), text("b"), call("1")]), ("user", [result("1")])]
