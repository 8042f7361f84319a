"""The values that may be read from the environment, as the declarations in `rules.settings` say."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from rules.lint.registry import Context
from rules.nodes import Span


class Value(msgspec.Struct, frozen=True):
    """A text that may be `"env:NAME"`."""

    name: str
    """`providers.work.key`."""
    text: str
    secret: bool
    span: Span


def values(context: Context) -> Iterator[Value]:
    """Every value of the file that its declaration lets come from the environment."""
    for field in dataclasses.fields(context.settings):
        table = getattr(context.settings, field.name)
        if isinstance(table, Mapping):
            for name, one in table.items():
                yield from _of(context, one, (field.name, name))
        else:
            yield from _of(context, table, (field.name,))


def _of(context: Context, table: Any, path: tuple[str, ...]) -> Iterator[Value]:
    for field in dataclasses.fields(table):
        if not field.metadata.get("env"):
            continue
        where = (*path, field.name)
        found = getattr(table, field.name)
        listed = [(where, found)] if isinstance(found, str) else []
        if isinstance(found, tuple):
            listed = [((*where, index), one) for index, one in enumerate(found)]
        for place, text in listed:
            span = context.source.place(*place).value
            yield Value(".".join(where), text, bool(field.metadata.get("secret")), span)
