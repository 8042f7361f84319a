"""Tool declarations, the choice among them, and the arguments of earlier calls."""

from __future__ import annotations

from typing import Any

import msgspec

from translators.profile import Profile
from translators.request import Request
from translators.schemas import TYPE_ALIAS, cleaned_schema, object_schema, renamed_arguments
from translators.tool_names import ToolNames

PLACEHOLDER = "DeferredToolPlaceholder"
"""A tool the client declares only to keep its list from being empty; it must never be called."""


class Tools:
    """The tools of one request: `written` as they are sent, `names`, and `renamed`: whose `type` was."""

    def __init__(self, request: Request, profile: Profile) -> None:
        declared = declared_tools(request) if profile.tools else {}
        self.names = ToolNames(list(declared), profile.tool_name_limit)
        self.renamed: frozenset[str] = frozenset()
        self.written = [self._write(name, tool, profile) for name, tool in declared.items()]

    def _write(self, name: str, tool: dict[str, Any], profile: Profile) -> dict[str, Any]:
        schema, renamed = cleaned_schema(
            object_schema(tool["input_schema"]),
            booleans=profile.strict_schemas,
            type_parameter=profile.rename_type_parameter,
            flavored=profile.flavored_schemas,
        )
        if renamed:
            self.renamed |= {name}
        function: dict[str, Any] = {"name": self.names.sent(name), "parameters": schema}
        if description := tool.get("description"):
            function["description"] = description
        return {"type": "function", "function": function}

    def arguments(self, name: str, value: Any) -> dict[str, Any]:
        """The input of an earlier call as the model is to see it: always an object."""
        value = input_object(value)
        return renamed_arguments(value, "type", TYPE_ALIAS) if name in self.renamed else value

    def choice(self, wanted: Any) -> dict[str, Any]:
        """The fields that say which tool is to be called; empty if that goes without saying."""
        if not self.written or not isinstance(wanted, dict):
            return {}
        fields: dict[str, Any] = {}
        kind = wanted.get("type")
        if kind in ("auto", "none"):
            fields["tool_choice"] = kind
        elif kind == "any":
            fields["tool_choice"] = "required"
        elif kind == "tool" and self._has(sent := self.names.sent(str(wanted.get("name")))):
            fields["tool_choice"] = {"type": "function", "function": {"name": sent}}
        if wanted.get("disable_parallel_tool_use") is True:
            fields["parallel_tool_calls"] = False
        return fields

    def _has(self, sent: str) -> bool:
        return any(tool["function"]["name"] == sent for tool in self.written)


def renamed_tools(request: Request, profile: Profile) -> frozenset[str]:
    """Names of the declared tools whose parameter `type` was sent under another name."""
    return Tools(request, profile).renamed if profile.rename_type_parameter else frozenset()


def declared_tools(request: Request) -> dict[str, dict[str, Any]]:
    """Tools by name, the first of each: those the client runs itself. Server tools have no schema."""
    found: dict[str, dict[str, Any]] = {}
    for tool in request.tools:
        if isinstance(tool, dict) and "input_schema" in tool and tool.get("name") != PLACEHOLDER:
            found.setdefault(str(tool.get("name")), tool)
    return found


def input_object(value: Any) -> dict[str, Any]:
    """The input of an earlier call as an object; clients keep lists and strings that a model gave instead."""
    if isinstance(value, str):
        value = _object_in(value)
    if isinstance(value, dict):
        return value
    return {} if value is None else {"input": value}


def _object_in(text: str) -> Any:
    try:
        value = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text
    return value if isinstance(value, dict) else text
