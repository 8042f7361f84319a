"""Tool schemas as Gemini takes them."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from translators.gemini.schemas import json_schema, openapi_schema

KEYWORDS = {
    *(
        "type",
        "format",
        "title",
        "description",
        "default",
        "nullable",
        "enum",
        "anyOf",
        "properties",
        "required",
    ),
    *("items", "minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties", "pattern"),
    *("minimum", "maximum"),
}
"""The subset (ai.google.dev/api/caching#Schema) as far as it is written."""


def one(sub: Any, **root: Any) -> Any:
    """The parameter `p` in both forms."""
    schema = {"type": "object", "properties": {"p": sub}, **root}
    subset = openapi_schema(schema)
    assert subset is not None
    return json.loads(bytes(json_schema(schema)))["properties"]["p"], json.loads(bytes(subset))["properties"][
        "p"
    ]


@pytest.mark.parametrize(
    ("sub", "cleaned", "subset"),
    [
        ({"const": "x"}, {"enum": ["x"]}, {"type": "string", "enum": ["x"]}),
        ({"enum": [1, None]}, {"enum": [1, None]}, {"type": "string", "enum": ["1"], "nullable": True}),
        (
            {"type": "integer", "exclusiveMinimum": 0, "exclusiveMaximum": 9},
            {"type": "integer", "minimum": 1, "maximum": 8},
            {"type": "integer", "minimum": 1, "maximum": 8},
        ),
        (
            {"type": "number", "exclusiveMinimum": 0},
            {"type": "number", "minimum": 0},
            {"type": "number", "minimum": 0},
        ),
        (True, {}, {"type": "string"}),
        ({"type": ["string", "null"]}, {"type": ["string", "null"]}, {"type": "string", "nullable": True}),
        (
            {"type": ["string", "integer"]},
            {"type": ["string", "integer"]},
            {"anyOf": [{"type": "string"}, {"type": "integer"}]},
        ),
        (
            {"anyOf": [{"type": "string"}, {"type": "null"}]},
            {"anyOf": [{"type": "string"}, {"type": "null"}]},
            {"type": "string", "nullable": True},
        ),
        (
            {"type": "array", "items": True},
            {"type": "array", "items": {}},
            {"type": "array", "items": {"type": "string"}},
        ),
        ({"type": "string", "format": "uri"}, {"type": "string", "format": "uri"}, {"type": "string"}),
        (
            {"type": "object", "additionalProperties": False},
            {"type": "object", "additionalProperties": False},
            {"type": "object"},
        ),
    ],
)
def test_each_keyword(sub: Any, cleaned: Any, subset: Any) -> None:
    assert one(sub) == (cleaned, subset)


def test_references_are_kept_or_put_in_place() -> None:
    kept, placed = one(
        {"$ref": "#/$defs/a~1b"}, **{"$defs": {"a/b": {"type": "integer", "description": "n"}}}
    )
    assert kept == {"$ref": "#/$defs/a~1b"}
    assert placed == {"type": "integer", "description": "n"}


def test_a_reference_to_what_holds_it_ends() -> None:
    tree = {"type": "object", "properties": {"child": {"$ref": "#/$defs/tree"}}}
    _, placed = one({"$ref": "#/$defs/tree"}, **{"$defs": {"tree": tree}})
    assert placed == {"type": "object", "properties": {"child": {"type": "object"}}}


def test_references_that_double_at_every_step_end() -> None:
    defs = {
        f"d{n}": {"type": "object", "properties": {side: {"$ref": f"#/$defs/d{n + 1}"} for side in "ab"}}
        for n in range(60)
    }
    _, placed = one({"$ref": "#/$defs/d0"}, **{"$defs": defs})
    assert len(json.dumps(placed)) < 500_000


def test_all_of_is_merged() -> None:
    _, placed = one(
        {
            "allOf": [
                {"properties": {"a": {"type": "string"}}, "required": ["a"]},
                {"properties": {"b": {"type": "integer"}}, "required": ["b"]},
            ]
        }
    )
    assert set(placed["properties"]) == {"a", "b"}
    assert sorted(placed["required"]) == ["a", "b"]


def test_a_schema_without_parameters_has_no_subset() -> None:
    assert openapi_schema({"type": "object", "properties": {}}) is None
    assert openapi_schema("nonsense") is None


leaves = (
    st.none()
    | st.booleans()
    | st.integers(-9, 9)
    | st.sampled_from(["string", "array", "object", "#", "#/a"])
)
words = st.sampled_from(
    [
        "type",
        "properties",
        "items",
        "anyOf",
        "oneOf",
        "allOf",
        "$ref",
        "$defs",
        "enum",
        "const",
        "required",
        "a",
    ]
)
schemas = st.dictionaries(
    words,
    st.recursive(leaves, lambda sub: st.lists(sub, max_size=3) | st.dictionaries(words, sub, max_size=4)),
    max_size=6,
)


@given(schemas)
def test_any_schema_comes_out_in_known_words(schema: dict[str, Any]) -> None:
    assert isinstance(msgspec.json.decode(bytes(json_schema(schema))), dict)
    subset = openapi_schema(schema)
    if subset is not None:
        check(json.loads(bytes(subset)))


def check(node: dict[str, Any]) -> None:
    assert set(node) <= KEYWORDS
    assert "type" in node or "anyOf" in node
    for sub in [*node.get("properties", {}).values(), *node.get("anyOf", [])]:
        check(sub)
    assert ("items" in node) <= (node.get("type") == "array")
    if "items" in node:
        check(node["items"])
