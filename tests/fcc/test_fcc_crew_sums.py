"""What several workers tell, as the figures and the state of one server."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from fcc.admin import merged
from fcc.crew.figures import Kept, Processes, Report, Sum, report, summed, told
from fcc.metrics import MOST_NAMES, Counts, Reading, exposition
from support.decisions import row

SERVED = ("rest", "200")


def counted(times: int, **fields: Any) -> Counts:
    counts = Counts()
    for number in range(times):
        counts.request(200, row(number, **fields))
    return counts


def reading(counts: Counts, generation: str = "g", committed: int = 0, **fields: Any) -> Reading:
    ledger = {"ok": True, "committed": committed, "lost": 0}
    return Reading(counts, [], fields.get("in_flight", 0), (generation,), False, fields.get("ledger", ledger))


def sent(one: Reading) -> Report:
    """A report as it comes out of a line."""
    return msgspec.json.decode(msgspec.json.encode(report(one)), type=Report)


def pictured(target: str = "a/one", **fields: Any) -> dict[str, Any]:
    plain = {"target": target, "state": "healthy", "why": None, "until": None, "in_flight": 0}
    return {
        **plain,
        "first_token_ms": None,
        "health": None,
        "limit": None,
        "keys": [],
        "without": [],
        **fields,
    }


def page(**fields: Any) -> dict[str, Any]:
    plain = {"status": "ok", "problems": [], "started": 5.0, "generation": "g", "offline": False}
    return {**plain, "in_flight": [], "candidates": [], "ledger": None, **fields}


def test_counters_and_buckets_add_up_exactly() -> None:
    counts = [counted(3, ms=90.0), counted(0), counted(2, ms=400_000.0)]
    found = summed([sent(reading(one, committed=7, in_flight=2)) for one in counts], told(Counts(), None), 4)
    assert found.counts.requests[SERVED] == 5
    assert found.counts.tokens["a/one", "tokens_in"] == 6_000
    times = found.counts.total[("rest",)]
    assert (times.cumulative()[0], times.cumulative()[-1]) == (("0.25", 3), ("+Inf", 5))
    assert times.sum == pytest.approx(800.27)
    assert (found.in_flight, found.workers) == (6, (4, 3))
    assert found.ledger == {"ok": True, "committed": 21, "lost": 0}


def test_what_the_ended_and_the_silent_have_counted_stays() -> None:
    kept = Kept()
    early, late = told(counted(2), None), told(counted(5), None)
    kept.heard(1, late)
    kept.heard(1, early)
    kept.heard(2, told(counted(4), None))
    kept.ended(1)
    kept.ended(1)
    kept.ended(3)
    assert summed([], kept.besides([2]), 2).counts.requests[SERVED] == 5
    assert summed([], kept.besides([]), 2).counts.requests[SERVED] == 9
    kept.heard(1, told(counted(1), None))  # the number is another process's now
    assert summed([], kept.besides([2]), 2).counts.requests[SERVED] == 6


def test_names_of_the_ended_stay_few() -> None:
    gone = Sum(few=True)
    for worker in range(20):
        counts = Counts()
        for number in range(MOST_NAMES):
            counts.request(200, row(number, route=f"{worker}-{number}", target=f"x/{worker}-{number}"))
        gone.add(told(counts, None))
    assert len(gone.counts.requests) == MOST_NAMES + 1
    assert gone.counts.requests["other", "200"] == 19 * MOST_NAMES
    assert gone.counts.requests.total() == 20 * MOST_NAMES


def test_policies_that_differ_are_all_named() -> None:
    reports = [sent(reading(Counts(), name)) for name in ("old", "new", "old")]
    text, _ = exposition(summed(reports, told(Counts(), None), 3), Processes([], 0.0))
    samples = [one for family in text_string_to_metric_families(text.decode()) for one in family.samples]
    policies = [one.labels["generation"] for one in samples if one.name == "fcc_policy_info"]
    assert policies == ["old", "new"]


def test_a_broken_ledger_in_one_is_a_broken_ledger() -> None:
    broken = {"ok": False, "committed": 1, "lost": 3}
    reports = [sent(reading(Counts())), sent(reading(Counts(), ledger=broken))]
    assert summed(reports, told(Counts(), None), 2).ledger == {"ok": False, "committed": 1, "lost": 3}
    without = [sent(reading(Counts(), ledger=None))]
    assert summed(without, told(Counts(), None), 1).ledger is None


def test_of_a_models_states_the_worst_counts() -> None:
    pictures = [
        [pictured(in_flight=1, first_token_ms=100.0), pictured("b/two")],
        [
            pictured(
                state="resting", why="it failed too often", until=20.0, in_flight=2, without=["seed", "n"]
            )
        ],
        [pictured(state="resting", why="it failed too often", until=30.0, first_token_ms=301.0)],
        [pictured("c/new")],
    ]
    one, two, new = merged.candidates(pictures)
    assert (one["state"], one["until"], one["in_flight"]) == ("resting", 30.0, 3)
    assert (one["why"], one["first_token_ms"]) == ("it failed too often (in 2 of 3 workers)", 200.5)
    assert (two["state"], new["target"]) == ("healthy", "c/new")
    assert (one["without"], two["without"]) == (["n", "seed"], [])


@pytest.mark.parametrize(("apart", "count", "at_once"), [(True, 20, 4), (False, 10, 2)])
def test_what_is_used_of_a_limit_adds_up(apart: bool, count: int, at_once: int) -> None:
    limit = {"count": 10, "at_once": 2, "used": 3, "in_flight": 1, "free_at": None}
    (one,) = merged.candidates(
        [[pictured(limit=limit)], [pictured(limit={**limit, "free_at": 9.0})]], apart=apart
    )
    assert one["limit"] == {"count": count, "at_once": at_once, "used": 6, "in_flight": 2, "free_at": 9.0}


def test_the_state_says_what_is_wrong_with_the_crew() -> None:
    pages = [
        page(in_flight=[{"at": 2.0}], problems=["the file is broken"], started=9.0),
        page(in_flight=[{"at": 1.0}], problems=["the file is broken"], generation="h", offline=True),
    ]
    found = merged.state(pages, 3, apart=True)
    assert found["problems"] == [
        "the file is broken",
        "1 of 3 workers do not answer: what they know is missing here",
        "the workers serve different policies: g, h",
    ]
    assert (found["status"], found["offline"], found["started"]) == ("degraded", True, 5.0)
    assert [one["at"] for one in found["in_flight"]] == [1.0, 2.0]
    assert found["workers"] == {"asked": 3, "answered": 2}
    assert merged.state([page()], 1, apart=True)["status"] == "ok"
