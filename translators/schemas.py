"""Cleaning of tool schemas for upstreams that do not take all of JSON Schema.

A schema is JSON Schema 2020-12 as the client wrote it. Nothing is changed in place: what needs no cleaning is
handed on as the same object, so that the usual case costs one shallow copy per tool.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import msgspec

from translators.loosely import dict_of, list_of
from translators.schemas_moonshot import flavored as in_moonshots_flavor

TYPE_ALIAS = "type_parameter"
"""What a parameter called `type` is called towards upstreams whose chat template trips over that name."""

_SCHEMA_MAPS = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")
_SCHEMA_LISTS = ("anyOf", "oneOf", "allOf", "prefixItems")
_SCHEMAS = (
    "items",
    "additionalProperties",
    "unevaluatedProperties",
    "unevaluatedItems",
    "additionalItems",
    "propertyNames",
    "contains",
    "not",
    "if",
    "then",
    "else",
)

_NOT_ON_TOP = ("anyOf", "oneOf", "allOf", "enum", "not")


def object_schema(schema: Any) -> dict[str, Any]:
    """`schema` as the parameters of a function: an object schema with `properties` and without `$schema`."""
    if not isinstance(schema, dict):
        return {"type": "object", "properties": {}}
    if "$schema" not in schema and schema.get("type") == "object" and "properties" in schema:
        return schema
    cleaned = {key: value for key, value in schema.items() if key != "$schema"}
    cleaned["type"] = "object"
    cleaned.setdefault("properties", {})
    return cleaned


def cleaned_schema(
    schema: dict[str, Any], *, booleans: bool, type_parameter: bool, flavored: bool = False
) -> tuple[msgspec.Raw, bool]:
    """`schema` cleaned as asked, ready to be sent, and whether a parameter called `type` was renamed.

    In any case without alternatives at the top, which OpenAI and Anthropic refuse ("not have 'oneOf'/'anyOf'/'allOf'/
    'enum'/'not' at the top level"), and without arrays of nothing, which OpenAI refuses ("array schema missing items").

    A client sends the same few dozen schemas with every request, so the last of them are kept.
    """
    return _cleaned(msgspec.json.encode(schema), booleans, type_parameter, flavored)


@lru_cache(maxsize=512)
def _cleaned(
    encoded: bytes, booleans: bool, type_parameter: bool, flavored: bool
) -> tuple[msgspec.Raw, bool]:
    schema = _rewrite(_flat(msgspec.json.decode(encoded)), _with_items)
    if booleans:
        schema = without_booleans(schema)
    if flavored:
        schema = in_moonshots_flavor(schema)
    renamed = rename_type(schema) if type_parameter else schema
    return msgspec.Raw(msgspec.json.encode(renamed)), renamed is not schema


def _flat(schema: dict[str, Any]) -> dict[str, Any]:
    """`schema` with the parameters of its alternatives put side by side; required is what all of them require."""
    flat = {key: value for key, value in schema.items() if key not in _NOT_ON_TOP}
    for key in ("allOf", "anyOf", "oneOf"):
        options = [_referred(option, schema) for option in list_of(schema.get(key))]
        if not options:
            continue
        properties: dict[str, Any] = {}
        for holder in (*reversed(options), flat):
            properties.update(dict_of(holder.get("properties")))
        flat["properties"] = properties
        wanted = [
            {name for name in list_of(option.get("required")) if isinstance(name, str)} for option in options
        ]
        required = set.union(*wanted) if key == "allOf" else set.intersection(*wanted)
        known = list_of(flat.get("required"))
        if more := sorted(required.difference(name for name in known if isinstance(name, str))):
            flat["required"] = [*known, *more]
    return flat


def _referred(option: Any, root: dict[str, Any]) -> dict[str, Any]:
    """`option`, or what it refers to among the definitions of `root`."""
    reference = dict_of(option).get("$ref")
    if not isinstance(reference, str):
        return dict_of(option)
    found: Any = root
    for step in reference.split("/")[1:]:
        found = dict_of(found).get(step)
    return dict_of(found) if found is not root else {}


def _with_items(node: dict[str, Any]) -> dict[str, Any]:
    """A list of schemas for the first items (draft 7) is one for any item."""
    items, kinds = node.get("items"), node.get("type")
    if isinstance(items, list):
        return {**node, "items": {"anyOf": items} if items else {}}
    is_array = kinds == "array" or (isinstance(kinds, list) and "array" in kinds)
    return {**node, "items": {}} if is_array and items is None else node


def without_booleans(schema: dict[str, Any]) -> dict[str, Any]:
    """`schema` without the boolean schemas `true` and `false`, wherever a schema may stand."""

    def clean(node: dict[str, Any]) -> dict[str, Any]:
        cleaned = {}
        for key, value in node.items():
            if key in _SCHEMA_MAPS and isinstance(value, dict):
                value = {name: {} if isinstance(sub, bool) else sub for name, sub in value.items()}
            elif key in _SCHEMA_LISTS and isinstance(value, list):
                value = [sub for sub in value if not isinstance(sub, bool)]
                if not value:
                    continue
            elif key in _SCHEMAS and isinstance(value, bool):
                continue
            cleaned[key] = value
        return cleaned

    return _rewrite(schema, clean)


def rename_type(schema: dict[str, Any]) -> dict[str, Any]:
    """`schema` with every parameter called `type` renamed to `TYPE_ALIAS`; the same object if there is none.

    Left as it is where the alias is taken, so that restoring is never ambiguous.
    """
    if not _declares(schema, "type") or _declares(schema, TYPE_ALIAS):
        return schema

    def clean(node: dict[str, Any]) -> dict[str, Any]:
        properties = node.get("properties")
        if not isinstance(properties, dict) or "type" not in properties:
            return node
        node = {**node, "properties": {_sent(name): sub for name, sub in properties.items()}}
        if isinstance(node.get("required"), list):
            node["required"] = [_sent(name) for name in node["required"]]
        return node

    return _rewrite(schema, clean)


def renamed_arguments(value: Any, old: str, new: str) -> Any:
    """`value` with the key `old` called `new` in every object inside it."""
    if isinstance(value, dict):
        return {(new if key == old else key): renamed_arguments(sub, old, new) for key, sub in value.items()}
    if isinstance(value, list):
        return [renamed_arguments(sub, old, new) for sub in value]
    return value


def restored_arguments(arguments: str) -> str:
    """Arguments (JSON) of a tool whose parameter `type` was sent as `TYPE_ALIAS`, as the client knows them."""
    return msgspec.json.encode(renamed_arguments(msgspec.json.decode(arguments), TYPE_ALIAS, "type")).decode()


def strict(schema: Any) -> bool:
    """Whether `schema` keeps OpenAI's strict rules: closed objects with every property required."""
    if not isinstance(schema, dict):
        return not isinstance(schema, bool)
    properties = schema.get("properties")
    if schema.get("type") == "object" or properties is not None:
        closed = schema.get("additionalProperties") is False
        if not closed or set(schema.get("required") or ()) != set(properties or ()):
            return False
    return all(strict(sub) for sub in _sub_schemas(schema))


def _sent(name: Any) -> Any:
    return TYPE_ALIAS if name == "type" else name


def _declares(schema: dict[str, Any], parameter: str) -> bool:
    properties = schema.get("properties")
    if isinstance(properties, dict) and parameter in properties:
        return True
    return any(_declares(sub, parameter) for sub in _sub_schemas(schema) if isinstance(sub, dict))


def _sub_schemas(schema: dict[str, Any]) -> list[Any]:
    found: list[Any] = []
    for key, value in schema.items():
        if key in _SCHEMA_MAPS and isinstance(value, dict):
            found += value.values()
        elif key in _SCHEMA_LISTS and isinstance(value, list):
            found += value
        elif key in _SCHEMAS and isinstance(value, dict):
            found.append(value)
    return found


def _rewrite(schema: dict[str, Any], clean: Callable[[dict[str, Any]], dict[str, Any]]) -> dict[str, Any]:
    """`clean` applied to `schema` and to every schema inside it, outermost first."""
    result = dict(clean(schema))
    for key, value in result.items():
        if key in _SCHEMA_MAPS and isinstance(value, dict):
            result[key] = {
                name: _rewrite(sub, clean) if isinstance(sub, dict) else sub for name, sub in value.items()
            }
        elif key in _SCHEMA_LISTS and isinstance(value, list):
            result[key] = [_rewrite(sub, clean) if isinstance(sub, dict) else sub for sub in value]
        elif key in _SCHEMAS and isinstance(value, dict):
            result[key] = _rewrite(value, clean)
    return result
