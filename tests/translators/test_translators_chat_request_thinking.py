"""Thinking towards Chat Completions: how earlier thinking goes back, and how it is switched."""

from __future__ import annotations

import pytest

from support.chat_wire import (
    TURN,
    body_of,
    call,
    called,
    conversation,
    result,
    said,
    text,
    thought,
)
from translators.signatures import carrying

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


def test_no_answer_goes_back_without_a_thought_where_one_is_needed():
    turn = [
        ("user", "a"),
        ("assistant", "b"),
        ("user", "c"),
        ("assistant", [call("1")]),
        ("user", [result("1")]),
    ]
    facts = {"replay": "reasoning_content", "needs_thought": True}
    assert [one.get("reasoning_content") for one in conversation(facts, *turn)] == [
        None,
        " ",
        None,
        " ",
        None,
    ]
    thoughtful = conversation(facts, ("user", "a"), ("assistant", [thought("Hm."), text("b")]))
    assert thoughtful[1]["reasoning_content"] == "Hm."
    refused = conversation(facts, *turn, target={"without": frozenset({"reasoning_content"})})
    assert all("reasoning_content" not in one for one in refused)


def test_refused_reasoning_is_not_sent_back():
    target = {"without": frozenset({"reasoning_content"})}
    messages = conversation({"replay": "reasoning_content"}, *TURN, target=target)
    assert "reasoning_content" not in messages[1]


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
        ("effort", {}, ADAPTIVE, None, {}, {}),
        ("effort", {}, BUDGET, None, {}, {"reasoning_effort": "medium"}),
        ("effort", {}, {**BUDGET, "budget_tokens": 4096}, None, {}, {"reasoning_effort": "low"}),
        ("effort", {}, {**BUDGET, "budget_tokens": 31999}, None, {}, {"reasoning_effort": "high"}),
        ("effort", {}, BUDGET, "low", {}, {"reasoning_effort": "low"}),
        ("effort", {"efforts": ("high",)}, ADAPTIVE, "medium", {}, {"reasoning_effort": "high"}),
        ("effort", {"efforts": ("high",)}, OFF, "medium", {}, {"reasoning_effort": "none"}),
        ("effort", {"efforts": ("high",)}, ADAPTIVE, "low", {"effort": "low"}, {"reasoning_effort": "low"}),
        ("effort", {"efforts": ("high",), **ALWAYS}, OFF, None, {}, {"reasoning_effort": "high"}),
        ("effort", {"efforts": ("low", "medium")}, ADAPTIVE, "max", {}, {"reasoning_effort": "medium"}),
        ("effort", {"efforts": ("low", "medium")}, ADAPTIVE, "low", {}, {"reasoning_effort": "low"}),
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
