"""Shadowed patterns against enumeration: every model id of a few letters, and every smaller set of patterns."""

from __future__ import annotations

import random
from itertools import combinations, product

import pytest

from rules.globs import matches
from rules.lint.shadows import _cover
from rules.nodes import Span, Word

MODELS = [
    one for size in range(3, 7) for one in map("".join, product("abz/", repeat=size)) if "/" in one[1:-1]
]
GLOBS = [
    "*",
    "a/*",
    "*/a",
    "*b*",
    "?/*",
    "*/?",
    "a/b",
    "a/?b",
    "*a/b*",
    "b/*",
    "*/*",
    "z*",
    "*a",
    "??/*",
    "a/*b",
    "a/*b*",
    "*/*/*",
    "*/ab",
    "?*/b*",
    "a/b/*",
]


@pytest.mark.parametrize("block", range(4))
def test_covers_are_there_when_enumeration_says_so_and_no_smaller_ones_are(block):
    rng = random.Random(block)
    fits = {glob: {one for one in MODELS if one[0] != "/" and matches(glob, one)} for glob in GLOBS}
    for _ in range(60):
        *earlier, glob = rng.choices(GLOBS, k=rng.randint(2, 6))
        words = [Word(one, Span(place, place)) for place, one in enumerate(earlier)]
        cover = [one.text for one in _cover(words, glob)]
        assert bool(cover) is (fits[glob] <= set().union(*(fits[one] for one in earlier))), (earlier, glob)
        assert not cover or fits[glob] <= set().union(*(fits[one] for one in cover))
        for few in (few for size in range(len(cover)) for few in combinations(earlier, size)):
            assert not fits[glob] <= set().union(*(fits[one] for one in few)), (earlier, glob, cover)
