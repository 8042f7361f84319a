"""The facts of requests as Claude Code sends them; each is read once, and only when asked for."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime

import pytest

from engine import facts as facts_module
from engine.facts import Facts
from rules.facts import DAYS, EFFORTS, FACTS, TASKS
from support.requests import ask, fixture
from translators.request import Request

SESSION = "3f0c2a9e-5d1b-4f7a-8c36-91b7e2d4a055"


def of(name, headers=None, /, **fields):
    return Facts(fixture(name, headers, **fields))


def test_the_main_conversation():
    view = of("main")
    assert view.model == "claude-opus-5-5"
    assert view.task == "main"
    assert (view.max_tokens, view.turns, view.tools) == (32000, 3, 10)
    assert (view.images, view.documents) == (0, 0)
    assert (view.thinking, view.stream, view.effort) == (True, True, "high")
    assert {"Bash", "WebSearch"} <= view.tool
    assert "DeferredToolPlaceholder" not in view.tool
    assert view.session == SESSION
    assert view.sub_agent == ""
    assert view.agent == "claude-cli/2.1.330 (external, cli)"
    assert view.header("X-App") == "cli"
    assert view.header("x-other") == ""


def test_images_and_documents_count_inside_tool_results_too():
    assert (of("image").images, of("image").documents) == (1, 0)
    view = of("pdf_in_tool_result")
    assert (view.images, view.documents) == (1, 1)


@pytest.mark.parametrize(
    ("thinking", "wanted"),
    [
        (None, False),
        ({"type": "disabled"}, False),
        ({"type": "enabled", "budget_tokens": 2048}, True),
        ({"type": "adaptive"}, True),
        ({"type": "between_tools"}, True),
        ("yes", False),
        ({}, False),
    ],
)
def test_thinking_is_what_the_client_asked_for(thinking, wanted):
    assert of("main", thinking=thinking).thinking is wanted


def test_the_variant_without_thinking_does_not_think():
    view = of("main", model="anthropic/zen/minimax-m2.5-free--no-thinking")
    assert view.model == "zen/minimax-m2.5-free"
    assert view.thinking is False


@pytest.mark.parametrize(
    ("said", "effort"),
    [
        (None, "none"),
        ({}, "none"),
        ({"effort": "max"}, "max"),
        ({"effort": "xhigh"}, "high"),
        ({"effort": "minimal"}, "low"),
        ({"effort": "enormous"}, "none"),
        ({"effort": 3}, "none"),
        ([], "none"),
    ],
)
def test_effort_is_always_one_of_the_words(said, effort):
    assert of("main", output_config=said).effort == effort


def test_the_latest_effort_of_a_message_counts():
    assert of("main_effort_in_message").effort == "max"


@pytest.mark.parametrize(
    ("headers", "user_id", "session"),
    [
        ({"x-session-id": "mine"}, None, "mine"),
        ({"x-session-id": " "}, None, SESSION),
        ({}, None, SESSION),
        ({"x-claude-code-session-id": None}, json.dumps({"session_id": "abc"}), "abc"),
        ({"x-claude-code-session-id": None}, "user_c4_account__session_0a1b-2c", "0a1b-2c"),
        ({"x-claude-code-session-id": None}, "anna@example.com", ""),
        ({"x-claude-code-session-id": None}, '{"session_id": 7}', ""),
        ({"x-claude-code-session-id": None}, '{"session', ""),
        ({"x-claude-code-session-id": None}, ["x"], ""),
        ({"x-claude-code-session-id": None}, '{"a": ' + "[" * 5_000, ""),
        ({"x-claude-code-session-id": None}, json.dumps({"session_id": "abc", "more": "x" * 10_000}), ""),
    ],
)
def test_a_session_is_found_in_its_three_places(headers, user_id, session):
    fields = {} if user_id is None else {"metadata": {"user_id": user_id}}
    assert of("main", headers, **fields).session == session


@pytest.mark.parametrize("odd", ["a b", "x" * 129, "ü", "a/b", "<script>", "line\x7f"])
def test_an_odd_session_id_is_hashed(odd):
    session = of("main", {"x-session-id": odd}).session
    assert session == hashlib.blake2b(odd.encode(), digest_size=16).hexdigest()
    assert of("main", {"x-session-id": "x" * 128}).session == "x" * 128


def test_a_sub_agent_has_its_own_id():
    assert of("subagent").sub_agent == "a5721ee843db944a3"


def test_time_and_day_are_those_given():
    view = Facts(ask("hi"), client="laptop", now=datetime(2026, 11, 25, 22, 5))
    assert (view.minute, view.day, view.client) == (22 * 60 + 5, "wed", "laptop")
    assert Facts(ask("hi")).day in DAYS


def test_system_messages_between_the_others_are_no_turns():
    assert of("main").turns == len(fixture("main").messages) - 1


@pytest.mark.parametrize(("asked", "seen"), [(2**31 + 1, 2**31), (10**30, 2**31), (-5, -5), (1.5, 0)])
def test_a_number_too_large_to_be_written_down_is_the_largest(asked, seen):
    assert of("main", max_tokens=asked).max_tokens == seen


def test_a_fact_is_computed_when_asked_for_and_once(monkeypatch):
    calls = []
    for name in ("task_of", "quick_estimate", "media_of"):
        real = getattr(facts_module, name)
        monkeypatch.setattr(
            facts_module, name, lambda *a, name=name, real=real: calls.append(name) or real(*a)
        )
    view = of("image")
    assert all((view.model, view.stream, view.max_tokens, view.session))
    assert calls == []
    assert [view.task, view.images, view.documents, view.tokens] == [
        view.task,
        view.images,
        view.documents,
        view.tokens,
    ]
    assert sorted(calls) == ["media_of", "quick_estimate", "task_of"]


@pytest.mark.parametrize("odd", [None, 7, "x", [], {}, [None], [7], [{"type": "text"}], [{"type": 3}]])
def test_every_fact_has_a_value_whatever_stands_in_a_field(odd):
    names = ("system", "thinking", "output_config", "metadata", "stop_sequences", "stream", "max_tokens")
    for name in names:
        messages = [{"role": "user", "content": odd}, {"role": "user"}]
        body = {**fixture("main").body, "messages": messages, name: odd}
        view = Facts(Request(body, "m", "m"))
        seen = {name: fact.read(view) for name, fact in FACTS.items()}
        assert seen["task"] in TASKS
        assert seen["effort"] in EFFORTS
        assert seen["tokens"] >= 1
