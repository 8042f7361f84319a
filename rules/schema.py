"""The JSON Schema of routes.toml, made from the declarations in `rules.settings`.

Editors that read TOML schemas (Taplo, Even Better TOML, Tombi) complete and explain the tables by it; a file
names it in its first line: `#:schema https://…/routes.schema.json` or a path. Format: json-schema.org draft
2020-12, of which those editors read the part that draft 4 had as well; `x-taplo` is Taplo's own.
The file that ships is made by `python -m rules.schema docs/routes.schema.json`.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from rules.settings import Settings
from rules.settings_reader import hints

DRAFT = "https://json-schema.org/draft/2020-12/schema"
TITLE = "routes.toml of fcc"

DURATION = r"^\d[\d_]*(\.\d+)?(ms|s|m|h)$"
SHARE = r"^\d+(\.\d+)?%$"
VARIABLE = r"^env:\s*[A-Za-z_][A-Za-z0-9_]*\s*$"

PLAIN: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    Any: {},
}
RULES = {
    "type": "string",
    "description": "The policy: aliases, chains, limits, routes, and the tests that pin them, between '''.",
}


def schema() -> dict[str, Any]:
    """The schema, as JSON values."""
    tables = {}
    for field in dataclasses.fields(Settings):
        hint = hints(Settings)[field.name]
        named = get_origin(hint) is not None
        kind = get_args(hint)[1] if named else hint
        tables[field.name] = _named(kind) if named else _table(kind)
    return {
        "$schema": DRAFT,
        "title": TITLE,
        "type": "object",
        "required": ["rules"],
        "additionalProperties": False,
        "properties": {"rules": RULES, **tables},
        "x-taplo": {"initKeys": ["rules"]},
    }


def text() -> str:
    """The schema as the file that ships."""
    return json.dumps(schema(), ensure_ascii=False, indent=2) + "\n"


def _named(kind: type) -> dict[str, Any]:
    """`[providers.NAME]`."""
    return {"type": "object", "description": _doc(kind), "additionalProperties": _table(kind)}


def _table(kind: type) -> dict[str, Any]:
    fields = dataclasses.fields(kind)  # ty: ignore[invalid-argument-type]
    return {
        "type": "object",
        "description": _doc(kind),
        "additionalProperties": False,
        "properties": {field.name: _key(field, hints(kind)[field.name]) for field in fields},
    }


def _doc(kind: type) -> str:
    return (kind.__doc__ or "").replace("`", "")


def _key(field: dataclasses.Field[Any], hint: Any) -> dict[str, Any]:
    """One key: its type, doc and default."""
    made = {"description": field.metadata["doc"], **_type(hint, field.metadata)}
    default = list(field.default) if isinstance(field.default, tuple) else field.default
    if default is not None and default is not dataclasses.MISSING and not field.metadata.get("secret"):
        made["default"] = default
    return made


def _type(hint: Any, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """What `rules.values.convert` accepts."""
    if metadata.get("seconds"):
        return {"anyOf": [{"type": "string", "pattern": DURATION}, {"type": "number", "minimum": 0}]}
    if metadata.get("share"):
        return {"type": "string", "pattern": SHARE}
    return _bounded(_typed(hint, secret=bool(metadata.get("secret"))), metadata)


def _bounded(made: dict[str, Any], metadata: Mapping[str, Any]) -> dict[str, Any]:
    least, most = metadata.get("least"), metadata.get("most")
    bounds = {name: value for name, value in (("minimum", least), ("maximum", most)) if value is not None}
    return {**made, **bounds}


def _typed(hint: Any, *, secret: bool) -> dict[str, Any]:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        kinds = [_typed(one, secret=secret) for one in arguments if one is not NoneType]
        return kinds[0] if len(kinds) == 1 else {"anyOf": kinds}
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin is tuple:
        return {"type": "array", "items": _typed(arguments[0], secret=secret)}
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": _typed(arguments[1], secret=False)}
    if hint is str and secret:
        return {"anyOf": [{"type": "string", "pattern": VARIABLE}, {"const": ""}]}
    return dict(PLAIN[hint])


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(text(), encoding="utf-8")
