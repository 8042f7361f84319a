"""Conditions evaluated as they are written, one test after the other.

The router decides by tables compiled from the same tests; this is the plain reading of them, for the checks and
commands that look at single requests, and the oracle of the tests. Every fact has a value, so nothing here raises.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from rules.cells import key_of, ranges, read
from rules.facts import FACTS, RequestView
from rules.globs import matches
from rules.nodes import And, Condition, Flag, In, Is, Not, Or, Test
from rules.walk import tests


def written(test: Test, text: str) -> str:
    """A test as it stands in the file, on one line."""
    return " ".join(text[test.span.start : test.span.end].split())


def plain(value: Any) -> Any:
    """A value of a fact as JSON has it: sets as sorted lists."""
    return sorted(value) if isinstance(value, frozenset) else value


Outcome = Callable[[Test], bool]


class Failing(msgspec.Struct, frozen=True):
    """Why a condition does not hold."""

    test: Test
    """The first test that decided against it."""
    saw: Any
    """The value of its fact."""


def holds(condition: Condition | None, view: RequestView) -> bool:
    return _holds(condition, lambda test: test_holds(test, view))


def test_holds(test: Test, view: RequestView) -> bool:
    """Whether a single test holds for a request."""
    value = read(key_of(test.fact), view)
    if isinstance(test, Flag):
        return value is True
    kind = FACTS[test.fact.name].kind
    if kind in ("number", "clock"):
        return any(low <= value and (high is None or value < high) for low, high in ranges(test))
    said = [test.value] if isinstance(test, Is) else list(test.values) if isinstance(test, In) else []
    if kind == "word":
        return any(one.value == value for one in said)
    texts = value if kind == "set" else (value,)
    return any(matches(str(one.value), text) for one in said for text in texts)


def first_failing(condition: Condition | None, view: RequestView) -> Failing | None:
    """The first test because of which the condition does not hold; None when it holds."""
    test = _failing(condition, lambda test: test_holds(test, view), True)
    return None if test is None else Failing(test, read(key_of(test.fact), view))


def deciding(condition: Condition | None, view: RequestView) -> list[Test]:
    """The tests of which each decides alone: with its answer turned around, the condition's would be another."""
    outcome = holds(condition, view)
    found = []
    for one in tests(condition):
        turned = _holds(condition, lambda test, one=one: test_holds(test, view) is not (test is one))
        if turned is not outcome:
            found.append(one)
    return found


def _holds(condition: Condition | None, outcome: Outcome) -> bool:
    match condition:
        case None:
            return True
        case Not():
            return not _holds(condition.item, outcome)
        case And():
            return all(_holds(item, outcome) for item in condition.items)
        case Or():
            return any(_holds(item, outcome) for item in condition.items)
        case _:
            return outcome(condition)


def _failing(condition: Condition | None, outcome: Outcome, wanted: bool) -> Test | None:
    match condition:
        case None:
            return None
        case Not():
            return _failing(condition.item, outcome, not wanted)
        case And() | Or():
            found = [_failing(item, outcome, wanted) for item in condition.items]
            failing = [test for test in found if test is not None]
            enough = bool(failing) if isinstance(condition, And) is wanted else len(failing) == len(found)
            return failing[0] if enough else None
        case _:
            return None if outcome(condition) is wanted else condition
