"""Tool schemas in Moonshot's flavour: what is said is kept, and nothing is left that it refuses."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.chat_wire import body_of
from translators.schemas_moonshot import flavored

WORDS = {"description", "title"}
TEXT, NUMBER = {"type": "string"}, {"type": "number"}
ANY = {
    "anyOf": [{"type": kind} for kind in ("string", "number", "boolean", "object", "array", "null")],
}

PROPERTIES: list[tuple[str, Any, Any]] = [
    ("what is good stays", {"type": "string", "enum": ["a"], "default": "a"}, None),
    ("a closed object stays", {"type": "object", "properties": {"b": TEXT}, "additionalProperties": False}, None),
    (
        "a type beside a union goes where none is",
        {"type": ["string", "array"], "anyOf": [{"type": "array", "items": TEXT}, TEXT], "description": "d"},
        {"description": "d", "anyOf": [{"type": "array", "items": TEXT}, TEXT]},
    ),
    (
        "members that only require get what they require",
        {"type": "object", "properties": {"b": TEXT, "c": NUMBER}, "anyOf": [{"required": ["b"]}, {"required": ["c"]}]},
        {
            "anyOf": [
                {"type": "object", "properties": {"b": TEXT, "c": NUMBER}, "required": [name]} for name in ("b", "c")
            ]
        },
    ),
    ("one of is any of", {"oneOf": [TEXT, NUMBER], "default": "x"}, {"anyOf": [TEXT, NUMBER]}),
    (
        "several types are a union",
        {"type": ["string", "null"], "minLength": 1, "default": None},
        {"anyOf": [{"type": "string", "minLength": 1}, {"type": "null"}]},
    ),
    (
        "values of several types are a union",
        {"enum": ["a", 1, None]},
        {"anyOf": [{"type": "string", "enum": ["a"]}, {"type": "number", "enum": [1]}, {"type": "null"}]},
    ),
    ("values tell the type", {"enum": ["a", "b"]}, {"type": "string", "enum": ["a", "b"]}),
    ("one value is a list of one", {"const": "a"}, {"type": "string", "enum": ["a"]}),
    ("keywords tell the type", {"properties": {"b": TEXT}}, {"type": "object", "properties": {"b": TEXT}}),
    ("nothing is anything", {}, ANY),
    ("true is anything", True, ANY),
    ("items of nothing", {"type": "array", "items": {}}, {"type": "array"}),
    ("a requirement of nothing", {"type": "object", "required": ["b"]}, {"type": "object", "required": []}),
    ("a default of another type", {"type": "integer", "default": "x"}, {"type": "integer"}),
    ("keywords of no use", {"type": "object", "propertyNames": TEXT, "not": {}}, {"type": "object"}),
    (
        "all of",
        {"allOf": [{"$ref": "#/$defs/D"}, {"properties": {"c": TEXT}}], "description": "d"},
        {"type": "object", "description": "d", "properties": {"b": NUMBER, "c": TEXT}, "required": ["b"]},
    ),
    ("words beside a reference", {"$ref": "#/$defs/D", "description": "d"}, None),
    ("anything else beside one", {"$ref": "#/$defs/D", "type": "object"}, {"$ref": "#/$defs/D"}),
    ("a reference to nothing", {"$ref": "#/$defs/gone"}, ANY),
    ("the old name of definitions", {"$ref": "#/definitions/E"}, {"$ref": "#/$defs/E"}),
    ("another property", {"$ref": "#/properties/other"}, {"$ref": "#/$defs/properties_other"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("written", "wanted"), [one[1:] for one in PROPERTIES], ids=[one[0] for one in PROPERTIES]
)
def test_a_property(written: Any, wanted: Any) -> None:
    definition = {"type": "object", "properties": {"b": NUMBER}, "required": ["b"]}
    schema = {
        "type": "object",
        "properties": {"a": written, "other": TEXT},
        "$defs": {"D": definition},
        "definitions": {"E": TEXT},
    }
    out = flavored(schema)
    assert out["properties"] == {"a": written if wanted is None else wanted, "other": TEXT}
    assert refused(out) == []
    assert (out["$defs"]["D"], out["$defs"]["E"]) == (definition, TEXT)


def test_a_property_that_holds_itself() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "array", "items": {"$ref": "#/properties/a"}}}}
    out = flavored(schema)
    assert out["properties"]["a"]["items"] == {"$ref": "#/$defs/properties_a"}
    assert refused(out) == []


def test_all_of_itself_has_an_end() -> None:
    schema = {"type": "object", "properties": {"a": {"allOf": [{"$ref": "#/properties/a"}, TEXT]}}}
    assert refused(flavored(schema)) == []


def test_tools_are_sent_so_where_the_model_wants_it() -> None:
    tool = {
        "name": "t",
        "input_schema": {"type": "object", "properties": {"a": {"const": "x"}, "b": {"type": "array"}}},
    }
    sent = body_of({"flavored_schemas": True}, tools=[tool])["tools"][0]["function"]["parameters"]
    assert sent["properties"] == {"a": {"type": "string", "enum": ["x"]}, "b": {"type": "array"}}
    assert body_of({}, tools=[tool])["tools"][0]["function"]["parameters"]["properties"]["a"] == {
        "const": "x"
    }


LEAVES = st.one_of(
    st.booleans(),
    st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(["string", "integer", "object", "array", "odd", ["string", "null"], []]),
            "enum": st.lists(st.sampled_from(["a", 1, 2.5, None, True, {}]), max_size=3),
            "default": st.sampled_from(["a", 1, None, []]),
            "const": st.sampled_from(["a", 1]),
            "$ref": st.sampled_from(["#", "#/$defs/D", "#/definitions/D", "#/properties/a", "http://x", 5]),
            "required": st.lists(st.sampled_from(["a", "z"]), max_size=2),
            "description": st.sampled_from(["d", 5]),
            "minLength": st.just(1),
        },
    ),
)


def nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    several = st.lists(inner, max_size=3)
    return st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(["string", "object", "array", ["array", "null"]]),
            "properties": st.dictionaries(st.sampled_from(["a", "b"]), inner, max_size=2),
            "required": st.just(["a"]),
            "items": inner,
            "additionalProperties": inner,
            "anyOf": several,
            "oneOf": several,
            "allOf": several,
            "$defs": st.dictionaries(st.just("D"), inner, max_size=1),
            "definitions": st.dictionaries(st.just("D"), inner, max_size=1),
        },
    )


@given(st.dictionaries(st.sampled_from(["a", "b"]), st.recursive(LEAVES, nested, max_leaves=12)), LEAVES)
def test_nothing_is_left_that_is_refused(properties: dict[str, Any], definition: Any) -> None:
    schema = {"type": "object", "properties": properties, "$defs": {"D": definition}}
    before = json.dumps(schema)
    assert refused(flavored(schema)) == []
    assert json.dumps(schema) == before


def refused(root: dict[str, Any]) -> list[str]:
    """What Moonshot would not take, by docs/walle.md."""
    found = _refused(root, root, WORDS | {"$defs"})
    for sub in root.get("$defs", {}).values():
        found += _refused(sub, root, WORDS)
    return found


def _refused(node: dict[str, Any], root: dict[str, Any], words: set[str]) -> list[str]:
    if "$ref" in node:
        known = ["#", *(f"#/$defs/{name}" for name in root.get("$defs", {}))]
        return [f"reference {node}"] if node.keys() - {"$ref"} - words or node["$ref"] not in known else []
    if "anyOf" in node:
        found = [f"beside a union {node}"] if node.keys() - {"anyOf"} - words or not node["anyOf"] else []
        return found + [one for member in node["anyOf"] for one in _refused(member, root, WORDS)]
    found = [] if isinstance(node.get("type"), str) else [f"no type {node}"]
    properties = node.get("properties", {})
    if set(node.get("required", ())) - properties.keys():
        found.append(f"requires what is not declared {node}")
    subs = [*properties.values()]
    subs += [node["items"]] if "items" in node else []
    subs += [node["additionalProperties"]] if isinstance(node.get("additionalProperties"), dict) else []
    return found + [
        one for sub in subs if sub or sub in properties.values() for one in _refused(sub, root, WORDS)
    ]
