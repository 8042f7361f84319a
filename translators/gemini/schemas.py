"""What Gemini takes of a JSON Schema, in its two fields for one.

`parametersJsonSchema` and `responseJsonSchema` take JSON Schema, keywords they do not know left unheeded
(ai.google.dev/api/generate-content, "responseJsonSchema"). What they are known to trip over is put in words they
know. `parameters` and `responseSchema` take a subset of OpenAPI 3.0 and refuse every other keyword.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import msgspec

from translators.loosely import list_of
from translators.schemas import object_schema

_DROPPED = frozenset(
    {"$schema", "$id", "$comment", "$anchor", "examples", "deprecated", "readOnly", "writeOnly"}
)
_MAPS = ("properties", "$defs", "definitions")
_LISTS = ("anyOf", "oneOf", "allOf", "prefixItems")
_PLAIN = frozenset(
    {
        "title",
        "description",
        "default",
        "minItems",
        "maxItems",
        "minLength",
        "maxLength",
        "minProperties",
        "maxProperties",
        "pattern",
        "minimum",
        "maximum",
    }
)
"""Keywords that mean the same in both."""

_FORMATS = frozenset({"float", "double", "int32", "int64", "date-time", "enum"})
_MOST_NODES = 2000
"""Sub-schemas that references may grow to."""

_encode = msgspec.json.encode


def json_schema(schema: Any) -> msgspec.Raw:
    """`schema` for a field that takes JSON Schema."""
    return _json_schema(_encode(object_schema(schema)))


def openapi_schema(schema: Any) -> msgspec.Raw | None:
    """`schema` for a field that takes the OpenAPI subset; None if it has no properties, which it refuses."""
    return _openapi_schema(_encode(object_schema(schema)))


@lru_cache(maxsize=512)
def _json_schema(encoded: bytes) -> msgspec.Raw:
    return msgspec.Raw(_encode(_cleaned(msgspec.json.decode(encoded))))


@lru_cache(maxsize=512)
def _openapi_schema(encoded: bytes) -> msgspec.Raw | None:
    schema = _Subset(msgspec.json.decode(encoded)).schema
    return msgspec.Raw(_encode(schema)) if schema.get("properties") else None


def _cleaned(node: Any) -> Any:
    """A schema without boolean schemas, `const` and exclusive limits."""
    if not isinstance(node, dict):
        return {}
    out: dict[str, Any] = {}
    for key, value in node.items():
        if key in _DROPPED:
            continue
        if key in _MAPS and isinstance(value, dict):
            out[key] = {name: _cleaned(sub) for name, sub in value.items()}
        elif key in _LISTS and isinstance(value, list):
            out[key] = [_cleaned(sub) for sub in value]
        elif key == "items":
            out[key] = _cleaned(value)
        elif key == "additionalProperties":
            out[key] = value if isinstance(value, bool) else _cleaned(value)
        else:
            out[key] = value
    if out.get("type") == "array":
        out.setdefault("items", {})
    return _limited(out)


def _limited(node: dict[str, Any]) -> dict[str, Any]:
    """`const` as an enum of one, exclusive limits as inclusive ones: exact for integers, near for numbers."""
    if "const" in node:
        node.setdefault("enum", [node["const"]])
        del node["const"]
    step = 1 if node.get("type") == "integer" else 0
    for key, limit, sign in (("exclusiveMinimum", "minimum", 1), ("exclusiveMaximum", "maximum", -1)):
        value = node.pop(key, None)
        if isinstance(value, int | float) and not isinstance(value, bool):
            node.setdefault(limit, value + sign * step)
    return node


class _Subset:
    """A schema in the OpenAPI subset: references put in place, unions as `anyOf`, null as `nullable`."""

    def __init__(self, root: dict[str, Any]) -> None:
        self._root = root
        self._left = _MOST_NODES
        self.schema = self._node(root, ())

    def _node(self, node: Any, within: tuple[str, ...]) -> dict[str, Any]:
        """`within`: the references that led here; one of them again would have no end and is any object."""
        self._left -= 1
        if not isinstance(node, dict):
            return {"type": "string"}
        reference = node.get("$ref")
        if self._left < 0 or reference in within:
            return {"type": "object"}
        within = (*within, reference) if isinstance(reference, str) else within
        node = _limited(self._merged(node, within))
        out = {key: value for key, value in node.items() if key in _PLAIN}
        self._type(node, out)
        if node.get("format") in _FORMATS:
            out["format"] = node["format"]
        options = [option for key in ("anyOf", "oneOf") for option in list_of(node.get(key))]
        if options:
            self._union(options, out, within)
        if isinstance(node.get("properties"), dict):
            out["type"] = "object"
            out["properties"] = {name: self._node(sub, within) for name, sub in node["properties"].items()}
            required = [
                name
                for name in list_of(node.get("required"))
                if isinstance(name, str) and name in out["properties"]
            ]
            if required:
                out["required"] = required
        if out.get("type") == "array":
            items = node.get("items")
            out["items"] = self._node(items if isinstance(items, dict) else {}, within)
        if "type" not in out and "anyOf" not in out:
            out["type"] = "string"
        return out

    def _merged(self, node: dict[str, Any], within: tuple[str, ...]) -> dict[str, Any]:
        """`node` with what it refers to and all of `allOf` put in place."""
        merged = dict(node)
        parts = [self._referred(merged.pop("$ref", None)), *list_of(merged.pop("allOf", None))]
        for part in parts:
            self._left -= 1
            if not isinstance(part, dict) or self._left < 0:
                continue
            reference = part.get("$ref")
            if reference is not None:
                if reference in within:
                    continue
                part = self._merged(part, (*within, reference))
            elif "allOf" in part:
                part = self._merged(part, within)
            merged = {**part, **merged, **_both(part, merged)}
        return merged

    def _referred(self, reference: Any) -> Any:
        found: Any = self._root
        if not isinstance(reference, str) or not reference.startswith("#"):
            return None
        for step in reference.removeprefix("#").split("/")[1:]:
            name = step.replace("~1", "/").replace("~0", "~")
            found = found.get(name) if isinstance(found, dict) else None
        return found

    def _type(self, node: dict[str, Any], out: dict[str, Any]) -> None:
        kinds = node.get("type")
        kinds = kinds if isinstance(kinds, list) else [kinds] if isinstance(kinds, str) else []
        if "null" in kinds:
            out["nullable"] = True
        kinds = [kind for kind in kinds if kind != "null"]
        if len(kinds) == 1:
            out["type"] = kinds[0]
        elif kinds:
            out["anyOf"] = [{"type": kind} for kind in kinds]
        values = node.get("enum")
        if isinstance(values, list):
            if None in values:
                out["nullable"] = True
            out["type"] = "string"
            out["enum"] = [
                value if isinstance(value, str) else _encode(value).decode()
                for value in values
                if value is not None
            ]

    def _union(self, options: list[Any], out: dict[str, Any], within: tuple[str, ...]) -> None:
        nulls = [option for option in options if isinstance(option, dict) and option.get("type") == "null"]
        if nulls:
            out["nullable"] = True
        written = [self._node(option, within) for option in options if option not in nulls]
        if len(written) == 1:
            out.update({**written[0], **out})
        elif written:
            out["anyOf"] = written


def _both(part: dict[str, Any], merged: dict[str, Any]) -> dict[str, Any]:
    """The parameters of two schemas that both hold."""
    both: dict[str, Any] = {}
    if isinstance(part.get("properties"), dict) and isinstance(merged.get("properties"), dict):
        both["properties"] = {**part["properties"], **merged["properties"]}
    if isinstance(part.get("required"), list) and isinstance(merged.get("required"), list):
        both["required"] = [*part["required"], *merged["required"]]
    return both
