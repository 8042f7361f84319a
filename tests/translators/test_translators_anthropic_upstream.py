"""Requests towards Messages upstreams: everything for Anthropic, common ground for the others."""

from __future__ import annotations

import json
from typing import Any

import pytest

from support.messages_wire import (
    ADAPTIVE,
    ANTHROPIC,
    BOTH,
    HIGH,
    IMAGE,
    NATIVE,
    TOOL,
    TOOLS,
    body_of,
    call,
    conversation,
    result,
    sent,
    text,
)
from translators import anthropic
from translators.anthropic_request import read_request
from translators.profile import Profile
from translators.wire import Target

DOCUMENT = {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "AA=="}}


@BOTH
def test_model_stream_and_version(facts):
    wire = sent(facts, target={"stream": False})
    body = json.loads(wire.body)
    assert (wire.path, wire.headers["anthropic-version"]) == ("/v1/messages", "2023-06-01")
    assert (body["model"], body["stream"], body["max_tokens"]) == ("model", False, 1000)


WHOLE = {
    "temperature": 0.5,
    "top_p": 0.9,
    "top_k": 4,
    "stop_sequences": ["x"],
    "metadata": {"user_id": "u"},
    "context_management": {"edits": []},
    "output_config": {"effort": "high", "format": {"type": "json_schema", "schema": {}}},
    "safeguards": [{"type": "dangerous_tool_use"}],
    "container": "c",
    "service_tier": "auto",
    "something_new": 1,
}


def test_anthropic_gets_every_field():
    body = body_of(ANTHROPIC, **WHOLE)
    assert {name: body[name] for name in WHOLE} == WHOLE


def test_others_get_what_is_common_ground():
    body = body_of(NATIVE, **WHOLE)
    common = {"model", "messages", "stream", "max_tokens", "temperature", "top_p", "top_k", "stop_sequences"}
    assert body.keys() == common | {"system"}
    assert body["system"][0]["text"].startswith("Answer with nothing but one JSON value")


def test_betas_go_to_anthropic_only_and_without_those_of_refused_fields():
    headers = {"anthropic-beta": "effort-2025-11-24, context-management-2025-06-27,oauth-2025-04-20,"}
    assert "anthropic-beta" not in sent(NATIVE, headers=headers).headers
    assert sent(ANTHROPIC, headers=headers).headers["anthropic-beta"] == (
        "effort-2025-11-24,context-management-2025-06-27,oauth-2025-04-20"
    )
    refused = {"without": frozenset({"context_management", "output_config.effort"})}
    assert sent(ANTHROPIC, headers=headers, target=refused).headers["anthropic-beta"] == "oauth-2025-04-20"
    refused = {"without": frozenset({"anthropic-beta"})}
    assert "anthropic-beta" not in sent(ANTHROPIC, headers=headers, target=refused).headers


SYSTEM = [
    text("x-anthropic-billing-header: cc_version=1;"),
    text("You are.", cache_control={"type": "ephemeral"}),
]


def test_the_billing_header_is_for_anthropic():
    assert body_of(ANTHROPIC, system=SYSTEM)["system"] == SYSTEM
    assert body_of(NATIVE, system=SYSTEM)["system"] == SYSTEM[1:]
    assert "system" not in body_of(NATIVE, system=SYSTEM[:1])
    assert body_of(NATIVE, system="You are.")["system"] == "You are."


@pytest.mark.parametrize(
    ("facts", "limit"),
    [
        ({"output": 400}, 400),
        ({"output": 4000}, 1000),
        ({"context": 500}, 440),
    ],
)
def test_max_tokens_is_clamped_to_what_the_model_can(facts, limit):
    assert abs(body_of(NATIVE | facts)["max_tokens"] - limit) <= 60


def test_system_messages_stay_where_they_are_taken_and_are_folded_elsewhere():
    messages = [
        ("user", "a"),
        ("system", "b"),
        ("assistant", "c"),
        ("user", "d"),
        ("system", [text("e", cache_control={"type": "ephemeral"})]),
    ]
    assert [role for role, _ in conversation(ANTHROPIC, *messages)] == [role for role, _ in messages]
    folded = [text("a"), text("<system-reminder>\nb\n</system-reminder>")]
    last = text("<system-reminder>\ne\n</system-reminder>", cache_control={"type": "ephemeral"})
    for facts in (NATIVE, ANTHROPIC | {"inline_system": False}):
        assert conversation(facts, *messages) == [
            ("user", folded),
            ("assistant", "c"),
            ("user", [text("d"), last]),
        ]
    refused = {"without": frozenset({"messages.1.role"})}
    assert [role for role, _ in conversation(ANTHROPIC, *messages, target=refused)] == [
        "user",
        "assistant",
        "user",
    ]


@BOTH
def test_neighbours_of_one_role_are_one_message_and_blanks_are_none(facts):
    assert conversation(
        facts, ("user", "a"), ("user", [text(""), text("b")]), ("assistant", " \n"), ("user", "c")
    ) == [("user", [text("a"), text("b"), text("c")])]


@BOTH
def test_an_answer_to_be_gone_on_with_does_not_end_in_blanks(facts):
    assert conversation(facts, ("user", "a"), ("assistant", "It is \n"))[-1] == ("assistant", "It is")


def test_what_else_a_message_says_goes_to_anthropic():
    messages = [{"role": "user", "content": "a", "output_config": {"effort": "low"}}]
    assert body_of(ANTHROPIC, messages=messages)["messages"][0]["output_config"] == {"effort": "low"}
    assert body_of(NATIVE, messages=messages)["messages"][0].keys() == {"role", "content"}
    forced = body_of(ANTHROPIC, messages=messages, target={"effort": "high"})
    assert "output_config" not in forced["messages"][0]
    assert forced["output_config"] == {"effort": "high"}


def test_media_stay_where_they_are_taken():
    content = [IMAGE, DOCUMENT, text("x")]
    assert conversation(ANTHROPIC, ("user", content)) == [("user", content)]
    assert conversation(NATIVE | {"documents": True}, ("user", content)) == [("user", content)]
    blind = conversation(NATIVE | {"images": False}, ("user", content))[0][1]
    assert [block["type"] for block in blind] == ["text", "text", "text"]
    assert "image was left out" in blind[0]["text"]
    assert "was left out" in blind[1]["text"]


def test_blocks_of_anthropic_alone_become_text_or_nothing_elsewhere():
    content = [
        {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}},
        {"type": "web_search_tool_result", "tool_use_id": "s", "content": []},
        text("found", citations=[{"cited_text": "x"}]),
    ]
    assert conversation(ANTHROPIC, ("user", "a"), ("assistant", content))[1][1] == content
    assert conversation(NATIVE, ("user", "a"), ("assistant", content))[1] == ("assistant", "found")
    reference = [{"type": "tool_reference", "tool_name": "WebFetch"}]
    said = conversation(NATIVE, ("assistant", [call("a")]), ("user", [result("a", reference)]))
    assert said[1][1][0]["content"] == [text("The tool WebFetch is available now.")]
    said = conversation(ANTHROPIC, ("assistant", [call("a")]), ("user", [result("a", reference)]))
    assert said[1][1][0]["content"] == reference


@pytest.mark.parametrize(
    ("refused", "missing"),
    [
        ("context_management", "context_management"),
        ("thinking.display", '"display"'),
        ("output_config.effort", '"effort"'),
        ("cache_control", "cache_control"),
        ("messages.0.content.0.cache_control", "cache_control"),
        ("tools.0.custom.defer_loading", "defer_loading"),
        ("tools", "input_schema"),
        ("temperature", "temperature"),
    ],
)
@pytest.mark.parametrize("where", ["without", "drop"])
def test_refused_fields_are_left_out_wherever_they_stand(refused, missing, where):
    mark = {"cache_control": {"type": "ephemeral"}}
    asked: dict[str, Any] = {
        "system": [text("s", **mark)],
        "messages": [{"role": "user", "content": [text("a", **mark)]}],
        "tools": TOOLS,
        "tool_choice": {"type": "auto"},
        "thinking": ADAPTIVE,
        "temperature": 1,
        "output_config": HIGH,
        "context_management": {},
    }
    facts = ANTHROPIC | ({"drop": (refused,)} if where == "drop" else {})
    target = {"without": frozenset({refused})} if where == "without" else {}
    assert missing in sent(ANTHROPIC, **asked).body.decode()
    written = sent(facts, target=target, **asked).body.decode()
    assert missing not in written
    assert json.loads(written)["messages"][0]["content"][0]["text"] == "a"
    assert ("tool_choice" in written) == (refused != "tools")


def test_arguments_and_schemas_keep_fields_of_refused_names():
    tool = TOOL | {"input_schema": {"type": "object", "properties": {"display": {}}}}
    messages = [{"role": "assistant", "content": [call("a", {"display": 1})]}]
    body = body_of(
        ANTHROPIC, messages=messages, tools=[tool], target={"without": frozenset({"thinking.display"})}
    )
    assert body["messages"][0]["content"][0]["input"] == {"display": 1}
    assert body["tools"] == [tool]


@BOTH
def test_the_request_itself_is_left_as_it_was(facts):
    body = {
        "model": "m",
        "max_tokens": 9,
        "system": SYSTEM,
        "tools": TOOLS,
        "thinking": ADAPTIVE,
        "output_config": HIGH,
        "messages": [
            {"role": "user", "content": [text("a")]},
            {"role": "user", "content": "b", "output_config": HIGH},
            {"role": "assistant", "content": [call("a:b"), text("x ")]},
            {"role": "user", "content": [text("c"), result("a:b", [text(""), IMAGE])]},
        ],
    }
    request = read_request(json.dumps(body).encode(), {})
    refused = frozenset({"thinking.display", "cache_control"})
    anthropic.write_request(request, Target("model", Profile(**facts), effort="low", without=refused))
    assert request.body == body


def test_extra_fields_of_the_profile():
    assert body_of(NATIVE | {"extra": {"seed": 1}})["seed"] == 1
