"""What lint says of random policies, against every request of a small world.

A claim must hold for every request listed, a request that is shown must be one of which the claim is true, and what
the pages of the codes promise to find must be found. `FCC_CLAIMS=10000` tries so many policies.
"""

from __future__ import annotations

import os
import re
from random import Random
from typing import Any

import pytest

from rules.local import LOCAL_TASKS
from support.judged import ABILITIES, Made, Points, Route, filled, fits, made, union

POLICIES = int(os.environ.get("FCC_CLAIMS", "80"))
BLOCKS = 4


def judge(read_policy: Any, policy: Made, points: Points) -> dict[str, int]:
    """Every claim about a policy; how many of each code there were."""
    before = 0
    local = points.where("task", lambda seen: seen in LOCAL_TASKS) if "task" in policy.world else 0
    for one in policy.routes:
        one.holds = points.of(one.condition) & (local if one.local else points.all)
        one.taken = one.holds & ~before
        before |= one.holds
    found = read_policy(policy.text).diagnostics
    assert not [one for one in found if one.code < "FCC300" and one.severity == "error"], (policy.text, found)
    assert not [one for one in found if one.code == "FCC308"], policy.text
    wanted = expected(policy, points, before)
    told: dict[str, list[Any]] = {}
    for one in found:
        told.setdefault(one.code, []).append(one)
    for code, names in wanted.items():
        said = sorted(name_in(one.message) for one in told.get(code, []))
        if code == "FCC301":  # an offer that stands twice is not told of
            said = [one for one in said if not one.startswith("offer ")]
        assert said == sorted(names), (code, said, names, policy.text)
    for one in told.get("FCC301", []):
        dead = next(
            route for route in policy.routes if route.name == name_in(one.message) and not route.taken
        )
        labels = [policy.text[label.span.start : label.span.end] for label in one.labels[:-1]]
        cover = [route for route in policy.routes if route.name.removeprefix("offer ") in labels]
        assert not dead.holds & ~union(route.holds for route in cover), (one, policy.text)
        assert all(dead.holds & ~union(r.holds for r in cover if r is not each) for each in cover), (
            policy.text
        )
    for one in found:
        if one.witness is not None and one.code in ("FCC304", "FCC401", "FCC402", "FCC403", "FCC404"):
            request = filled(policy.world, dict(one.witness))
            taker = policy.first(request)
            assert fits(request), (one, policy.text)
            assert (taker.name if taker else None) == (
                None if one.code == "FCC304" else name_in(one.message)
            ), (
                one,
                policy.text,
            )
            about = next((fact for fact, code in ABILITIES.items() if code == one.code), None)
            assert about is None or request[about] > 0, (one, policy.text)
    return {code: len(ones) for code, ones in told.items()}


def name_in(message: str) -> str:
    found = re.search(r"`((?:offer )?(?:r\d|zen/m\d))`", message)
    return found[1] if found else ""


def expected(policy: Made, points: Points, covered: int) -> dict[str, list[str]]:
    """By code the routes that should be told of."""
    written = [one for one in policy.routes if not one.offer]
    wanted: dict[str, list[str]] = {
        "FCC301": [one.name for one in written if one.holds and not one.taken],
        "FCC302": [one.name for one in written if not one.holds],
        "FCC303": [
            one.name for one in written if one.condition and not one.local and one.holds == points.all
        ],
        "FCC304": [] if covered == points.all else [""],
        "FCC404": [],
    }
    for ability, code in ABILITIES.items():
        some = points.where(ability, lambda seen: seen > 0)
        wanted[code] = [one.name for one in written if one.steps and unable(policy, one, ability, some)]
    wanted["FCC402"] = wanted["FCC402"][:1]  # as its page says
    for one in written:
        known = [policy.models.get(step, {}).get("context") for step in one.steps or ()]
        sizes = [size for size in known if size is not None]
        if not sizes or len(sizes) < len(known):
            continue
        longer = points.where("tokens", lambda seen, sizes=sizes: seen > max(sizes))
        if one.taken & longer:
            said = one.condition is not None and "tokens" in one.condition.facts()
            wanted["FCC404"] += [one.name] if said or not one.taken & ~longer else []
    if policy.expects:
        reached = [policy.first(request) for _, request in policy.expects]
        wanted["FCC702"] = [one.name for one in written if one not in reached]
        missed = zip(policy.expects, reached, strict=True)
        wrong = [(expect[0], got) for expect, got in missed if got is None or got.name != expect[0]]
        wanted["FCC701"] = [name if got is None else got.name for name, got in wrong]
    return wanted


def unable(policy: Made, route: Route, ability: str, some: int) -> bool:
    lacking = [one for one in route.steps or () if one != "requested" and not policy.models[one][ability]]
    if len(lacking) == len(route.steps or ()):
        return bool(route.taken & some)
    return bool(lacking and route.taken and not route.taken & ~some)


@pytest.mark.parametrize("block", range(BLOCKS))
def test_every_claim_is_true_and_none_is_missing(read_policy, block):
    seen: dict[str, int] = {}
    for seed in range(block, POLICIES, BLOCKS):
        policy = made(Random(seed))
        for code, count in judge(read_policy, policy, Points(policy.world)).items():
            seen[code] = seen.get(code, 0) + count
    assert {"FCC301", "FCC302", "FCC304", "FCC401", "FCC702"} <= seen.keys()
