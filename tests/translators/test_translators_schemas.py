"""Tool schemas without what OpenAI and Anthropic refuse whatever the model."""

from __future__ import annotations

import json
from typing import Any

import pytest

from translators.schemas import cleaned_schema


def sent(schema: dict[str, Any]) -> Any:
    raw, renamed = cleaned_schema(schema, booleans=False, type_parameter=False)
    assert not renamed
    return json.loads(bytes(raw))


A = {"type": "object", "properties": {"a": {"type": "string"}, "both": {}}, "required": ["a", "both"]}
B = {"type": "object", "properties": {"b": {"type": "integer"}, "both": {}}, "required": ["both", "b"]}


@pytest.mark.parametrize("word", ["anyOf", "oneOf"])
def test_alternatives_at_the_top_stand_side_by_side(word: str) -> None:
    schema = {"type": "object", "properties": {"own": {}}, "required": ["own"], word: [A, B]}
    assert sent(schema) == {
        "type": "object",
        "properties": {"a": {"type": "string"}, "b": {"type": "integer"}, "both": {}, "own": {}},
        "required": ["own", "both"],
    }


def test_what_all_must_hold_is_required() -> None:
    assert sent({"type": "object", "allOf": [A, B]})["required"] == ["a", "b", "both"]


def test_alternatives_are_looked_up() -> None:
    schema = {
        "type": "object",
        "$defs": {"A": A},
        "anyOf": [{"$ref": "#/$defs/A"}, {"$ref": "#/$defs/gone"}, True],
    }
    assert sent(schema) == {"type": "object", "$defs": {"A": A}, "properties": A["properties"]}


def test_what_stands_deeper_stays() -> None:
    inner = {"oneOf": [{"type": "string"}, {"not": {"enum": [1]}}]}
    schema = {"type": "object", "properties": {"anyOf": inner}, "enum": [{}], "not": {"required": ["x"]}}
    assert sent(schema) == {"type": "object", "properties": {"anyOf": inner}}


@pytest.mark.parametrize(
    ("array", "wanted"),
    [
        ({"type": "array"}, {"type": "array", "items": {}}),
        ({"type": ["array", "null"]}, {"type": ["array", "null"], "items": {}}),
        (
            {"type": "array", "items": {"type": "array"}},
            {"type": "array", "items": {"type": "array", "items": {}}},
        ),
        (
            {"type": "array", "items": [{"type": "string"}]},
            {"type": "array", "items": {"anyOf": [{"type": "string"}]}},
        ),
        ({"type": "array", "items": []}, {"type": "array", "items": {}}),
        ({"type": "array", "items": True}, {"type": "array", "items": True}),
        ({"type": "string"}, {"type": "string"}),
    ],
)
def test_arrays_say_of_what(array: dict[str, Any], wanted: dict[str, Any]) -> None:
    assert sent({"type": "object", "properties": {"list": array}})["properties"]["list"] == wanted
