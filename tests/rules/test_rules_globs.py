"""Globs against the table of all pairs of beginnings, one by one and many at once."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.globs import Matcher, bits, matches, normal

GLOBS = st.text(alphabet="ab*?", max_size=7)
TEXTS = st.text(alphabet="abc\n", max_size=8)


def plainly(glob: str, text: str) -> bool:
    row = [True] + [False] * len(text)
    for sign in glob:
        new = [row[0] and sign == "*"]
        for at, character in enumerate(text, 1):
            new.append(new[at - 1] or row[at] if sign == "*" else row[at - 1] and sign in ("?", character))
        row = new
    return row[-1]


@given(GLOBS, TEXTS)
def test_a_glob_matches_what_it_says(glob, text):
    assert matches(glob, text) == plainly(glob, text)
    assert matches(normal(glob), text) == plainly(glob, text)


@given(st.lists(GLOBS, max_size=8), TEXTS)
def test_many_globs_at_once_match_as_each_alone(globs, text):
    matcher = Matcher(globs)
    found = {matcher.globs[number] for number in bits(matcher.matched(text))}
    assert found == {glob for glob in globs if plainly(glob, text)}


@pytest.mark.parametrize(
    ("glob", "text", "expected"),
    [
        ("*haiku*", "claude-haiku-4-5", True),
        ("*Haiku*", "claude-haiku-4-5", False),
        ("zen/*", "zen/", True),
        ("a.c", "abc", False),
        ("[a]", "a", False),
        ("?", "é", True),
    ],
)
def test_everything_but_stars_and_question_marks_stands_for_itself(glob, text, expected):
    assert matches(glob, text) is expected


def test_matching_takes_time_linear_in_the_text():
    glob = "*a" * 30 + "*b"
    started = time.perf_counter()
    assert not matches(glob, "a" * 20_000)
    assert time.perf_counter() - started < 2
