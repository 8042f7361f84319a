"""The analysis of policies as large as people write them."""

from __future__ import annotations

import random
import time

import pytest

from rules.analysis import Analysis
from rules.globs import bits
from support.analysed import analysed, routes_of


def realistic(size: int) -> str:
    """Models, sizes and tasks as people write them; some routes are dead."""
    rng = random.Random(size)
    lines = []
    for number in range(size - 1):
        model = rng.choice(
            ["*haiku*", "*sonnet*", "claude-*", "*opus*", f"zen/model-{number}", f"*-{number}"]
        )
        tests = [
            f'model is "{model}"',
            rng.choice([f"tokens > {rng.randint(1, 40) * 5}k", f"tokens < {rng.randint(1, 40) * 5}k"]),
            rng.choice(["images > 0", "images = 0", "documents > 0"]),
            f"task in ({', '.join(rng.sample(['main', 'subagent', 'compact', 'search', 'title'], 2))})",
            rng.choice(["thinking", "stream", "not thinking", "effort in (high, max)"]),
            f'tool is "{rng.choice(["WebSearch", "Bash", "mcp__*", "mcp__git*"])}"',
            rng.choice(["time in 22:00..06:00", "day in (sat, sun)", "turns > 100"]),
        ]
        chosen = [tests[0], *rng.sample(tests[1:], rng.choice([0, 1, 1, 2, 2, 3]))]
        lines.append(f"route r{number} when {' and '.join(chosen)} answer locally")
    return "\n".join([*lines, "route rest answer locally"])


def everything(analysis: Analysis) -> int:
    """All questions that lint asks; how many routes are dead."""
    dead = 0
    for number in range(len(analysis.routes)):
        analysis.possible(number)
        analysis.otherwise(number)
        if analysis.reached(number).never:
            dead += 1
            assert analysis.cover(number)
        list(analysis.idle(number))
    assert analysis.gap.never
    assert analysis.undecided == []
    return dead


@pytest.mark.parametrize(("size", "seconds"), [(50, 2), (300, 8)])
def test_policies_of_a_realistic_size_are_decided_quickly(size, seconds):
    routes = routes_of(realistic(size))
    started = time.process_time()
    assert everything(Analysis(routes)) > 0
    assert time.process_time() - started < seconds


def test_covers_name_only_routes_that_can_be_reached():
    found = analysed(realistic(50))
    for number in range(50):
        if found.reached(number).never:
            assert all(found.reached(one).request for one in found.cover(number))
    assert list(bits(0b101)) == [0, 2]
