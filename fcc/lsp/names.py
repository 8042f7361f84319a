"""Where a name is defined and used: go to definition, references, rename."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from fcc.lsp.file import File
from rules import nodes
from rules.keywords import reserved
from rules.literals import quote
from rules.nodes import Span
from rules.walk import references

Kind = Literal["name", "route"]
"""Aliases and chains share their names; routes have their own."""

_NAME = re.compile(r"[0-9]*[A-Za-z_][A-Za-z0-9_-]*")


class CannotRenameError(Exception):
    """The text says why, for the person at the editor."""


@dataclass(frozen=True, slots=True)
class Use:
    """One place where a name stands."""

    kind: Kind
    name: str
    span: Span
    defines: bool


def uses(file: File) -> Iterator[Use]:
    """Every place where an alias, a chain or a route is named, the definitions among them."""
    for statement in file.document.statements:
        if isinstance(statement, nodes.Alias | nodes.Chain):
            yield Use("name", statement.name.text, statement.name.span, defines=True)
        elif isinstance(statement, nodes.Route):
            yield Use("route", statement.name.text, statement.name.span, defines=True)
        elif isinstance(statement, nodes.Expect):
            yield Use("route", statement.route.text, statement.route.span, defines=False)
    for ref, _ in references(file.document):
        if ref.text in file.names:
            yield Use("name", ref.text, ref.span, defines=False)


def use_at(file: File, offset: int) -> Use | None:
    return next((use for use in uses(file) if use.span.start <= offset <= use.span.end), None)


def same_name(file: File, use: Use) -> list[Use]:
    """All places of this name, in the order of the file."""
    found = [one for one in uses(file) if (one.kind, one.name) == (use.kind, use.name)]
    return sorted(found, key=lambda one: one.span.start)


def definition(file: File, offset: int) -> Span | None:
    use = use_at(file, offset)
    found = same_name(file, use) if use else []
    return next((one.span for one in found if one.defines), None)


def renamed(file: File, offset: int, new: str) -> list[tuple[Span, str]]:
    """The edits that give a name another. Raises `CannotRenameError`."""
    use = use_at(file, offset)
    if use is None:
        raise CannotRenameError("only aliases, chains and routes can be renamed")
    if not _NAME.fullmatch(new) or new in reserved():
        raise CannotRenameError(f"`{new}` cannot be a name")
    if any(one.kind == use.kind and one.name == new for one in uses(file)) and new != use.name:
        raise CannotRenameError(f"there is a `{new}` already")
    quoted = [(one.span, file.text[one.span.start] == '"') for one in same_name(file, use)]
    return [(span, quote(new) if is_quoted else new) for span, is_quoted in quoted]
