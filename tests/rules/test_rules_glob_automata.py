"""Texts between globs against all short texts, and smallest sets against all sets."""

from __future__ import annotations

import random
from itertools import combinations, product

import pytest

from rules.covers import smallest_cover, smallest_hitting
from rules.glob_automata import UndecidedError, contains, overlap, text_between
from rules.globs import matches

SHORT = ["".join(signs) for length in range(6) for signs in product("abx", repeat=length)]


def glob(rng: random.Random) -> str:
    return "".join(rng.choice("ab*?") for _ in range(rng.randint(0, 5)))


def fits(text, wanted, unwanted):
    return all(matches(one, text) for one in wanted) and not any(matches(one, text) for one in unwanted)


@pytest.mark.parametrize("block", range(4))
def test_a_text_is_found_exactly_when_there_is_one(block):
    rng = random.Random(block)
    none = 0
    for _ in range(250):
        wanted = tuple(glob(rng) for _ in range(rng.randint(0, 2)))
        unwanted = tuple(glob(rng) for _ in range(rng.randint(0, 3)))
        text = text_between(wanted, unwanted)
        if text is None:
            none += 1
            assert not any(fits(one, wanted, unwanted) for one in SHORT), (wanted, unwanted)
        else:
            assert fits(text, wanted, unwanted), (wanted, unwanted, text)
        if len(wanted) == 2:
            assert overlap(*wanted) == (text_between(wanted, ()) is not None)
            assert contains(*wanted) == (text_between(wanted[1:], wanted[:1]) is None)
    assert 20 < none < 230


def test_what_takes_too_long_is_undecided():
    far_apart = tuple(f"*{letter}{'?' * 9}{letter.upper()}*" for letter in "abcdefg")
    with pytest.raises(UndecidedError):
        text_between(("*a*b*c*d*e*f*g*", *far_apart[:3], "??????????"), far_apart[3:])


def test_texts_that_are_found_can_be_read():
    assert text_between(("claude-*", "*haiku*"), ("claude-haiku",)) == "claude-xhaikux"
    assert text_between(("*",), ("", "x", "0")) not in (None, "", "x", "0")
    assert text_between(("a?",), ("ax", "a0", "aa")) == "az"


def test_the_smallest_set_that_meets_all_is_found():
    rng = random.Random(2)
    for _ in range(200):
        needed = [rng.randint(1, 127) for _ in range(rng.randint(0, 6))]
        found = smallest_hitting(needed)
        assert found is not None
        assert all(one & found for one in needed)
        smaller = [
            sum(1 << bit for bit in bits) for bits in combinations(range(7), max(found.bit_count() - 1, 0))
        ]
        assert not found or not any(all(one & few for one in needed) for few in smaller)


def test_a_cover_that_is_too_large_for_the_search_is_still_minimal():
    parts = [1 << bit for bit in range(9)]

    def left_over(chosen: int) -> int:
        return next((part for part in parts if not part & chosen), 0)

    assert smallest_cover(left_over, (1 << 12) - 1) == (1 << 9) - 1
