"""The names of the fields that stand in a request body, for finding the one that an upstream has refused."""

from __future__ import annotations

from typing import Any

import msgspec

_NEEDED = frozenset(
    {
        "model",
        "messages",
        "input",
        "contents",
        "tools",
        "system",
        "instructions",
        "stream",
        "role",
        "content",
        "parts",
        "type",
        "text",
        "name",
        "function",
        "parameters",
        "input_schema",
        "description",
        "id",
        "call_id",
        "tool_call_id",
        "tool_use_id",
        "arguments",
        "functiondeclarations",
    }
)
"""Without these there is no request."""

_FREE = frozenset(
    {"input_schema", "parameters", "parametersJsonSchema", "schema", "arguments", "args", "input"}
)
"""What stands in these is a schema or a value of the client's."""

_DEPTH = 6


def fields_of(body: bytes) -> frozenset[str]:
    """All names at all levels, except those without which there would be no request."""
    found: set[str] = set()
    _collect(msgspec.json.decode(body), found, _DEPTH)
    return frozenset(name for name in found if name.lower() not in _NEEDED)


def _collect(value: Any, found: set[str], depth: int) -> None:
    if depth == 0:
        return
    if isinstance(value, list):
        for one in value:
            _collect(one, found, depth)
    elif isinstance(value, dict):
        for name, one in value.items():
            found.add(name)
            if name not in _FREE or isinstance(one, list):
                _collect(one, found, depth - 1)
