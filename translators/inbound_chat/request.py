"""The body of `POST /v1/chat/completions` as a canonical request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from translators.openai_clients import (
    JSON_ONLY,
    Fields,
    Turns,
    blocks_of,
    choice_fields,
    document_of,
    fields_of,
    image_of,
    input_of,
    request_of,
    thinking_fields,
    token_limit,
    tool_of,
)
from translators.request import Request, RequestError
from translators.signatures import UNSIGNED


@dataclass(frozen=True, slots=True)
class Chat:
    """What the answer has to heed: whether usage is streamed, and which tools take plain text."""

    usage: bool = False
    custom: frozenset[str] = frozenset()


def read_request(body: bytes, headers: Mapping[str, str]) -> Request:
    """The request in `body`; fields that have no twin are ignored. Raises RequestError."""
    asked = fields_of(body)
    if asked.get("n") not in (None, 1):
        raise RequestError("n: only one choice can be answered")
    if asked.get("functions"):
        raise RequestError("functions: this field is no longer supported, use tools")
    turns = Turns()
    messages = asked.get("messages")
    for message in messages if isinstance(messages, list) else ():
        if not isinstance(message, dict):
            raise RequestError("messages: a list of objects is required")
        _message(message, turns)
    limit = token_limit(asked, "max_completion_tokens", "max_tokens")
    fields: Fields = {"max_tokens": limit, **thinking_fields(asked.get("reasoning_effort"))}
    _format(asked.get("response_format"), fields, turns)
    turns.into(fields)
    custom = _tools(asked, fields)
    stops = asked.get("stop")
    stops = [stops] if isinstance(stops, str) else stops
    if isinstance(stops, list) and stops:
        fields["stop_sequences"] = [stop for stop in stops if isinstance(stop, str)]
    options = asked.get("stream_options")
    usage = isinstance(options, dict) and options.get("include_usage") is True
    return request_of(asked, fields, body, headers, Chat(usage, custom))


def _message(message: Fields, turns: Turns) -> None:
    role = message.get("role")
    if role == "assistant":
        turns.add("assistant", _answer(message))
    elif role == "tool":
        result: Fields = {"type": "tool_result", "tool_use_id": str(message.get("tool_call_id"))}
        result["content"] = _blocks(message.get("content"))
        turns.add("user", [result])
    elif role in ("system", "developer"):
        turns.add("system", _blocks(message.get("content")))
    elif role == "user":
        turns.add("user", _blocks(message.get("content")))
    else:
        raise RequestError(f"messages: there is no role {role!r}")


def _answer(message: Fields) -> list[Fields]:
    """An earlier answer of the model: thinking, text, calls."""
    blocks: list[Fields] = []
    thought = message.get("reasoning_content") or message.get("reasoning")
    if isinstance(thought, str) and thought:
        blocks.append({"type": "thinking", "thinking": thought, "signature": UNSIGNED})
    blocks += _blocks(message.get("content") or message.get("refusal"))
    calls = message.get("tool_calls")
    for call in calls if isinstance(calls, list) else ():
        if not isinstance(call, dict):
            continue
        custom = call.get("custom")
        called = custom if isinstance(custom, dict) else call.get("function")
        called = called if isinstance(called, dict) else {}
        given = {"input": called.get("input")} if called is custom else input_of(called.get("arguments"))
        name = str(called.get("name"))
        blocks.append({"type": "tool_use", "id": str(call.get("id")), "name": name, "input": given})
    return blocks


def _blocks(content: Any) -> list[Fields]:
    return blocks_of(content, _block)


def _block(part: Fields) -> Fields | None:
    kind = part.get("type")
    if kind == "image_url":
        image = part.get("image_url")
        return image_of(image.get("url") if isinstance(image, dict) else image)
    if kind == "file":
        file = part.get("file")
        file = file if isinstance(file, dict) else {}
        return document_of(file.get("file_data"), file.get("filename"))
    if kind == "input_audio":
        raise RequestError("messages: audio cannot be read here")
    text = part.get("refusal") if kind == "refusal" else part.get("text")
    return {"type": "text", "text": text} if isinstance(text, str) and text else None


def _tools(asked: Fields, fields: Fields) -> frozenset[str]:
    """Writes tools and choice; gives the names of those that take plain text."""
    tools: list[Fields] = []
    custom: set[str] = set()
    declared = asked.get("tools")
    for tool in declared if isinstance(declared, list) else ():
        kind = tool.get("type") or "function"
        told = tool.get(kind) if kind in ("function", "custom") else None
        if isinstance(told, dict) and isinstance(told.get("name"), str):
            tools.append(tool_of(told["name"], told, custom=kind == "custom"))
            if kind == "custom":
                custom.add(told["name"])
    if tools:
        fields["tools"] = tools
        choice = asked.get("tool_choice")
        named = None
        if isinstance(choice, dict):
            one = choice.get(str(choice.get("type")))
            named = one.get("name") if isinstance(one, dict) else None
            choice = one.get("mode") if isinstance(one, dict) else None
        named = named if any(tool["name"] == named for tool in tools) else None
        fields.update(choice_fields(choice, asked.get("parallel_tool_calls"), named))
    return frozenset(custom)


def _format(wanted: Any, fields: Fields, turns: Turns) -> None:
    if not isinstance(wanted, dict):
        return
    schema = wanted.get("json_schema")
    if wanted.get("type") == "json_schema" and isinstance(schema, dict):
        described = {"type": "json_schema", "schema": schema.get("schema"), "name": schema.get("name")}
        fields["output_config"] = {**fields.get("output_config", {}), "format": described}
    elif wanted.get("type") == "json_object":
        turns.system.append({"type": "text", "text": JSON_ONLY})
