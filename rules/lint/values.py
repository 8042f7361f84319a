"""Whether a test, or a value given to an `expect`, fits the type of its fact."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from rules.diagnostics import Edit, Fix
from rules.facts import Fact
from rules.nodes import Compare, Document, Expect, FactName, Flag, Given, In, Is, Span, Test, Value, Within
from rules.walk import all_tests

VALUES = {
    "text": ("glob",),
    "set": ("glob",),
    "header": ("glob",),
    "word": ("word",),
    "number": ("number",),
    "clock": ("clock",),
    "flag": (),
}
"""Kinds of values a fact of each type may be tested against."""

SAYINGS = {
    "text": ("a text", 'match it: `{name} is "*part*"`'),
    "set": ("a set of texts", 'match one of them: `{name} is "Web*"`'),
    "header": ("a text", 'match it: `{name} is "red"`'),
    "word": ("a word", "list words without wildcards: `{example}`"),
    "number": ("a number", "compare it: `{name} > 10k` or `{name} in 1k..10k`"),
    "clock": ("a time of day", "compare it with times: `{name} in 22:00..06:00`"),
    "flag": ("a flag", "it stands alone: `{name}` or `not {name}`"),
}


class Problem(msgspec.Struct, frozen=True):
    """One misfit, ready to be a finding."""

    span: Span
    message: str
    help: str
    fix: Fix | None = None


def values(test: Test) -> tuple[Value, ...]:
    match test:
        case Is() | Compare():
            return (test.value,)
        case In():
            return test.values
        case Within():
            return (test.low, test.high)
        case _:
            return ()


def tested(document: Document) -> Iterator[tuple[FactName, Value]]:
    """Every value a fact is tested against or given."""
    for test in all_tests(document):
        yield from ((test.fact, value) for value in values(test))
    for statement in document.statements:
        if isinstance(statement, Expect):
            yield from ((given.fact, given.value) for given in statement.given if given.value is not None)


def problem(test: Test, fact: Fact) -> Problem | None:
    """What is wrong with the test, if anything. Unknown words are not this function's matter."""
    if isinstance(test, Flag):
        return None if fact.kind == "flag" else _misfit(test.fact.span, test.fact, fact)
    if fact.kind == "flag":
        return _misfit(test.span, test.fact, fact)
    for value in values(test):
        if value.kind not in VALUES[fact.kind]:
            return _misfit(value.span, test.fact, fact)
    if isinstance(test, Compare | Within) and fact.kind not in ("number", "clock"):
        return _misfit(test.span, test.fact, fact, _to_is(test))
    if isinstance(test, Is) and fact.kind in ("number", "clock"):
        return _misfit(test.span, test.fact, fact, _to_equals(test))
    if (
        isinstance(test, Within)
        and fact.kind == "number"
        and not float(test.low.value) < float(test.high.value)
    ):
        return Problem(
            test.span, "the range is empty: its end is not above its beginning", "the end is left out"
        )
    return None


def given_problem(given: Given, fact: Fact) -> Problem | None:
    """What is wrong with a fact of an `expect`; a given text is a text, not a pattern."""
    if given.value is None:
        return None if fact.kind == "flag" else _given(given, "needs a value", fact)
    if given.value.kind not in VALUES[fact.kind]:
        return _given(given, "does not fit", fact)
    return None


def _given(given: Given, why: str, fact: Fact) -> Problem:
    what = SAYINGS[fact.kind][0]
    examples = {"number": "130k", "clock": "22:30", "word": " or ".join(fact.words[:2]), "flag": "on its own"}
    example = examples.get(fact.kind, '"…"')
    return Problem(
        given.span, f"`{_name(given.fact)}` is {what}; this {why}", f"give `{_name(given.fact)} {example}`"
    )


def _name(fact: FactName) -> str:
    return fact.name if fact.key is None else f"{fact.name}.{fact.key}"


def _misfit(span: Span, name: FactName, fact: Fact, fix: Fix | None = None) -> Problem:
    what, advice = SAYINGS[fact.kind]
    text = _name(name)
    return Problem(span, f"`{text}` is {what}", advice.format(name=text, example=fact.example), fix)


def _operator(test: Compare | Is) -> Span:
    return Span(test.fact.span.end, test.value.span.start)


def _to_is(test: Compare | Within) -> Fix | None:
    if isinstance(test, Within) or test.operator != "=":
        return None
    return Fix("write `is`", (Edit(_operator(test), " is "),))


def _to_equals(test: Is) -> Fix:
    return Fix("write `=`", (Edit(_operator(test), " = "),))
