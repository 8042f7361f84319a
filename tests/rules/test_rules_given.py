"""Requests said by their facts: defaults, values of every type, and what is wrong with others."""

from __future__ import annotations

import pytest

from rules.facts import FACTS
from rules.given import DEFAULTS, GivenError, GivenFacts, from_nodes, from_values
from rules.nodes import Expect
from rules.parser import parse


def given(text):
    document, found = parse(f"expect a given {text}")
    assert found == []
    (expect,) = document.statements
    assert isinstance(expect, Expect)
    return from_nodes(expect.given)


def test_every_fact_has_a_default():
    assert set(DEFAULTS) == {name for name in FACTS if name != "header"}
    view = GivenFacts({})
    for name, fact in FACTS.items():
        value = fact.read(view)
        assert (value("x-any") == "") if name == "header" else (value == DEFAULTS[name])


def test_defaults_fit_their_facts():
    for name, value in DEFAULTS.items():
        if FACTS[name].words:
            assert value in FACTS[name].words


def test_the_facts_of_an_expect():
    view = given(
        'model "claude-haiku-4-5", tokens 130k, thinking, task title, day sat, time 22:30, '
        'tool "Bash", tool "Read", header.X-Team "red", effort high'
    )
    assert (view.model, view.tokens, view.thinking, view.stream) == ("claude-haiku-4-5", 130_000, True, False)
    assert (view.task, view.day, view.minute, view.effort) == ("title", "sat", 22 * 60 + 30, "high")
    assert (view.tool, view.tools) == (frozenset({"Bash", "Read"}), 2)
    assert view.header("x-team") == view.header("X-Team") == "red"


@pytest.mark.parametrize(
    ("said", "name", "value"),
    [
        ({"tokens": "130k"}, "tokens", 130_000),
        ({"tokens": 5.0}, "tokens", 5),
        ({"time": "07:05"}, "minute", 425),
        ({"time": 425}, "minute", 425),
        ({"tool": "Bash"}, "tool", frozenset({"Bash"})),
        ({"tool": ["A", "B"]}, "tools", 2),
        ({"tool": ["A", "B"], "tools": 9}, "tools", 9),
        ({"stream": True}, "stream", True),
        ({"client": "laptop"}, "client", "laptop"),
    ],
)
def test_values_of_json_and_command_lines(said, name, value):
    assert getattr(from_values(said), name) == value


def test_headers_by_name_or_as_a_mapping():
    for said in ({"header.X-A": "1"}, {"header": {"X-A": "1"}}):
        assert from_values(said).header("x-a") == "1"


@pytest.mark.parametrize(
    ("said", "part"),
    [
        ({"token": 1}, "did you mean `tokens`?"),
        ({"header": "x"}, "no fact `header`"),
        ({"tokens": "many"}, "130k"),
        ({"tokens": -1}, "whole number"),
        ({"tokens": 1.5}, "whole number"),
        ({"tokens": True}, "whole number"),
        ({"tokens": ""}, "whole number"),
        ({"tokens": float("inf")}, "whole number"),
        ({"tokens": float("nan")}, "whole number"),
        ({"task": "titel"}, "did you mean `title`?"),
        ({"day": ["mon"]}, "never"),
        ({"thinking": "yes"}, "true or false"),
        ({"model": 5}, "text"),
        ({"time": "24:00"}, "22:30"),
        ({"time": "noon"}, "22:30"),
        ({"time": 1440}, "22:30"),
        ({"tool": 5}, "list of texts"),
        ({"tool": [5]}, "text"),
        ({"header.x": 5}, "text"),
    ],
)
def test_what_a_fact_cannot_be(said, part):
    with pytest.raises(GivenError) as caught:
        from_values(said)
    assert part in str(caught.value)
