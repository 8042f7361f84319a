"""Requests towards Chat Completions: one table for each thing that has to be said otherwise there."""

from __future__ import annotations

import json
from typing import Any

import pytest

from translators import openai_chat
from translators.anthropic_request import read_request
from translators.profile import Profile
from translators.schemas import TYPE_ALIAS
from translators.signatures import UNSIGNED, carrying
from translators.wire import Target, WireRequest

IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA=="}}
IMAGE_PART = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
DOCUMENT = {
    "type": "document",
    "title": "plan",
    "source": {"type": "base64", "media_type": "application/pdf", "data": "AA=="},
}
PDF = "data:application/pdf;base64,AA=="
TOOL = {"name": "read", "description": "Reads.", "input_schema": {"type": "object", "properties": {}}}


def sent(facts: dict[str, Any], /, *, target: Any = None, **body: Any) -> WireRequest:
    body = {"model": "m", "max_tokens": 1000, "messages": [{"role": "user", "content": "Hi"}], **body}
    request = read_request(json.dumps(body).encode(), {})
    return openai_chat.write_request(request, Target("model", Profile(**facts), **(target or {})))


def body_of(facts: dict[str, Any], /, **more: Any) -> dict[str, Any]:
    return json.loads(sent(facts, **more).body)


def conversation(facts: dict[str, Any], *messages: tuple[str, Any], **more: Any) -> list[dict[str, Any]]:
    return body_of(
        facts, messages=[{"role": role, "content": content} for role, content in messages], **more
    )["messages"]


def text(said: str) -> dict[str, Any]:
    return {"type": "text", "text": said}


def thought(said: str, signature: str = UNSIGNED) -> dict[str, Any]:
    return {"type": "thinking", "thinking": said, "signature": signature}


def call(tool_id: str, value: Any = None, name: str = "read") -> dict[str, Any]:
    return {"type": "tool_use", "id": tool_id, "name": name, "input": {} if value is None else value}


def result(tool_id: str, content: Any = "ok", **more: Any) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": tool_id, "content": content, **more}


def said(role: str, content: Any, **more: Any) -> dict[str, Any]:
    return {"role": role, "content": content, **more}


def called(*calls: tuple[str, str, str], content: Any = None, **more: Any) -> dict[str, Any]:
    written = [
        {"id": tool_id, "type": "function", "function": {"name": name, "arguments": arguments}}
        for tool_id, name, arguments in calls
    ]
    return {"role": "assistant", "content": content, "tool_calls": written, **more}


def answered(tool_id: str, content: Any) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": tool_id, "content": content}


# ── The body ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_plain_request():
    wire = sent({})
    assert wire.path == "/chat/completions"
    assert json.loads(wire.body) == {
        "model": "model",
        "messages": [said("user", "Hi")],
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": 1000,
    }


@pytest.mark.parametrize(
    ("facts", "asked", "target", "written", "absent"),
    [
        ({}, {"temperature": 0.2, "top_p": 0.5, "top_k": 3}, {}, {"temperature": 0.2, "top_p": 0.5, "top_k": 3}, ()),
        ({"drop": ("temperature", "top_p")}, {"temperature": 1, "top_p": 0.5}, {}, {}, ("temperature", "top_p")),
        ({}, {"top_p": 0.5}, {"without": frozenset({"top_p"})}, {}, ("top_p",)),
        ({}, {"stop_sequences": ["a", "b"]}, {}, {"stop": ["a", "b"]}, ("stop_sequences",)),
        ({}, {}, {"stream": False}, {"stream": False}, ("stream_options",)),
        ({"stream_usage": False}, {}, {}, {"stream": True}, ("stream_options",)),
        ({"max_tokens_field": "max_completion_tokens"}, {}, {}, {"max_completion_tokens": 1000}, ("max_tokens",)),
        ({"output": 400}, {}, {}, {"max_tokens": 400}, ()),
        ({"output": 4000}, {}, {}, {"max_tokens": 1000}, ()),
        ({"context": 800}, {"messages": [{"role": "user", "content": "x" * 3000}]}, {}, {"max_tokens": 100}, ()),
        ({"extra": {"seed": 1, "model": "other"}}, {}, {}, {"seed": 1, "model": "other"}, ()),
        ({}, {"context_management": {}, "metadata": {}}, {}, {}, ("context_management", "metadata")),
    ],
)  # fmt: skip
def test_fields(facts, asked, target, written, absent):
    body = body_of(facts, target=target, **asked)
    assert {name: body[name] for name in written} == written
    assert body.keys().isdisjoint(absent)


SCHEMA = {
    "type": "object",
    "properties": {"a": {"type": "string"}},
    "required": ["a"],
    "additionalProperties": False,
}


@pytest.mark.parametrize("field", ["output_config", "output_format"])
@pytest.mark.parametrize(("schema", "strict"), [(SCHEMA, True), ({"type": "object"}, False)])
def test_a_format_of_json(field, schema, strict):
    wanted = {"type": "json_schema", "schema": schema}
    body = body_of({}, **{field: {"format": wanted} if field == "output_config" else wanted})
    described = body["response_format"]["json_schema"]
    assert (described["name"], described["schema"]) == ("output", schema)
    assert described.get("strict", False) == strict
    assert "response_format" not in body_of({}, output_config={"effort": "high"})


# ── Messages ─────────────────────────────────────────────────────────────────────────────────────────────────────────

CONVERSATIONS: list[tuple[str, dict[str, Any], list[tuple[str, Any]], list[dict[str, Any]]]] = [
    ("texts of a list", {}, [("user", [text("a"), text("b")])], [said("user", "a\n\nb")]),
    ("neighbours of one role", {}, [("user", "a"), ("user", [text("b")])], [said("user", "a\n\nb")]),
    (
        "neighbours of an assistant",
        {},
        [("user", "a"), ("assistant", "b"), ("assistant", [text("c"), call("1")]), ("user", [result("1")])],
        [said("user", "a"), called(("1", "read", "{}"), content="b\n\nc"), answered("1", "ok")],
    ),
    ("nothing said", {}, [("user", "a"), ("assistant", [thought("x")]), ("user", "b")], [said("user", "a\n\nb")]),
    (
        "a system message in its place",
        {},
        [("user", "a"), ("system", "b"), ("assistant", "c"), ("user", "d"), ("system", [text("e")])],
        [said("user", "a"), said("system", "b"), said("assistant", "c"), said("user", "d"), said("system", "e")],
    ),
    (
        "a system message folded",
        {"inline_system": False},
        [("user", "a"), ("system", "b"), ("assistant", "c")],
        [said("user", "a\n\n<system-reminder>\nb\n</system-reminder>"), said("assistant", "c")],
    ),
    (
        "results before all else",
        {},
        [("assistant", [call("1"), call("2")]), ("user", [text("x"), result("2"), result("1")])],
        [
            called(("1", "read", "{}"), ("2", "read", "{}")),
            answered("2", "ok"),
            answered("1", "ok"),
            said("user", "x"),
        ],
    ),
    (
        "a system message between call and result",
        {},
        [("assistant", [call("1")]), ("system", "s"), ("user", [result("1")])],
        [called(("1", "read", "{}")), answered("1", "ok"), said("system", "s")],
    ),
    (
        "results over several messages",
        {},
        [("assistant", [call("1"), call("2")]), ("user", [result("1")]), ("user", [result("2")])],
        [called(("1", "read", "{}"), ("2", "read", "{}")), answered("1", "ok"), answered("2", "ok")],
    ),
    (
        "a call without a result",
        {},
        [("assistant", [call("1")]), ("user", "x")],
        [called(("1", "read", "{}")), answered("1", "(no result)"), said("user", "x")],
    ),
    (
        "a result without a call",
        {},
        [("user", [result("1", "lost")])],
        [said("user", "[Result of an earlier tool call 1]\n\nlost")],
    ),
    (
        "an error",
        {},
        [("assistant", [call("1")]), ("user", [result("1", "no such file", is_error=True)])],
        [called(("1", "read", "{}")), answered("1", "Error:\n\nno such file")],
    ),
    (
        "an error that says so",
        {},
        [("assistant", [call("1")]), ("user", [result("1", [text("Error: gone")], is_error=True)])],
        [called(("1", "read", "{}")), answered("1", "Error: gone")],
    ),
    (
        "an empty result",
        {},
        [("assistant", [call("1")]), ("user", [result("1", [])])],
        [called(("1", "read", "{}")), answered("1", "(no output)")],
    ),
    (
        "a reference to a tool",
        {},
        [("assistant", [call("1")]), ("user", [result("1", [{"type": "tool_reference", "tool_name": "Web"}])])],
        [called(("1", "read", "{}")), answered("1", "The tool Web is available now.")],
    ),
    (
        "an image in a result",
        {},
        [("assistant", [call("1")]), ("user", [result("1", [text("see"), IMAGE]), text("so?")])],
        [
            called(("1", "read", "{}")),
            answered("1", "see"),
            said("user", [text("[Output of read, call 1]"), IMAGE_PART, text("so?")]),
        ],
    ),
    (
        "an image in a result that may hold it",
        {"tool_images": True},
        [("assistant", [call("1")]), ("user", [result("1", [text("see"), IMAGE])])],
        [called(("1", "read", "{}")), answered("1", [text("see"), IMAGE_PART])],
    ),
    ("an image", {}, [("user", [text("see"), IMAGE])], [said("user", [text("see"), IMAGE_PART])]),
    (
        "an image for the blind",
        {"images": False},
        [("user", [IMAGE])],
        [said("user", "[An image was left out: this model cannot see it.]")],
    ),
    (
        "an image by address",
        {},
        [("user", [{"type": "image", "source": {"type": "url", "url": "https://x/y.png"}}])],
        [said("user", [{"type": "image_url", "image_url": {"url": "https://x/y.png"}}])],
    ),
    (
        "a document",
        {"documents": True},
        [("user", [DOCUMENT])],
        [said("user", [{"type": "file", "file": {"filename": "plan.pdf", "file_data": PDF}}])],
    ),
    (
        "a document nobody can read",
        {},
        [("user", [DOCUMENT])],
        [said("user", "[The document “plan” (application/pdf) was left out: this model cannot read it.]")],
    ),
    (
        "a document of text",
        {},
        [("user", [{"type": "document", "title": "t", "source": {"type": "text", "data": "words"}}])],
        [said("user", "t:\nwords")],
    ),
    (
        "blocks without a twin",
        {},
        [("user", "a"), ("assistant", [{"type": "server_tool_use", "id": "s", "name": "w", "input": {}}, text("b")])],
        [said("user", "a"), said("assistant", "b")],
    ),
    ("a role nobody knows", {}, [("tool", "a")], [said("user", "a")]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("facts", "messages", "written"),
    [one[1:] for one in CONVERSATIONS],
    ids=[one[0] for one in CONVERSATIONS],
)
def test_messages(facts, messages, written):
    assert conversation(facts, *messages) == written


def test_the_system_text_comes_first_and_without_the_billing_header():
    system = [text("x-anthropic-billing-header: cc_version=1;"), text("You are."), text("Be.")]
    assert conversation({}, ("user", "a"), system=system)[0] == said("system", "You are.\n\nBe.")
    assert conversation({}, ("user", "a"), system="You are.")[0] == said("system", "You are.")
    assert conversation({}, ("user", "a"), system=system[:1]) == [said("user", "a")]


@pytest.mark.parametrize(
    ("value", "arguments"),
    [({"a": "ü"}, '{"a":"ü"}'), ('{"a": 1}', '{"a":1}'), ("x", '{"input":"x"}'), ([1], '{"input":[1]}')],
)
def test_arguments_are_the_text_of_an_object(value, arguments):
    messages = conversation({}, ("assistant", [call("1") | {"input": value}]), ("user", [result("1")]))
    assert messages[0]["tool_calls"][0]["function"]["arguments"] == arguments


TURN = [("user", "a"), ("assistant", [thought("Hm."), text("b"), call("1")]), ("user", [result("1")])]
SILENT = [("user", "a"), ("assistant", [call("1")]), ("user", [result("1")])]
UNSEEN = [("user", "a"), ("assistant", [thought("", carrying("Hm.")), text("b")]), ("user", "c")]


@pytest.mark.parametrize(
    ("replay", "turn", "message"),
    [
        ("drop", TURN, called(("1", "read", "{}"), content="b")),
        ("reasoning_content", TURN, called(("1", "read", "{}"), content="b", reasoning_content="Hm.")),
        ("reasoning", TURN, called(("1", "read", "{}"), content="b", reasoning="Hm.")),
        ("think-tags", TURN, called(("1", "read", "{}"), content="<think>\nHm.\n</think>\n\nb")),
        ("drop", SILENT, called(("1", "read", "{}"))),
        ("reasoning_content", SILENT, called(("1", "read", "{}"), reasoning_content="")),
        ("reasoning", SILENT, called(("1", "read", "{}"))),
        ("think-tags", SILENT, called(("1", "read", "{}"))),
        ("reasoning_content", UNSEEN, said("assistant", "b", reasoning_content="Hm.")),
    ],
)
def test_earlier_thinking_is_sent_back_as_the_model_wants_it(replay, turn, message):
    assert conversation({"replay": replay}, *turn)[1] == message


def test_refused_reasoning_is_not_sent_back():
    target = {"without": frozenset({"reasoning_content"})}
    messages = conversation({"replay": "reasoning_content"}, *TURN, target=target)
    assert "reasoning_content" not in messages[1]


@pytest.mark.parametrize(
    ("length", "tool_id", "same"), [(None, "toolu_1", True), (None, "x" * 60, False), (9, "toolu_1", False)]
)
def test_ids_agree_between_call_and_result(length, tool_id, same):
    turn = [("assistant", [call(tool_id)]), ("user", [result(tool_id)])]
    first, second = conversation({"tool_id_length": length}, *turn)
    sent_id = first["tool_calls"][0]["id"]
    assert second["tool_call_id"] == sent_id
    assert (sent_id == tool_id) == same
    assert len(sent_id) <= 40
    assert length is None or (len(sent_id) == length and sent_id.isalnum())
    assert conversation({"tool_id_length": length}, *turn)[0] == first


# ── Tools ────────────────────────────────────────────────────────────────────────────────────────────────────────────


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


# ── Thinking ─────────────────────────────────────────────────────────────────────────────────────────────────────────

ADAPTIVE = {"type": "adaptive"}
BUDGET = {"type": "enabled", "budget_tokens": 5000}
OFF = {"type": "disabled"}
SWITCHES = ("chat_template_kwargs", "reasoning_effort", "reasoning", "thinking", "output_config")
ENABLED = {"enable_thinking": True}
ALWAYS = {"thinking": "always"}


@pytest.mark.parametrize(
    ("switch", "facts", "thinking", "effort", "target", "written"),
    [
        ("none", {}, ADAPTIVE, "high", {}, {}),
        ("template", {}, ADAPTIVE, None, {}, {"chat_template_kwargs": {"thinking": True, "enable_thinking": True}}),
        ("template", {}, None, None, {}, {"chat_template_kwargs": {"thinking": False, "enable_thinking": False}}),
        ("template", ALWAYS, OFF, None, {}, {}),
        ("template-thinking", {}, OFF, None, {}, {"chat_template_kwargs": {"thinking": False}}),
        ("template-enable", {}, BUDGET, None, {}, {"chat_template_kwargs": {"enable_thinking": True}}),
        (
            "template-enable",
            {},
            BUDGET,
            None,
            {"budget": 9},
            {"chat_template_kwargs": {**ENABLED, "reasoning_budget": 9}},
        ),
        ("effort", {}, ADAPTIVE, "max", {}, {"reasoning_effort": "high"}),
        ("effort", {}, ADAPTIVE, "low", {}, {"reasoning_effort": "low"}),
        ("effort", {}, ADAPTIVE, "low", {"effort": "xhigh"}, {"reasoning_effort": "xhigh"}),
        ("effort", {}, BUDGET, None, {}, {}),
        ("effort", {}, OFF, "high", {}, {"reasoning_effort": "none"}),
        ("effort", ALWAYS, OFF, "high", {}, {"reasoning_effort": "low"}),
        ("effort", {}, ADAPTIVE, "high", {"thinking": False}, {"reasoning_effort": "none"}),
        ("reasoning", {}, ADAPTIVE, "high", {}, {"reasoning": {"effort": "high"}}),
        ("reasoning", {}, BUDGET, None, {}, {"reasoning": {"max_tokens": 5000}}),
        ("reasoning", {}, ADAPTIVE, None, {}, {"reasoning": {"enabled": True}}),
        ("reasoning", {}, OFF, None, {}, {"reasoning": {"enabled": False}}),
        ("reasoning", ALWAYS, OFF, None, {}, {"reasoning": {"effort": "low"}}),
        ("type", {}, ADAPTIVE, None, {}, {"thinking": {"type": "enabled"}}),
        ("type", {}, OFF, None, {}, {"thinking": {"type": "disabled"}}),
        ("type", ALWAYS, OFF, None, {}, {}),
        ("budget", {}, BUDGET, None, {}, {"thinking": BUDGET}),
        ("adaptive", {}, ADAPTIVE, "low", {}, {"thinking": ADAPTIVE, "output_config": {"effort": "low"}}),
        ("effort", {"thinking": "never"}, ADAPTIVE, "high", {}, {}),
    ],
)  # fmt: skip
def test_thinking(switch, facts, thinking, effort, target, written):
    asked = {"thinking": thinking, "output_config": {"effort": effort} if effort else None}
    asked = {name: value for name, value in asked.items() if value is not None}
    body = body_of({"thinking_switch": switch, **facts}, target=target, **asked)
    assert {name: body[name] for name in SWITCHES if name in body} == written


@pytest.mark.parametrize(("thinking", "word"), [(ADAPTIVE, "on"), (OFF, "off")])
def test_thinking_by_a_line_of_the_system_text(thinking, word):
    messages = conversation(
        {"thinking_switch": "system-line"}, ("user", "a"), system="You are.", thinking=thinking
    )
    assert messages[0] == said("system", f"detailed thinking {word}\n\nYou are.")


def test_the_no_thinking_variant_does_not_think():
    body = body_of({"thinking_switch": "type"}, model="m--no-thinking", thinking=ADAPTIVE)
    assert body["thinking"] == OFF


def test_the_request_itself_is_left_as_it_was():
    body = {
        "model": "m",
        "max_tokens": 9,
        "system": [text("s")],
        "tools": [TOOL | {"input_schema": {"$schema": "x", "properties": {"type": True}}}],
        "messages": [{"role": role, "content": content} for role, content in TURN],
    }
    request = read_request(json.dumps(body).encode(), {})
    profile = Profile(strict_schemas=True, rename_type_parameter=True, thinking_switch="system-line")
    openai_chat.write_request(request, Target("m", profile, without=frozenset({"tools"})))
    assert request.body == body
