"""Tool schemas in Moonshot's flavour of JSON Schema, which refuses a whole request for one schema that is not.

    {"type": T, "anyOf": [A, B]}         T goes into the members that have none; beside a union only words may stand
    {"type": [T, "null"], …}, oneOf      a union of members with one type each
    no type                              the type of what is there, or a union of all types
    #/definitions/X, #/properties/x      definitions are called $defs; other places become such
    {"$ref": R, …}                       beside a reference only words may stand
    items: {}                            left out, as are requirements of what is not declared and odd defaults

What it means is kept as far as the flavour can say it. Source: docs/mfjs-spec.md and docs/walle.md of MoonshotAI/walle,
and what the API refuses (vercel/ai#18921, NousResearch/hermes-agent#14804, lidge-jun/opencodex#2673).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from translators.loosely import dict_of, list_of

Schema = dict[str, Any]

_DEFS, _OLD_DEFS = "#/$defs/", "#/definitions/"
_UNIONS = ("anyOf", "oneOf")
_WORDS = ("description", "title")
_OF_TYPE: dict[str, tuple[str, ...]] = {
    "object": ("properties", "required", "additionalProperties"),
    "array": ("items", "minItems", "maxItems"),
    "string": ("enum", "default", "minLength", "maxLength", "pattern", "format"),
    "number": ("enum", "default", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
    "integer": ("enum", "default", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
    "boolean": ("default",),
    "null": (),
}
"""What may stand beside a type."""
_VALUES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "number": (int, float),
    "integer": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}
_ANY = ("string", "number", "boolean", "object", "array", "null")
_HINTS = (
    ("object", ("properties", "required", "additionalProperties")),
    ("array", ("items", "minItems", "maxItems")),
    ("string", ("minLength", "maxLength", "pattern", "format")),
    ("number", ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")),
)
"""What tells the type where none is said."""
_MOST_COPIES = 50
"""Parts of `allOf` that are put together; one that refers to itself would have no end."""


def flavored(schema: Schema) -> Schema:
    """`schema`, an object schema without alternatives at the top, in Moonshot's flavour."""
    flavor = _Flavor(schema)
    out = flavor.node({**schema, "type": "object"})
    written: dict[str, Schema] = {}
    while missing := flavor.definitions.keys() - written.keys():
        written |= {name: flavor.node(flavor.definitions[name]) for name in sorted(missing)}
    if written:
        out["$defs"] = written
    return out


class _Flavor:
    def __init__(self, root: Schema) -> None:
        self._root = root
        self._copies = 0
        self.definitions = {**dict_of(root.get("definitions")), **dict_of(root.get("$defs"))}

    def node(self, node: Any) -> Schema:
        node = self._in_place(dict_of(node))
        words = {name: node[name] for name in _WORDS if isinstance(node.get(name), str)}
        if "$ref" in node:
            return {**words, "$ref": node["$ref"]}
        beside = {name: value for name, value in node.items() if name not in (*_WORDS, *_UNIONS)}
        if options := list_of(node.get("anyOf")) or list_of(node.get("oneOf")):
            return {**words, "anyOf": [self.node(_within(beside, option)) for option in options]}
        kinds = _kinds(node)
        if len(kinds) != 1:
            return {**words, "anyOf": [self.node({**beside, "type": kind}) for kind in kinds]}
        kind = kinds[0]
        out = {"type": kind, **words, **{name: node[name] for name in _OF_TYPE[kind] if name in node}}
        if kind == "object":
            self._object(out)
        elif kind == "array":
            items = out.pop("items", None)
            if isinstance(items, dict) and items:
                out["items"] = self.node(items)
        else:
            _scalar(out, kind)
        return out

    def _object(self, out: Schema) -> None:
        properties = dict_of(out.get("properties"))
        if "properties" in out:
            out["properties"] = {name: self.node(sub) for name, sub in properties.items()}
        if "required" in out:
            out["required"] = [name for name in list_of(out["required"]) if name in properties]
        others = out.get("additionalProperties")
        if isinstance(others, dict) and others:
            out["additionalProperties"] = self.node(others)

    def _in_place(self, node: Schema) -> Schema:
        """`node` with its reference made one to a definition, or all of `allOf` put together."""
        if self._found(node.get("$ref")) is not None:
            return {**node, "$ref": self._defined(node["$ref"])}
        parts = list_of(node.get("allOf"))
        node = {name: value for name, value in node.items() if name not in ("$ref", "allOf")}
        if "const" in node:
            node.setdefault("enum", [node["const"]])
        for part in parts:
            node = _both(self._copy(dict_of(part)), node)
        return node

    def _copy(self, part: Schema) -> Schema:
        """A part of `allOf`, and what it refers to in its place."""
        self._copies += 1
        if self._copies > _MOST_COPIES:
            return {}
        if "$ref" in part:
            rest = {name: value for name, value in part.items() if name != "$ref"}
            part = _both(dict_of(self._found(part["$ref"])), rest)
        return self._copy(part) if "$ref" in part else self._in_place(part)

    def _defined(self, reference: str) -> str:
        """The reference as one to a definition, which there is from now on."""
        if reference == "#":
            return reference
        name = reference.removeprefix(_DEFS).removeprefix(_OLD_DEFS)
        if name not in self.definitions:
            name = re.sub(r"\W+", "_", name).strip("_")
            self.definitions.setdefault(name, self._found(reference))
        return _DEFS + name

    def _found(self, reference: Any) -> Any:
        """What a reference into the schema leads to; None if nowhere."""
        if not isinstance(reference, str) or not reference.startswith("#"):
            return None
        found: Any = self._root
        for step in reference.split("/")[1:]:
            name = step.replace("~1", "/").replace("~0", "~")
            found = found.get(name) if isinstance(found, dict) else None
        return found


def _within(beside: Schema, option: Any) -> Schema:
    """A member of a union with what stands beside the union, if that can hold for it."""
    option = dict_of(option)
    if not option.keys().isdisjoint(("$ref", "allOf", *_UNIONS)) or not beside:
        return option
    if option.get("type", beside.get("type")) != beside.get("type"):
        return option
    return _both({name: value for name, value in beside.items() if name != "default"}, option)


def _both(part: Schema, node: Schema) -> Schema:
    """Two schemas that both hold, the second one's word first."""
    both = {**part, **node}
    if isinstance(part.get("properties"), dict) and isinstance(node.get("properties"), dict):
        both["properties"] = {**part["properties"], **node["properties"]}
    if isinstance(part.get("required"), list) and isinstance(node.get("required"), list):
        both["required"] = [*part["required"], *node["required"]]
    return both


def _kinds(node: Schema) -> list[str]:
    """The types a schema allows, said or not."""
    said, values = node.get("type"), list_of(node.get("enum"))
    kinds = [kind for kind in _listed(said) if isinstance(kind, str) and kind in _OF_TYPE]
    if kinds:
        return [kind for kind in kinds if any(_is(value, kind) for value in values)] or kinds
    if values:
        return list(dict.fromkeys(kind for value in values for kind in _ANY if _is(value, kind)))
    hinted = [kind for kind, names in _HINTS if not node.keys().isdisjoint(names)]
    return hinted or list(_ANY)


def _scalar(out: Schema, kind: str) -> None:
    """Leaves only those values that are of the type."""
    if "enum" in out:
        values = [value for value in list_of(out.pop("enum")) if _is(value, kind)]
        if values:
            out["enum"] = values
    if not _is(out.get("default"), kind):
        out.pop("default", None)


def _is(value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    if kind == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, _VALUES[kind])


def _listed(value: Any) -> Iterable[Any]:
    return value if isinstance(value, list) else [value]
