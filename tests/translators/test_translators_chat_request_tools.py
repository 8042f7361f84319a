"""Tools, choices, schemas and refused fields towards Chat Completions."""

from __future__ import annotations

import json
from typing import Any

import pytest

from support.chat_wire import (
    TOOL,
    body_of,
    call,
    sent,
)
from translators.schemas import TYPE_ALIAS


def tools_of(facts: dict[str, Any], *tools: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    return body_of(facts, tools=list(tools), **more).get("tools", [])


def test_declarations():
    schema = {"$schema": "x", "type": "object", "properties": {"a": {}}, "additionalProperties": False}
    tools = [
        TOOL | {"input_schema": schema, "cache_control": {"type": "ephemeral"}, "defer_loading": True},
        {"name": "DeferredToolPlaceholder", "description": "-", "input_schema": {}},
        {"type": "web_search_20250305", "name": "web_search"},
        {"name": "bare", "input_schema": {}},
        TOOL,
    ]
    read = {key: value for key, value in schema.items() if key != "$schema"}
    assert tools_of({}, *tools) == [
        {"type": "function", "function": {"name": "read", "parameters": read, "description": "Reads."}},
        {
            "type": "function",
            "function": {"name": "bare", "parameters": {"type": "object", "properties": {}}},
        },
    ]
    assert tools_of({"tools": False}, *tools) == []


@pytest.mark.parametrize("name", ["mcp__" + "x" * 80, "with.dot", "ünder"])
def test_names_that_are_not_taken_are_aliased_everywhere_and_can_be_restored(name):
    turn = [{"role": "assistant", "content": [call("1", name=name)]}]
    wire = sent({}, tools=[TOOL | {"name": name}], tool_choice={"type": "tool", "name": name}, messages=turn)
    body = json.loads(wire.body)
    alias = body["tools"][0]["function"]["name"]
    assert alias != name
    assert len(alias) <= 64
    assert wire.tool_names == {alias: name}
    assert body["tool_choice"]["function"]["name"] == alias
    assert body["messages"][0]["tool_calls"][0]["function"]["name"] == alias


@pytest.mark.parametrize(
    ("choice", "written"),
    [
        ({"type": "auto"}, {"tool_choice": "auto"}),
        ({"type": "none"}, {"tool_choice": "none"}),
        ({"type": "any"}, {"tool_choice": "required"}),
        (
            {"type": "tool", "name": "read"},
            {"tool_choice": {"type": "function", "function": {"name": "read"}}},
        ),
        ({"type": "tool", "name": "gone"}, {}),
        (
            {"type": "auto", "disable_parallel_tool_use": True},
            {"tool_choice": "auto", "parallel_tool_calls": False},
        ),
    ],
)
def test_the_choice_among_tools(choice, written):
    body = body_of({}, tools=[TOOL], tool_choice=choice)
    assert {name: body[name] for name in ("tool_choice", "parallel_tool_calls") if name in body} == written
    assert "parallel_tool_calls" not in body_of({"parallel_tools": False}, tools=[TOOL], tool_choice=choice)
    assert "tool_choice" not in body_of({}, tool_choice=choice)


def test_schemas_for_the_strict():
    schema = {"type": "object", "properties": {"any": True, "type": {"type": "string"}}, "required": ["type"]}
    tool = TOOL | {"input_schema": schema}
    facts = {"strict_schemas": True, "rename_type_parameter": True}
    parameters = tools_of(facts, tool)[0]["function"]["parameters"]
    assert parameters["properties"].keys() == {"any", TYPE_ALIAS}
    assert parameters["properties"]["any"] is not True
    assert parameters["required"] == [TYPE_ALIAS]
    turn = [{"role": "assistant", "content": [call("1", {"type": "x"})]}]
    arguments = body_of(facts, tools=[tool], messages=turn)["messages"][0]["tool_calls"][0]["function"]
    assert json.loads(arguments["arguments"]) == {TYPE_ALIAS: "x"}
    assert tools_of({}, tool)[0]["function"]["parameters"] == schema


@pytest.mark.parametrize(
    ("refused", "absent"),
    [
        ("tools", {"tools", "tool_choice", "parallel_tool_calls"}),
        ("stream_options", {"stream_options"}),
        ("parallel_tool_calls", {"parallel_tool_calls"}),
        ("chat_template_kwargs", {"chat_template_kwargs"}),
    ],
)
def test_refused_fields(refused, absent):
    choice = {"type": "auto", "disable_parallel_tool_use": True}
    asked = {"tools": [TOOL], "tool_choice": choice, "thinking": {"type": "adaptive"}}
    facts = {"thinking_switch": "template"}
    assert body_of(facts, **asked).keys() >= absent
    assert body_of(facts, target={"without": frozenset({refused})}, **asked).keys().isdisjoint(absent)


def test_a_refused_part_of_the_template_leaves_the_others():
    target = {"without": frozenset({"enable_thinking"})}
    body = body_of({"thinking_switch": "template"}, target=target, thinking={"type": "adaptive"})
    assert body["chat_template_kwargs"] == {"thinking": True}
