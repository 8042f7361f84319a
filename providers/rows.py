"""Rows that name a failure, as data: presets have them, and so may a `[providers.NAME]` of routes.toml.

    { status = 400, text = "DEGRADED", kind = "overloaded" }

A row fits when everything it names does: the HTTP status, the upstream's own error type, a piece of its text (letter
case does not count). The first row that fits decides, before anything that `classify` knows by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

import msgspec

from providers.failures import OUTCOMES, Kind


class Row(msgspec.Struct, frozen=True):
    kind: Kind
    status: int | None = None
    type: str | None = None
    text: str | None = None
    """Lower case."""
    hint: str | None = None
    """What the user can do about it."""

    def fits(self, status: int | None, type: str | None, text: str) -> bool:  # noqa: A002 - the wire's own word
        """`text` in lower case."""
        return (
            (self.status is None or self.status == status)
            and (self.type is None or self.type == type)
            and (self.text is None or self.text in text)
        )


_FIELDS: dict[str, type] = {"kind": str, "status": int, "type": str, "text": str, "hint": str}


def rows_of(tables: Iterable[Mapping[str, Any]]) -> tuple[Row, ...]:
    """The rows that the tables declare. Raises ValueError, saying which table is none and why."""
    return tuple(_row(table) for table in tables)


def _row(table: Mapping[str, Any]) -> Row:
    for name, value in table.items():
        if name not in _FIELDS:
            raise ValueError(f"a failure row has no `{name}`, only {', '.join(_FIELDS)}")
        if not isinstance(value, _FIELDS[name]) or isinstance(value, bool):
            raise ValueError(f"`{name}` of a failure row is {_FIELDS[name].__name__}, not {value!r}")
    kind = table.get("kind")
    if kind not in OUTCOMES:
        raise ValueError(f"`kind` of a failure row is one of {', '.join(OUTCOMES)}, not {kind!r}")
    if table.keys() <= {"kind", "hint"}:
        raise ValueError("a failure row needs a `status`, a `type` or a `text` to go by")
    text = table.get("text")
    return Row(
        cast(Kind, kind),
        status=table.get("status"),
        type=table.get("type"),
        text=text.lower() if text is not None else None,
        hint=table.get("hint"),
    )
