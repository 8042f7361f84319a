"""Fields that are not to be sent, wherever they stand.

A refusal names a field by its place: `context_management`, `thinking.display`, `tools.0.custom.defer_loading`,
`messages.1.content.0.cache_control`, `messages.1.role`. What counts is its last part.
"""

from __future__ import annotations

from typing import Any

_HOLDERS = ("system", "messages", "tools", "thinking", "output_config", "tool_choice")
_NEEDED = frozenset(
    {"role", "content", "type", "text", "thinking", "signature", "data", "name", "input", "id"}
    | {"tool_use_id", "source", "input_schema"}
)
"""Without these a message, block or tool is none."""


def last_parts(refused: frozenset[str]) -> frozenset[str]:
    """The names of the fields themselves: the last part of each place that is not an index."""
    return frozenset(name for place in refused if (name := _last(place)))


def leave_out(body: dict[str, Any], refused: frozenset[str], kept: frozenset[str]) -> None:
    """Takes the `refused` fields out of `body`, except those of `kept`, without changing what it shares."""
    for name in refused - kept:
        body.pop(name, None)
    inner = last_parts(refused) - _NEEDED
    for holder in _HOLDERS:
        if holder in body and inner:
            body[holder] = _without(body[holder], inner)
            if body[holder] == {}:
                del body[holder]
    if "tools" not in body:
        body.pop("tool_choice", None)


def _last(place: str) -> str:
    return next((part for part in reversed(place.split(".")) if not part.isdigit()), "")


def _without(value: Any, names: frozenset[str]) -> Any:
    """Messages, blocks and their content; what a tool takes or was given is the client's own."""
    if isinstance(value, list):
        return [_without(one, names) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        name: _without(one, names) if name == "content" else one
        for name, one in value.items()
        if name not in names
    }
