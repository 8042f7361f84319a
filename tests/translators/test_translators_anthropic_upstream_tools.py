"""Calls, results and tools towards Messages upstreams."""

from __future__ import annotations

import pytest

from support.messages_wire import (
    ANTHROPIC,
    BOTH,
    IMAGE,
    NATIVE,
    TOOL,
    TOOLS,
    body_of,
    call,
    conversation,
    result,
    text,
)


@BOTH
def test_results_come_first(facts):
    sent_ = conversation(
        facts,
        ("user", "go"),
        ("assistant", [call("a"), call("b")]),
        ("system" if facts is NATIVE else "user", "note"),
        ("user", [text("and"), result("a"), result("b")]),
    )
    content = sent_[-1][1]
    assert [block["type"] for block in content] == ["tool_result", "tool_result", "text", "text"]


@BOTH
def test_a_call_without_a_result_gets_one_and_a_result_without_a_call_becomes_text(facts):
    nothing = result("b", "(no result)")
    assert conversation(
        facts, ("user", "go"), ("assistant", [call("a"), call("b")]), ("user", [result("a"), text("x")])
    )[-1] == ("user", [result("a"), nothing, text("x")])
    assert conversation(facts, ("user", "go"), ("assistant", [call("b")]))[-1] == ("user", [nothing])
    assert conversation(facts, ("user", "go"), ("assistant", [call("b")]), ("assistant", "x"))[-1] == (
        "user",
        [nothing],
    )
    stray = text("[Result of an earlier tool call z]")
    assert conversation(facts, ("user", [result("z", "lost")])) == [("user", [stray, text("lost")])]
    twice = conversation(facts, ("assistant", [call("a")]), ("user", [result("a"), result("a", "again")]))
    assert twice[-1][1][0] == result("a")
    assert [block["type"] for block in twice[-1][1]] == ["tool_result", "text", "text"]


def test_a_system_message_may_stand_between_call_and_result():
    messages = [("assistant", [call("a")]), ("system", "note"), ("user", [result("a")])]
    assert conversation(ANTHROPIC, *messages)[-1] == ("user", [result("a")])


@BOTH
@pytest.mark.parametrize(
    ("value", "written"),
    [
        ({"a": 1}, {"a": 1}),
        (None, {}),
        ('{"a": 1}', {"a": 1}),
        ("x", {"input": "x"}),
        ([1], {"input": [1]}),
        (3, {"input": 3}),
    ],
)
def test_inputs_are_objects(facts, value, written):
    block = call("a") | {"input": value}
    assert conversation(facts, ("assistant", [block]), ("user", [result("a")]))[0][1][0]["input"] == written


@BOTH
def test_ids_are_legal_and_agree(facts):
    messages = conversation(
        facts,
        ("assistant", [call("toolu_1"), call("call:1/ö")]),
        ("user", [result("toolu_1"), result("call:1/ö")]),
    )
    ids = [block["id"] for block in messages[0][1]]
    assert ids[0] == "toolu_1"
    assert ids[1].startswith("toolu_")
    assert ids[1].replace("_", "").isalnum()
    assert [block["tool_use_id"] for block in messages[1][1]] == ids


def test_images_in_results_follow_the_results_where_a_result_may_hold_none():
    messages = [("assistant", [call("a")]), ("user", [result("a", [text("see"), IMAGE]), text("x")])]
    for facts in (ANTHROPIC, NATIVE | {"tool_images": True}):
        assert conversation(facts, *messages)[1][1][0]["content"] == [text("see"), IMAGE]
    moved = conversation(NATIVE, *messages)[1][1]
    assert moved == [result("a", [text("see")]), text("[Output of tool call a]"), IMAGE, text("x")]


def test_tools():
    assert body_of(ANTHROPIC, tools=TOOLS)["tools"] == TOOLS
    written = body_of(NATIVE, tools=TOOLS)["tools"]
    assert [tool["name"] for tool in written] == ["read", "second"]
    assert written[0] == TOOL | {"input_schema": {"type": "object", "properties": {"a": True}}}
    assert written[1] == TOOL | {"name": "second", "cache_control": {"type": "ephemeral"}}
    cleaned = body_of(NATIVE | {"strict_schemas": True}, tools=TOOLS)["tools"]
    assert cleaned[0]["input_schema"]["properties"]["a"] is not True
    for facts in (ANTHROPIC, NATIVE):
        without = body_of(facts | {"tools": False}, tools=TOOLS, tool_choice={"type": "any"})
        assert without.keys().isdisjoint({"tools", "tool_choice"})


@pytest.mark.parametrize(
    ("choice", "native"),
    [
        ({"type": "any"}, True),
        ({"type": "tool", "name": "read"}, True),
        ({"type": "tool", "name": "web_search"}, False),
    ],
)
def test_a_choice_of_a_tool_that_is_not_sent_is_none(choice, native):
    assert body_of(ANTHROPIC, tools=TOOLS, tool_choice=choice)["tool_choice"] == choice
    assert ("tool_choice" in body_of(NATIVE, tools=TOOLS, tool_choice=choice)) == native
