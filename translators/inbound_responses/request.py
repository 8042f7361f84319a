"""The body of `POST /v1/responses` as a canonical request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from translators.inbound_responses.items import add_items, tool_name
from translators.openai_clients import (
    JSON_ONLY,
    Fields,
    Turns,
    choice_fields,
    fields_of,
    request_of,
    thinking_fields,
    token_limit,
    tool_of,
)
from translators.request import Request, RequestError

_STATEFUL = {
    "previous_response_id": "nothing is stored here: send the whole conversation as input",
    "conversation": "nothing is stored here: send the whole conversation as input",
    "prompt": "nothing is stored here: send the prompt itself as instructions",
}


@dataclass(frozen=True, slots=True)
class Declared:
    """A tool by the name the model knows: whether it takes plain text, and its own name and namespace."""

    name: str
    namespace: str | None = None
    custom: bool = False


@dataclass(frozen=True, slots=True)
class Responses:
    """What the answer has to heed or repeat."""

    asked: Fields = field(default_factory=dict)
    tools: Mapping[str, Declared] = field(default_factory=dict)


def read_request(body: bytes, headers: Mapping[str, str]) -> Request:
    """The request in `body`; fields that have no twin are ignored. Raises RequestError."""
    asked = fields_of(body)
    for name, reason in _STATEFUL.items():
        if asked.get(name) is not None:
            raise RequestError(f"{name}: {reason}")
    if asked.get("background") is True:
        raise RequestError("background: an answer can only be waited for")
    turns = Turns()
    instructions = asked.get("instructions")
    if isinstance(instructions, str) and instructions:
        turns.add("system", [{"type": "text", "text": instructions}])
    add_items(asked.get("input"), turns)
    reasoning = asked.get("reasoning")
    effort = reasoning.get("effort") if isinstance(reasoning, dict) else None
    fields: Fields = {"max_tokens": token_limit(asked, "max_output_tokens"), **thinking_fields(effort)}
    _format(asked.get("text"), fields, turns)
    turns.into(fields)
    tools = _tools(asked, fields)
    return request_of(asked, fields, body, headers, Responses(asked, tools))


def _tools(asked: Fields, fields: Fields) -> dict[str, Declared]:
    """Writes tools and choice. Tools that OpenAI runs itself have no twin and are left out."""
    written: list[Fields] = []
    known: dict[str, Declared] = {}

    def add(tool: Fields, namespace: str | None) -> None:
        custom = tool.get("type") == "custom"
        name = tool.get("name")
        if tool.get("type") in ("function", "custom") and isinstance(name, str):
            declared = Declared(name, namespace, custom)
            joined = tool_name({"namespace": namespace, "name": name})
            if joined not in known:
                known[joined] = declared
                written.append(tool_of(joined, tool, custom=custom))

    declared = asked.get("tools")
    for tool in declared if isinstance(declared, list) else ():
        if tool.get("type") == "namespace" and isinstance(tool.get("tools"), list):
            for one in tool["tools"]:
                if isinstance(one, dict):
                    add(one, str(tool.get("name")))
        else:
            add(tool, None)
    if written:
        fields["tools"] = written
        choice = asked.get("tool_choice")
        named = None
        if isinstance(choice, dict):
            named = tool_name(choice) if choice.get("type") in ("function", "custom") else None
            choice = choice.get("mode")
        named = named if named in known else None
        fields.update(choice_fields(choice, asked.get("parallel_tool_calls"), named))
    return known


def _format(text: Any, fields: Fields, turns: Turns) -> None:
    wanted = text.get("format") if isinstance(text, dict) else None
    if not isinstance(wanted, dict):
        return
    if wanted.get("type") == "json_schema":
        described = {"type": "json_schema", "schema": wanted.get("schema"), "name": wanted.get("name")}
        fields["output_config"] = {**fields.get("output_config", {}), "format": described}
    elif wanted.get("type") == "json_object":
        turns.system.append({"type": "text", "text": JSON_ONLY})
