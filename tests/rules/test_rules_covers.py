"""Smallest covers against trying all sets, and what is taken where looking for the smallest would take too long."""

from __future__ import annotations

import random
from itertools import combinations

import pytest

from rules.covers import MAX_ROUNDS, MAX_SIZE, smallest_cover, smallest_hitting


def cover_of(requests: list[int], takers: int) -> tuple[int, int]:
    """The cover that is found, and how often was asked. Each request is the mask of those who take it."""
    asked = 0

    def left_over(chosen: int) -> int:
        nonlocal asked
        asked += 1
        return next((one for one in requests if not one & chosen), 0)

    return smallest_cover(left_over, takers), asked


def fewest(requests: list[int], takers: int) -> int:
    """The size of a smallest set of which each request has one."""
    bits = [1 << bit for bit in range(takers.bit_length())]
    return next(
        size
        for size in range(len(bits) + 1)
        for some in combinations(bits, size)
        if all(one & sum(some) for one in requests)
    )


@pytest.mark.parametrize("seed", range(100))
def test_a_cover_takes_all_and_none_is_smaller(seed: int) -> None:
    dice = random.Random(seed)
    takers = (1 << dice.randint(1, 9)) - 1
    requests = [dice.randint(1, takers) for _ in range(dice.randint(0, 12))]
    cover, _ = cover_of(requests, takers)
    assert all(one & cover for one in requests)
    least = fewest(requests, takers)
    assert least > MAX_SIZE or cover.bit_count() == least
    assert least > MAX_SIZE or (smallest_hitting(requests) or 0).bit_count() == least


def test_what_needs_more_than_the_largest_that_is_searched_for_is_made_minimal_from_its_end() -> None:
    needed = MAX_SIZE + 1
    requests = [1 << bit | 1 << bit + needed for bit in range(needed)]
    assert smallest_hitting(requests) is None
    assert smallest_hitting(requests[1:]) is not None
    cover, _ = cover_of(requests, (1 << 2 * needed) - 1)
    assert cover == (1 << needed) - 1


def test_the_search_ends_after_so_many_rounds() -> None:
    """Any three of a hundred do, but each set of one or two has to be tried before that is known."""
    asked = 0

    def left_over(chosen: int) -> int:
        nonlocal asked
        asked += 1
        return takers & ~chosen if chosen.bit_count() < 3 else 0

    takers = (1 << 100) - 1
    assert smallest_cover(left_over, takers) == 0b111
    assert asked == MAX_ROUNDS + 100
