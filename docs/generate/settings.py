"""The TOML tables, from the declarations in `rules.settings`."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from generate.tables import code, codes, table
from rules.settings import Settings
from rules.settings_reader import hints

PLAIN = {str: "text", int: "whole number", float: "number", bool: "true or false", Any: "anything"}


def tables() -> str:
    """One section a table, one row a key."""
    sections = []
    for field in dataclasses.fields(Settings):
        hint = hints(Settings)[field.name]
        kind = get_args(hint)[1] if get_origin(hint) is not None else hint
        doc = " ".join((kind.__doc__ or "").split())
        title, _, about = doc.partition(": ")
        heading = title.strip("`").strip("[]")
        about = about[0].upper() + about[1:].partition(" None:")[0]
        rows = [_row(one, hints(kind)[one.name]) for one in dataclasses.fields(kind)]
        made = table(("key", "type", "default", "meaning"), rows)
        sections.append(f"#### `[{heading}]`\n\n{about}\n\n{made}")
    return "\n\n".join(sections)


def _row(field: dataclasses.Field[Any], hint: Any) -> tuple[str, str, str, str]:
    return code(field.name), _type(field, hint), _default(field), field.metadata["doc"]


def _type(field: dataclasses.Field[Any], hint: Any) -> str:
    metadata = field.metadata
    if metadata.get("seconds"):
        return "duration"
    if metadata.get("share"):
        return 'percentage, `"20%"`'
    if metadata.get("secret"):
        return '`"env:NAME"`, or a list of them' if "tuple" in str(hint) else '`"env:NAME"`'
    made = _named(hint)
    made += " or `env:NAME`" if metadata.get("env") and "text" in made else ""
    least, most = metadata.get("least"), metadata.get("most")
    if most is not None:
        return f"{made} from {least} to {most}"
    return f"{made} from {least}" if least is not None else made


def _named(hint: Any) -> str:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return " or ".join(_named(one) for one in arguments if one is not NoneType)
    if origin is Literal:
        return codes(f'"{one}"' for one in arguments)
    if origin is tuple:
        return f"list of {_named(arguments[0])}s"
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return "table"
    return PLAIN[hint]


def _default(field: dataclasses.Field[Any]) -> str:
    value = field.default
    if value in (None, "", ()) or value is dataclasses.MISSING:
        return "–"
    if isinstance(value, bool):
        return code(str(value).lower())
    if field.metadata.get("seconds"):
        return code(f'"{value:g}s"')
    return code(f'"{value}"') if isinstance(value, str) else code(value)
