"""Requests towards Chat Completions: one table for each thing that has to be said otherwise there."""

from __future__ import annotations

import json
from typing import Any

import pytest

from support.chat_wire import (
    TOOL,
    TURN,
    body_of,
    call,
    called,
    conversation,
    result,
    said,
    sent,
    text,
    thought,
)
from translators import openai_chat
from translators.anthropic_request import read_request
from translators.profile import Profile
from translators.wire import Target

IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA=="}}
IMAGE_PART = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
DOCUMENT = {
    "type": "document",
    "title": "plan",
    "source": {"type": "base64", "media_type": "application/pdf", "data": "AA=="},
}
PDF = "data:application/pdf;base64,AA=="


def answered(tool_id: str, content: Any) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": tool_id, "content": content}


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
        {"inline_system": True},
        [("user", "a"), ("system", "b"), ("assistant", "c"), ("user", "d"), ("system", [text("e")])],
        [said("user", "a"), said("system", "b"), said("assistant", "c"), said("user", "d"), said("system", "e")],
    ),
    (
        "a system message folded",
        {},
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
        {"inline_system": True},
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
        "words after results, where an answer must stand between",
        {"answer_after_tools": True},
        [("assistant", [call("1")]), ("user", [result("1"), text("more")]), ("assistant", "b"), ("user", "c")],
        [called(("1", "read", "{}")), answered("1", "ok"), said("assistant", "I have read the results."),
         said("user", "more"), said("assistant", "b"), said("user", "c")],
    ),
    (
        "results alone, where an answer must stand between them and words",
        {"answer_after_tools": True},
        [("assistant", [call("1")]), ("user", [result("1")]), ("assistant", "b")],
        [called(("1", "read", "{}")), answered("1", "ok"), said("assistant", "b")],
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
