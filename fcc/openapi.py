"""The OpenAPI document of the addresses under `/v1`: what they take, what they answer, how they refuse.

The hot paths are plain ASGI and not FastAPI's to describe, so they are described here. Only what fcc itself looks at is
named: every further field of the three APIs may be sent (docs.claude.com/en/api/messages,
platform.openai.com/docs/api-reference/chat and /responses).
"""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

Schema = dict[str, Any]

JSON, STREAM = "application/json", "text/event-stream"


def record(required: tuple[str, ...] = (), /, **properties: Schema) -> Schema:
    """An object that may have more fields."""
    return {"type": "object", "properties": properties, "required": list(required)}


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def listed(items: Schema, least: int = 0) -> Schema:
    return {"type": "array", "items": items, "minItems": least}


def either(*schemas: Schema) -> Schema:
    return {"anyOf": list(schemas)}


def words(*values: str) -> Schema:
    return {"type": "string", "enum": list(values)}


TEXT: Schema = {"type": "string"}
MODEL: Schema = {"type": "string", "minLength": 1, "maxLength": 256}
NAME: Schema = {"type": "string", "minLength": 1, "pattern": "^[A-Za-z0-9_-]+$"}
FLAG: Schema = {"type": "boolean"}
WHOLE: Schema = {"type": "integer", "minimum": 1, "maximum": 1_000_000}
ANY: Schema = record()

EVENT = record(("data",), event=TEXT, data=TEXT)
"""A server-sent event."""

BLOCK = either(
    record(("type", "text"), type=words("text"), text=TEXT),
    record(("type", "id", "name", "input"), type=words("tool_use"), id=NAME, name=NAME, input=ANY),
    record(("type", "tool_use_id"), type=words("tool_result"), tool_use_id=NAME, content=TEXT),
)
MESSAGE = record(
    ("role", "content"), role=words("user", "assistant", "system"), content=either(TEXT, listed(BLOCK))
)
TOOL = record(("name", "input_schema"), name=NAME, description=TEXT, input_schema=ANY)
COUNTED: dict[str, Schema] = {
    "model": MODEL,
    "messages": listed(MESSAGE, 1),
    "system": either(TEXT, listed(record(("type", "text"), type=words("text"), text=TEXT))),
    "tools": listed(TOOL),
}
PART = record(("type", "text"), type=words("text"), text=TEXT)
TURN = record(
    ("role", "content"), role=words("system", "user", "assistant"), content=either(TEXT, listed(PART))
)
FUNCTION = record(("name",), name=NAME, description=TEXT, parameters=ANY)
ITEM = record(("role", "content"), role=words("system", "user", "assistant"), content=TEXT)

SCHEMAS: dict[str, Schema] = {
    "MessagesRequest": record(
        ("model", "messages", "max_tokens"),
        **COUNTED,
        max_tokens=WHOLE,
        stream=FLAG,
        stop_sequences=listed(TEXT),
    ),
    "Message": record(
        ("id", "type", "role", "model", "content", "stop_reason", "stop_sequence", "usage"),
        type=words("message"),
        role=words("assistant"),
        content=listed(record(("type",), type=TEXT)),
        usage=record(("input_tokens", "output_tokens")),
    ),
    "CountRequest": record(("model", "messages"), **COUNTED),
    "Count": record(("input_tokens",), input_tokens=WHOLE),
    "ChatRequest": record(
        ("model", "messages"),
        model=MODEL,
        messages=listed(TURN, 1),
        tools=listed(record(("type", "function"), type=words("function"), function=FUNCTION)),
        max_completion_tokens=WHOLE,
        stream=FLAG,
    ),
    "ChatCompletion": record(
        ("id", "object", "created", "model", "choices", "usage"), object=words("chat.completion")
    ),
    "ResponsesRequest": record(
        ("model", "input"),
        model=MODEL,
        input=either(TEXT, listed(ITEM, 1)),
        instructions=TEXT,
        max_output_tokens=WHOLE,
        stream=FLAG,
    ),
    "Response": record(("id", "object", "status", "output", "usage"), object=words("response")),
    "Error": record(
        ("type", "error", "request_id"),
        type=words("error"),
        error=record(("type", "message"), type=TEXT, message=TEXT),
        request_id=TEXT,
    ),
    "OpenAIError": record(
        ("error",), error=record(("message", "type", "param", "code"), message=TEXT, type=TEXT)
    ),
}


def operation(name: str, says: str, asked: str, answered: str, error: str, *, streams: bool = True) -> Schema:
    content = {JSON: {"schema": ref(answered)}, **({STREAM: {"schema": EVENT}} if streams else {})}
    return {
        "operationId": name,
        "summary": says,
        "requestBody": {"required": True, "content": {JSON: {"schema": ref(asked)}}},
        "responses": {
            "200": {"description": "The answer.", "content": content},
            "default": refusal(error),
        },
    }


def refusal(error: str) -> Schema:
    return {"description": "Why there is none.", "content": {JSON: {"schema": ref(error)}}}


HOT: dict[str, Schema] = {
    "/v1/messages": operation("messages", "Anthropic's Messages API", "MessagesRequest", "Message", "Error"),
    "/v1/messages/count_tokens": operation(
        "count_tokens", "Tokens of a request, estimated", "CountRequest", "Count", "Error", streams=False
    ),
    "/v1/chat/completions": operation(
        "chat", "OpenAI's Chat Completions", "ChatRequest", "ChatCompletion", "OpenAIError"
    ),
    "/v1/responses": operation(
        "responses", "OpenAI's Responses API", "ResponsesRequest", "Response", "OpenAIError"
    ),
}


def document(pages: FastAPI) -> Schema:
    """The whole document: FastAPI's own, with the hot paths, and with our refusals in place of its 422."""
    found = get_openapi(title=pages.title, version=pages.version, routes=pages.routes)
    paths = found.setdefault("paths", {})
    for methods in paths.values():
        for described in methods.values():
            described["responses"].pop("422", None)
            described["responses"]["default"] = refusal("Error")
    for path, described in HOT.items():
        paths[path] = {"post": described}
    components = found.setdefault("components", {})
    components.setdefault("schemas", {}).update(SCHEMAS)
    components["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer"},
        "key": {"type": "apiKey", "in": "header", "name": "x-api-key"},
    }
    found["security"] = [{"token": []}, {"key": []}]
    return found
