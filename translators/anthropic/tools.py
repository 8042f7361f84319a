"""Tool declarations and the choice among them, for servers that know what is common ground."""

from __future__ import annotations

from typing import Any

from translators.openai_chat.tools import declared_tools
from translators.profile import Profile
from translators.request import Request
from translators.schemas import cleaned_schema, object_schema


def tool_fields(request: Request, profile: Profile) -> dict[str, Any]:
    """`tools` and `tool_choice`: tools that the client runs itself, with name, description and schema."""
    declared = declared_tools(request) if profile.tools else {}
    if not declared:
        return {}
    fields: dict[str, Any] = {"tools": [_written(name, tool, profile) for name, tool in declared.items()]}
    choice = request.body.get("tool_choice")
    if isinstance(choice, dict) and choice.get("name", next(iter(declared))) in declared:
        fields["tool_choice"] = choice
    return fields


def _written(name: str, tool: dict[str, Any], profile: Profile) -> dict[str, Any]:
    schema, _ = cleaned_schema(
        object_schema(tool["input_schema"]), booleans=profile.strict_schemas, type_parameter=False
    )
    written = {"name": name, "description": tool.get("description"), "input_schema": schema}
    if "cache_control" in tool:
        written["cache_control"] = tool["cache_control"]
    return {key: value for key, value in written.items() if value is not None}
