"""What is no policy: read without raising, in bounded time, at the cost of as little as can be."""

import time
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules import nodes
from rules.parser import MAX_CHARACTERS, MAX_ERRORS, parse
from support.sample import SAMPLE


def cut(text, node):
    return text[node.span.start : node.span.end]


@given(st.text(st.characters(exclude_categories=()), max_size=200))
def test_any_text_is_read_without_raising(text):
    document, found = parse(text)
    for finding in found:
        assert 0 <= finding.span.start <= finding.span.end <= len(text)
    assert (
        document.statements
        or found
        or not any(line.split("#")[0].strip(" \t\r\f") for line in text.split("\n"))
    )


WORDS = [
    *sorted(set(SAMPLE.split())),
    "(",
    ")",
    ",",
    "=",
    "==",
    "&&",
    "!",
    "'",
    '"',
    "“",
    ";",
    "\n",
    "..",
    "env",
    "else",
    "not",
]


@given(st.lists(st.sampled_from(WORDS), max_size=60), st.sampled_from([" ", "\n", ""]))
@settings(max_examples=300)
def test_any_shuffle_of_the_words_is_read_without_raising(words, glue):
    text = glue.join(words)
    document, found = parse(text)
    assert all(finding.span.end <= len(text) for finding in found)
    assert all(cut(text, statement) for statement in document.statements)


@given(st.integers(0, len(SAMPLE)), st.sampled_from(["", "\u202e", '"', "(", " then ", "route ", "'", "x"]))
def test_one_damage_costs_two_statements_at_most(at, inserted):
    document, _ = parse(SAMPLE[:at] + inserted + SAMPLE[at:])
    assert len(document.statements) >= 17


def test_a_syntax_error_costs_its_own_statement_only():
    lines = [f"alias a{i} = b/c{i}" if i % 3 else f"alias a{i} b/c{i}" for i in range(30)]
    document, found = parse("\n".join(lines))
    assert len(document.statements) == 20
    assert [finding.code for finding in found] == ["FCC101"] * 10


def test_many_errors_end_the_reading():
    started = time.perf_counter()
    document, found = parse("route = use\n" * 5000)
    assert document.statements == ()
    assert [finding.code for finding in found].count("FCC101") == MAX_ERRORS
    assert found[-1].code == "FCC108"
    assert time.perf_counter() - started < 2


@pytest.mark.parametrize(
    "text",
    [
        "x" * MAX_CHARACTERS,
        "(" * MAX_CHARACTERS,
        '"' * MAX_CHARACTERS,
        "# " * (MAX_CHARACTERS // 2),
        "1" * MAX_CHARACTERS,
    ],
)
def test_large_nonsense_is_read_quickly(text):
    started = time.perf_counter()
    _, found = parse(text)
    assert len(found) <= 1
    assert time.perf_counter() - started < 2


def test_numbers_of_absurd_length_are_findings():
    for word in ("1" * 6000, "1" * 6000 + "s", "0." + "1" * 6000):
        _, found = parse(f"route r when tokens > {word} use a start within {word}")
        assert [finding.code for finding in found] == ["FCC101"]


def test_ten_megabytes_are_refused_at_once():
    _, found = parse("alias a = b/c\n" * 700_000)
    assert [finding.code for finding in found] == ["FCC108"]


@pytest.mark.parametrize("opening", ["(", "not ", "not ("])
def test_deep_nesting_is_a_finding(opening):
    depth = 5000
    text = f"route deep when {opening * depth}stream{')' * depth * ('(' in opening)} use a\nroute b use c"
    document, found = parse(text)
    assert [finding.code for finding in found] == ["FCC108"]
    assert [cast(nodes.Route, statement).name.text for statement in document.statements] == ["b"]


def cost_of_routes(count):
    """Least CPU seconds of three runs."""
    text = "\n".join(
        f'route r{i} when tokens > {i}k and (model is "*{i}*" or images > 0) use a then b/c on overflow'
        for i in range(count)
    )
    costs = []
    for _ in range(3):
        started = time.process_time()
        document, found = parse(text)
        costs.append(time.process_time() - started)
        assert (len(document.statements), found) == (count, [])
    return min(costs)


def test_the_cost_of_parsing_grows_with_the_number_of_routes_and_no_faster():
    parse("route warm use a")
    assert cost_of_routes(1000) < 3 * 4 * cost_of_routes(250)
