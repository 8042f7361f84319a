"""Whether tool arguments fit the tool's schema, and text made into the values a schema asks for.

A part of JSON Schema 2020-12, enough to tell a call from something that looks like one: `type`, `required`, `enum`,
`const`, `properties`, `additionalProperties`, `items`, `anyOf`, `oneOf`, `allOf` and `$ref` into the schema itself.
What is not checked here fits.
"""

from __future__ import annotations

from typing import Any

from translators.lenient_json import read

_DEEPEST = 32
"""Levels that are looked at."""

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "null": (type(None),),
    "number": (int, float),
    "integer": (int, float),
}


def fits(value: Any, schema: Any) -> bool:
    """Whether `value` fits `schema`, a whole schema with its own definitions."""
    return _fits(value, schema, schema, 0)


def typed(text: str, schema: Any, root: Any) -> Any:
    """The value that `text` stands for where `schema`, a part of `root`, is asked for; `text` itself if for none."""
    kinds = _kinds(schema, root, 0)
    if not kinds:
        return _read(text, text)
    word = text.strip()
    if kinds & {"boolean"} and word.lower() in ("true", "false"):
        return word.lower() == "true"
    if kinds & {"null"} and word in ("null", "None", ""):
        return None
    if kinds & {"object", "array", "number", "integer"}:
        value = _read(word, text)
        if any(_is(value, kind) for kind in kinds - {"string"}):
            return value
    return text


def property_of(schema: Any, name: str) -> Any:
    """The schema of the property `name`; True where none is declared."""
    properties = schema.get("properties") if isinstance(schema, dict) else None
    return properties.get(name, True) if isinstance(properties, dict) else True


def kinds_of(schema: Any, root: Any) -> frozenset[str]:
    """The types that `schema` allows; empty: any."""
    return _kinds(schema, root, 0)


def _fits(value: Any, schema: Any, root: Any, depth: int) -> bool:
    schema = _resolved(schema, root)
    if not isinstance(schema, dict) or depth > _DEEPEST:
        return schema is not False
    kinds = schema.get("type")
    if kinds is not None and not any(_is(value, kind) for kind in _list(kinds)):
        return False
    choices = schema.get("enum")
    if isinstance(choices, list) and value not in choices:
        return False
    if "const" in schema and value != schema["const"]:
        return False
    for group in ("anyOf", "oneOf"):
        some = schema.get(group)
        if isinstance(some, list) and not any(_fits(value, one, root, depth + 1) for one in some):
            return False
    every = schema.get("allOf")
    if isinstance(every, list) and not all(_fits(value, one, root, depth + 1) for one in every):
        return False
    if isinstance(value, dict):
        return _fits_object(value, schema, root, depth + 1)
    items = schema.get("items")
    if isinstance(value, list) and items is not None:
        return all(_fits(one, items, root, depth + 1) for one in value)
    return True


def _fits_object(value: dict[str, Any], schema: dict[str, Any], root: Any, depth: int) -> bool:
    if any(name not in value for name in _list(schema.get("required", []))):
        return False
    properties = schema.get("properties")
    properties = properties if isinstance(properties, dict) else {}
    others = True if "patternProperties" in schema else schema.get("additionalProperties", True)
    return all(_fits(one, properties.get(name, others), root, depth) for name, one in value.items())


def _is(value: Any, kind: Any) -> bool:
    if isinstance(value, bool) and kind != "boolean":
        return False
    if kind == "integer" and isinstance(value, float):
        return value.is_integer()
    types = _TYPES.get(kind) if isinstance(kind, str) else None
    return types is None or isinstance(value, types)


def _kinds(schema: Any, root: Any, depth: int) -> frozenset[str]:
    schema = _resolved(schema, root)
    if not isinstance(schema, dict) or depth > _DEEPEST:
        return frozenset()
    found = {kind for kind in _list(schema.get("type", [])) if isinstance(kind, str)}
    for choice in _list(schema.get("enum", [])) if not found else ():
        found |= {kind for kind in ("string", "boolean", "null", "number") if _is(choice, kind)}
    for group in ("anyOf", "oneOf", "allOf"):
        for one in _list(schema.get(group, [])):
            found |= _kinds(one, root, depth + 1)
    return frozenset(found)


def _resolved(schema: Any, root: Any) -> Any:
    """`schema` without its reference; one that leads nowhere allows everything."""
    for _ in range(_DEEPEST):
        reference = schema.get("$ref") if isinstance(schema, dict) else None
        if not isinstance(reference, str):
            return schema
        schema = root
        for step in reference.removeprefix("#").split("/")[1:]:
            schema = schema.get(step) if isinstance(schema, dict) else None
        if schema is None:
            return True
    return True


def _read(text: str, otherwise: Any) -> Any:
    """The JSON value in `text`, if it is nothing but that."""
    try:
        value, end = read(text)
    except (ValueError, RecursionError):
        return otherwise
    return otherwise if text[end:].strip() else value


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
