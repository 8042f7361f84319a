"""Requests towards Messages upstreams: everything for Anthropic, common ground for the others."""

from __future__ import annotations

import json
from typing import Any

import pytest

from translators import anthropic
from translators.anthropic.signatures import sealed
from translators.anthropic_request import read_request
from translators.profile import Profile
from translators.signatures import UNSIGNED, carrying
from translators.wire import Target, WireRequest

ANTHROPIC = {"dialect": "anthropic", "first_party": True}
NATIVE = {"dialect": "anthropic"}
BOTH = pytest.mark.parametrize("facts", [ANTHROPIC, NATIVE], ids=["anthropic", "native"])

TOOL = {"name": "read", "description": "Reads.", "input_schema": {"type": "object", "properties": {}}}


def sent(
    facts: dict[str, Any], /, *, headers: dict[str, str] | None = None, target: Any = None, **body: Any
) -> WireRequest:
    body = {
        "model": "m",
        "max_tokens": 1000,
        "messages": [{"role": "user", "content": "Hi"}],
        "stream": True,
    } | body
    request = read_request(json.dumps(body).encode(), headers or {})
    return anthropic.write_request(request, Target("model", Profile(**facts), **(target or {})))


def body_of(facts: dict[str, Any], /, **more: Any) -> dict[str, Any]:
    return json.loads(sent(facts, **more).body)


def conversation(facts: dict[str, Any], *messages: tuple[str, Any], **more: Any) -> list[tuple[str, Any]]:
    """The messages sent, as pairs; content of one text as that text."""
    asked = [{"role": role, "content": content} for role, content in messages]
    found = []
    for message in body_of(facts, messages=asked, **more)["messages"]:
        content = message["content"]
        if [set(block) for block in content] == [{"type", "text"}]:
            content = content[0]["text"]
        found.append((message["role"], content))
    return found


def text(said: str, **more: Any) -> dict[str, Any]:
    return {"type": "text", "text": said, **more}


def call(tool_id: str, value: Any = None, name: str = "read") -> dict[str, Any]:
    return {"type": "tool_use", "id": tool_id, "name": name, "input": {} if value is None else value}


def result(tool_id: str, content: Any = "ok", **more: Any) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": tool_id, "content": content, **more}


def thought(said: str, signature: str | None) -> dict[str, Any]:
    return {"type": "thinking", "thinking": said, "signature": signature}


IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA=="}}
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
    assert body.keys() == common


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


# ── Messages ─────────────────────────────────────────────────────────────────────────────────────────────────────────


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


THOUGHTS = {
    "anthropic's": thought("A", "EqQBCkYI"),
    "unsigned": thought("B", UNSIGNED),
    "carried": thought("", carrying("C")),
    "sealed": thought("D", sealed("sig", "model")),
    "another's": thought("E", sealed("sig", "other")),
    "empty": thought("F", ""),
    "missing": {"type": "thinking", "thinking": "G"},
}


@pytest.mark.parametrize(
    ("facts", "kept"),
    [
        (ANTHROPIC, [("A", "EqQBCkYI")]),
        (NATIVE, [("D", "sig")]),
        (
            NATIVE | {"replay": "reasoning_content"},
            [("A", ""), ("B", ""), ("C", ""), ("D", "sig"), ("E", ""), ("F", ""), ("G", "")],
        ),
    ],
)
def test_thinking_goes_back_to_whom_can_read_it(facts, kept):
    said = conversation(facts, ("user", "a"), ("assistant", [*THOUGHTS.values(), text("x")]), ("user", "b"))
    blocks = said[1][1]
    blocks = [] if isinstance(blocks, str) else blocks[:-1]
    assert [(block["thinking"], block["signature"]) for block in blocks] == kept


def test_redacted_thinking_goes_back_to_its_own_model():
    blocks = [{"type": "redacted_thinking", "data": data} for data in ("Emw", sealed("own", "model"))]
    for facts, data in ((ANTHROPIC, "Emw"), (NATIVE, "own")):
        said = conversation(facts, ("user", "a"), ("assistant", [*blocks, text("x")]), ("user", "b"))
        assert said[1][1][:-1] == [{"type": "redacted_thinking", "data": data}]


@pytest.mark.parametrize(
    "field", ["signature", "messages.1.content.0", "thinking", "messages.1.content.0.signature"]
)
def test_refused_signatures_take_their_blocks_along(field):
    messages = [("user", "a"), ("assistant", [THOUGHTS["anthropic's"], text("x")]), ("user", "b")]
    said = conversation(ANTHROPIC, *messages, target={"without": frozenset({field})})
    assert (said[1] == ("assistant", "x")) == (field != "messages.1.content.0")


def test_media_stay_where_they_are_taken():
    content = [IMAGE, DOCUMENT, text("x")]
    assert conversation(ANTHROPIC, ("user", content)) == [("user", content)]
    assert conversation(NATIVE | {"documents": True}, ("user", content)) == [("user", content)]
    blind = conversation(NATIVE | {"images": False}, ("user", content))[0][1]
    assert [block["type"] for block in blind] == ["text", "text", "text"]
    assert "image was left out" in blind[0]["text"]
    assert "was left out" in blind[1]["text"]


def test_images_in_results_follow_the_results_where_a_result_may_hold_none():
    messages = [("assistant", [call("a")]), ("user", [result("a", [text("see"), IMAGE]), text("x")])]
    for facts in (ANTHROPIC, NATIVE | {"tool_images": True}):
        assert conversation(facts, *messages)[1][1][0]["content"] == [text("see"), IMAGE]
    moved = conversation(NATIVE, *messages)[1][1]
    assert moved == [result("a", [text("see")]), text("[Output of tool call a]"), IMAGE, text("x")]


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


# ── Tools ────────────────────────────────────────────────────────────────────────────────────────────────────────────

TOOLS = [
    TOOL
    | {"input_schema": {"$schema": "x", "type": "object", "properties": {"a": True}}, "defer_loading": True},
    {"name": "DeferredToolPlaceholder", "input_schema": {}, "defer_loading": True},
    {"type": "web_search_20250305", "name": "web_search"},
    TOOL | {"name": "second", "cache_control": {"type": "ephemeral"}, "strict": True},
]


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


# ── Thinking ─────────────────────────────────────────────────────────────────────────────────────────────────────────

ADAPTIVE = {"type": "adaptive", "display": "omitted"}
ENABLED = {"type": "enabled", "budget_tokens": 2000, "display": "omitted"}
OFF = {"type": "disabled"}
BUDGET = ANTHROPIC | {"thinking_switch": "budget"}
EFFORT = ANTHROPIC | {"thinking_switch": "adaptive"}
HIGH = {"effort": "high"}


def of(budget: int) -> dict[str, Any]:
    return ENABLED | {"budget_tokens": budget}


def switched(facts: dict[str, Any], thinking: Any, effort: Any, target: Any) -> tuple[Any, Any]:
    body = {
        "thinking": thinking,
        "output_config": {"effort": effort} if effort else None,
        "max_tokens": 32000,
    }
    body = {name: value for name, value in body.items() if value is not None}
    written = body_of(facts, **body, target=target)
    return written.get("thinking"), written.get("output_config")


@pytest.mark.parametrize(
    ("facts", "thinking", "effort", "target", "written"),
    [
        # As the client says, where nobody knows better.
        (ANTHROPIC, ADAPTIVE, "high", {}, (ADAPTIVE, HIGH)),
        (ANTHROPIC, ENABLED, None, {}, (ENABLED, None)),
        (ANTHROPIC, OFF, None, {}, (OFF, None)),
        (ANTHROPIC, None, "high", {}, (None, HIGH)),
        (ANTHROPIC, None, None, {"thinking": True}, ({"type": "adaptive"}, None)),
        (ANTHROPIC, ADAPTIVE, "high", {"thinking": False}, (OFF, HIGH)),
        (ANTHROPIC, ADAPTIVE, None, {"budget": 5000}, (of(5000), None)),
        # Servers that are not Anthropic know budgets.
        (NATIVE, ADAPTIVE, "high", {}, ({"type": "enabled", "budget_tokens": 24000}, None)),
        (NATIVE, ENABLED, None, {}, ({"type": "enabled", "budget_tokens": 2000}, None)),
        (NATIVE, OFF, None, {}, (OFF, None)),
        (NATIVE, None, None, {}, (None, None)),
        (NATIVE, ADAPTIVE, None, {"thinking": False}, (OFF, None)),
        (NATIVE | {"thinking": "never"}, ADAPTIVE, "high", {}, (None, None)),
        (NATIVE | {"thinking": "always"}, OFF, None, {}, (None, None)),
        (NATIVE | {"thinking_switch": "type"}, ADAPTIVE, "high", {}, ({"type": "enabled"}, None)),
        # Models that take a budget.
        (BUDGET, ADAPTIVE, "medium", {}, (of(10_000), None)),
        (BUDGET, None, None, {}, (None, None)),
        (BUDGET, None, "high", {"thinking": False}, (OFF, None)),
        (BUDGET | {"output": 2000}, ENABLED, None, {}, (of(1500), None)),
        (BUDGET | {"output": 1200}, ENABLED, None, {}, (OFF, None)),
        # Models that take an effort.
        (EFFORT, ENABLED, "low", {}, (ADAPTIVE, {"effort": "low"})),
        (EFFORT, ENABLED, None, {"budget": 8000}, (ADAPTIVE, {"effort": "medium"})),
        (EFFORT, ADAPTIVE, "low", {"effort": "max"}, (ADAPTIVE, {"effort": "max"})),
        (EFFORT, None, None, {"thinking": True}, ({"type": "adaptive"}, None)),
    ],
)  # fmt: skip
def test_thinking(facts, thinking, effort, target, written):
    assert switched(facts, thinking, effort, target) == written


def test_the_no_thinking_variant_does_not_think():
    assert body_of(ANTHROPIC, model="m--no-thinking", thinking=ADAPTIVE)["thinking"] == OFF


def test_a_format_stays_without_the_effort():
    config = {"effort": "high", "format": {"type": "json_schema", "schema": {}}}
    body = body_of(ANTHROPIC | {"thinking": "never"}, thinking=ADAPTIVE, output_config=config)
    assert body["output_config"] == {"format": config["format"]}


def test_what_does_not_go_with_thinking_gives_way_to_it():
    sampling = {"temperature": 0.2, "top_k": 4, "top_p": 0.5}
    body = body_of(ANTHROPIC, target={"thinking": True}, **sampling)
    assert body.keys().isdisjoint(sampling)
    assert body_of(ANTHROPIC, **sampling).keys() >= sampling.keys()
    assert body_of(ANTHROPIC, thinking=ADAPTIVE, temperature=1, top_p=0.95)["top_p"] == 0.95
    forced = body_of(ANTHROPIC, tools=TOOLS, tool_choice={"type": "any"}, target={"thinking": True})
    assert "thinking" not in forced
    assert forced["tool_choice"] == {"type": "any"}


def test_a_turn_that_did_not_begin_with_thinking_goes_on_without_where_it_has_a_budget():
    messages = [
        {"role": "user", "content": "go"},
        {"role": "assistant", "content": [thought("x", UNSIGNED), call("a")]},
        {"role": "user", "content": [result("a")]},
    ]
    asked: dict[str, Any] = {"messages": messages, "thinking": ENABLED, "max_tokens": 9000}
    assert body_of(BUDGET, **asked)["thinking"] == OFF
    assert body_of(EFFORT, **asked)["thinking"] == ADAPTIVE
    messages[1]["content"][0] = thought("x", "EqQB")
    assert body_of(BUDGET, **asked)["thinking"] == ENABLED


# ── Fields left out ──────────────────────────────────────────────────────────────────────────────────────────────────


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
