"""Thinking towards Messages upstreams: whose goes back to whom, and how it is switched."""

from __future__ import annotations

from typing import Any

import pytest

from support.messages_wire import (
    ADAPTIVE,
    ANTHROPIC,
    HIGH,
    NATIVE,
    TOOLS,
    body_of,
    call,
    conversation,
    result,
    text,
    thought,
)
from translators.anthropic.signatures import sealed
from translators.signatures import UNSIGNED, carrying

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


ENABLED = {"type": "enabled", "budget_tokens": 2000, "display": "omitted"}
OFF = {"type": "disabled"}
BUDGET = ANTHROPIC | {"thinking_switch": "budget"}
EFFORT = ANTHROPIC | {"thinking_switch": "adaptive"}


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
