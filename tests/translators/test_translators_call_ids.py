"""Calls that share an id get one of their own before they go to any upstream."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from translators.anthropic_request import read_request
from translators.call_ids import distinct_calls
from translators.dialects import speaker
from translators.profile import Dialect, Profile
from translators.wire import Target


def call(name: str) -> dict[str, Any]:
    return {"type": "tool_use", "id": name, "name": "run", "input": {}}


def result(name: str, said: str) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": name, "content": said}


def turn(*calls: dict[str, Any]) -> dict[str, Any]:
    return {"role": "assistant", "content": list(calls)}


def answer(*results: dict[str, Any]) -> dict[str, Any]:
    return {"role": "user", "content": list(results)}


def ids(messages: list[dict[str, Any]]) -> list[list[str]]:
    return [[block.get("id") or block.get("tool_use_id") for block in one["content"]] for one in messages]


def test_numbers_that_are_given_out_already_are_passed_over() -> None:
    messages = [turn(call("a-3"), call("a"), call("a"), call("a"), call("a-3"), call("a"))]
    assert ids(distinct_calls(messages)) == [["a-3", "a", "a-2", "a-4", "a-3-2", "a-5"]]


@pytest.mark.parametrize("dialect", ["anthropic", "openai-chat", "openai-responses", "gemini"])
@pytest.mark.parametrize("same", [True, False])
def test_the_cost_is_linear_in_the_calls(dialect: Dialect, same: bool) -> None:
    """It was half a minute: each call was compared with all before it."""
    names = ["c" if same else f"c{at}" for at in range(15_000)]
    messages = [
        {"role": "user", "content": "hi"},
        turn(*map(call, names)),
        answer(*(result(name, "x") for name in reversed(names))),
    ]
    body = {"model": "m", "max_tokens": 1, "messages": messages}
    request, target = (
        read_request(json.dumps(body).encode(), {}),
        Target("m", Profile(dialect=dialect), stream=False),
    )
    began = time.process_time()
    speaker(dialect).write_request(request, target)
    assert time.process_time() - began < 3


def test_ids_of_their_own_stay() -> None:
    messages = [turn(call("a"), call("b")), answer(result("b", "2"), result("a", "1"))]
    assert distinct_calls(messages) is messages


@pytest.mark.parametrize(
    ("messages", "wanted"),
    [
        (
            [turn(call("x")), answer(result("x", "1")), turn(call("x")), answer(result("x", "2"))],
            [["x"], ["x"], ["x-2"], ["x-2"]],
        ),
        (
            [turn(call("x"), call("x")), answer(result("x", "1"), result("x", "2"))],
            [["x", "x-2"], ["x", "x-2"]],
        ),
        ([turn(call("x")), turn(call("x")), answer(result("x", "1"))], [["x"], ["x-2"], ["x"]]),
        (
            [turn(call("x")), answer(), turn(call("x")), answer(result("x", "2"))],
            [["x"], [], ["x-2"], ["x-2"]],
        ),
        ([turn(call("x-2"), call("x"), call("x"))], [["x-2", "x", "x-3"]]),
        ([turn(call("x"), call("x")), answer(result("y", "1"))], [["x", "x-2"], ["y"]]),
    ],
    ids=["in every turn", "side by side", "in two pieces", "unanswered", "taken", "stray"],
)
def test_the_second_of_an_id_gets_another(messages: list[dict[str, Any]], wanted: list[list[str]]) -> None:
    before = json.dumps(messages)
    assert ids(distinct_calls(messages)) == wanted
    assert json.dumps(messages) == before


@pytest.mark.parametrize("dialect", ["openai-chat", "openai-responses", "gemini", "anthropic"])
@pytest.mark.parametrize("first_party", [False, True])
def test_every_dialect_sends_distinct_ids(dialect: Dialect, first_party: bool) -> None:
    messages = [
        {"role": "user", "content": "Run."},
        turn(call("x"), call("x")),
        answer(result("x", "first"), result("x", "second")),
    ]
    body = {"model": "m", "max_tokens": 9, "messages": messages}
    request = read_request(json.dumps(body).encode(), {})
    target = Target("m", Profile(dialect=dialect, first_party=first_party))
    sent = speaker(dialect).write_request(request, target).body.decode()
    assert sent.count('"x-2"') == 2
    assert sent.count('"x"') == 2
    assert "earlier tool call" not in sent


@pytest.mark.parametrize("dialect", ["openai-chat", "openai-responses", "gemini", "anthropic"])
def test_a_compaction_is_told_as_text(dialect: Dialect) -> None:
    summary = {"type": "compaction", "content": "They built a bridge."}
    messages = [{"role": "user", "content": "Go on."}, turn(summary), {"role": "user", "content": "And?"}]
    request = read_request(json.dumps({"model": "m", "max_tokens": 9, "messages": messages}).encode(), {})
    sent = speaker(dialect).write_request(request, Target("m", Profile(dialect=dialect))).body.decode()
    assert "They built a bridge." in sent
    assert "compaction" not in sent
