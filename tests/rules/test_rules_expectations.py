"""Conditions read plainly, and the `expect` statements of a policy put to it."""

from __future__ import annotations

import time

import pytest

from rules.evaluate import deciding, first_failing, holds, written
from rules.expectations import Expectations
from rules.given import GivenFacts, from_values
from rules.nodes import Route
from rules.parser import parse
from rules.resolve import resolve
from rules.settings import Settings

RULES = """
alias a = zen/a
alias b = zen/b
alias c = nvidia_nim/c
chain coding = a then b
offer b
route long when tokens > 120k and not thinking use c then coding
route chores when task in (title, quota_probe) answer locally
route rest use coding then c on timeout
"""


def condition(text):
    document, found = parse(f"route r when {text} use zen/x")
    assert [one for one in found if one.severity == "error"] == []
    (route,) = document.statements
    assert isinstance(route, Route)
    return route.condition, f"route r when {text} use zen/x"


@pytest.mark.parametrize(
    ("text", "said", "outcome"),
    [
        ('model is "*haiku*"', {"model": "claude-haiku-4-5"}, True),
        ('model is "*haiku*"', {"model": "claude-Haiku"}, False),
        ('model in ("a", "b*")', {"model": "bc"}, True),
        ("tokens > 120k", {"tokens": 120_000}, False),
        ("tokens >= 120k", {"tokens": 120_000}, True),
        ("tokens in 1k..2k", {"tokens": 2000}, False),
        ("images = 1", {"images": 1}, True),
        ("time in 22:00..06:00", {"time": "05:59"}, True),
        ("time in 22:00..06:00", {"time": "06:00"}, False),
        ("time in 22:00..06:00", {"time": "22:00"}, True),
        ("thinking", {"thinking": True}, True),
        ("not thinking", {"thinking": True}, False),
        ("day in (sat, sun)", {"day": "sun"}, True),
        ('tool is "Web*"', {"tool": ["Bash", "WebSearch"]}, True),
        ('tool is "Web*"', {}, False),
        ('header.x-a is "1"', {"header.x-a": "1"}, True),
        ("stream or (thinking and images > 0)", {"thinking": True, "images": 1}, True),
        ("not (stream or thinking)", {"stream": True}, False),
    ],
)
def test_conditions_as_they_are_written(text, said, outcome):
    node, _ = condition(text)
    view = from_values(said)
    assert holds(node, view) is outcome
    assert (first_failing(node, view) is None) is outcome


@pytest.mark.parametrize(
    ("text", "said", "test", "saw"),
    [
        ("tokens > 5 and images > 0", {"tokens": 9}, "images > 0", 0),
        ("tokens > 5 and images > 0", {}, "tokens > 5", 0),
        ("stream or images > 0", {}, "stream", False),
        ("not (stream and thinking)", {"stream": True, "thinking": True}, "stream", True),
        ("not (stream or thinking)", {"thinking": True}, "thinking", True),
    ],
)
def test_the_first_test_that_decided_against(text, said, test, saw):
    node, source = condition(text)
    failing = first_failing(node, from_values(said))
    assert failing is not None
    assert (written(failing.test, source), failing.saw) == (test, saw)


def test_what_decides_alone():
    node, source = condition("stream or (thinking and images > 0)")

    def decided(**said):
        return [written(one, source) for one in deciding(node, GivenFacts(said))]

    assert decided() == ["stream"]
    assert decided(stream=True) == ["stream"]
    assert decided(thinking=True) == ["stream", "images > 0"]
    assert decided(thinking=True, images=1) == ["thinking", "images > 0"]
    assert decided(stream=True, thinking=True, images=1) == []
    assert deciding(None, GivenFacts({})) == []


def expectations(expects):
    document, found = parse(RULES + expects)
    assert [one for one in found if one.severity == "error"] == []
    return Expectations(resolve(document, Settings(), {}), {})


@pytest.mark.parametrize(
    "expect",
    [
        "rest given tokens 5 to try a, b",
        "rest given tokens 5 to try coding",
        "rest given tokens 5 to try zen/a, b",
        "rest given a failing timeout to try coding, c",
        "rest given a resting to try b, c",
        "rest given coding limited, tokens 1",
        "long given tokens 130k to try c, coding",
        "long given tokens 130k, coding resting, c failing to try c",
        "chores given task title",
    ],
)
def test_expectations_that_hold(expect):
    made = expectations(f"expect {expect}")
    (result,) = made.results()
    assert made.problem(result) is None
    assert result.holds


@pytest.mark.parametrize(
    ("expect", "problem"),
    [
        ("long given tokens 130k, thinking", "the request goes to `rest`, not to `long`"),
        ("rest given task title", "the request goes to `chores`, not to `rest`"),
        ('rest given model "zen/b"', "the request goes to `offer b`, not to `rest`"),
        ("rest given tokens 1 to try b, a", "a, b would be tried, not b, a"),
        ("rest given coding limited to try a", "nobody would be tried, not a"),
        ("chores given task title to try a", "`chores` asks no model"),
    ],
)
def test_what_happens_instead(expect, problem):
    made = expectations(f"expect {expect}")
    (result,) = made.results()
    assert not result.holds
    assert made.problem(result) == problem


def test_what_no_expectation_tests():
    made = expectations("expect rest given tokens 1\nexpect long given tokens 130k")
    results = made.results()
    assert [route.name for route in made.unreached(results)] == ["chores"]
    text = RULES
    assert [written(one, text) for _, one in made.undecided(results)] == []
    made = expectations("expect long given tokens 130k")
    undecided = [(route.name, written(one, text)) for route, one in made.undecided(made.results())]
    assert undecided == [("chores", "task in (title, quota_probe)")]


def test_a_policy_in_which_no_route_takes_the_request():
    document, _ = parse("route a when images > 0 use zen/a\nexpect a given tokens 1")
    made = Expectations(resolve(document, Settings(), {}), {})
    (result,) = made.results()
    assert made.problem(result) == "no route takes the request, not to `a`"


FILE = "rules = '''\nroute long when tokens > 120k use zen/a\nroute rest use zen/b\n{}\n'''\n"


def test_findings_say_what_happened_and_why(read_policy):
    loaded = read_policy(FILE.format("expect long given tokens 5\nexpect rest given tokens 130k"))
    first, second = (one for one in loaded.diagnostics if one.code == "FCC701")
    assert loaded.policy is not None
    assert first.message == "the request goes to `rest`, not to `long`"
    assert first.help == "`long` does not take it: `tokens > 120k`, and the value is 5"
    assert first.witness == {"tokens": 5}
    assert [label.text for label in first.labels] == ["takes the request"]
    assert second.help == "`rest` would take it, but stands further down"


def test_a_file_without_expectations_is_left_alone(read_policy):
    assert not [one for one in read_policy(FILE.format("")).diagnostics if one.code.startswith("FCC7")]


def test_thousands_of_expectations_are_looked_up_and_not_tried_one_route_after_the_other():
    size = 1_500
    routes = [f'route r{number} when client is "c{number}" use zen/x' for number in range(size)]
    expects = [f'expect r{number} given client "c{number}"' for number in range(size)]
    document, found = parse("\n".join([*routes, *expects]))
    assert found == []
    asked = Expectations(resolve(document, Settings(), {}), {})
    started = time.process_time()
    results = asked.results()
    assert all(one.holds for one in results)
    assert asked.undecided(results) == []
    assert time.process_time() - started < 5
