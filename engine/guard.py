"""`[reload] guard`: whether a new policy would move more of the recent traffic than the one in force allows.

Nothing is asked of the analysis: the facts of the latest requests, as the ledger keeps them, are put to both policies.
A request moves when other models would be asked, or in another order, or when it would be answered without one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from engine.recorded import Decider
from rules.budget import Budget
from rules.given import GivenError, from_values
from rules.lint.fcc015_guarded_reload import CODE
from rules.outcomes import Case
from rules.plan import compare
from rules.policy import Loaded
from rules.policy_types import Policy

RECENT = 1_000
"""Requests that are remembered."""
STEPS = 2_000
"""Steps that a comparison may take before two policies are taken to differ: nobody waits long for a reload."""


@dataclass(frozen=True, slots=True)
class Held:
    """Why a policy is held back, and a request that would move."""

    why: str
    witness: Mapping[str, Any] | None


def same(old: Policy, new: Policy) -> bool:
    """Whether only text differs: remarks, layout, names of aliases."""
    found = compare(old, new, budget=Budget(STEPS))
    return found.equivalent and not found.renamed


def guarded(old: Policy, loaded: Loaded, recent: Iterable[Mapping[str, Any]], name: str) -> Loaded:
    """What was loaded, or the same without its policy and with a finding that says why it is held back.

    `recent` are the facts of requests, `name` the id under which it may be confirmed.
    """
    guard = old.settings.reload.guard
    if guard is None or loaded.policy is None:
        return loaded
    before, after = Decider(old), Decider(loaded.policy)
    total, moved = 0, Counter[tuple[Case, Case]]()
    first: Mapping[str, Any] | None = None
    for facts in recent:
        try:
            view = from_values(facts)
        except GivenError:
            continue
        total += 1
        was, now = before.case(view), after.case(view)
        if was.where != now.where:
            moved[was, now] += 1
            first = first or facts
    count = moved.total()
    if not count or count <= guard * total:
        return loaded
    (was, now), _ = moved.most_common(1)[0]
    why = (
        f"{count / total:.0%} of the last {total:,} requests would move, most of them from {_named(was)} to "
        f"{_named(now)}; the policy in force allows {guard:.0%}"
    )
    return held_back(loaded, Held(why, first), name)


def held_back(loaded: Loaded, held: Held, name: str) -> Loaded:
    """What was loaded without its policy, and with the finding that says why."""
    finding = CODE.at(
        loaded.source.place("reload", "guard").value,
        held.why,
        help=f"to serve it, POST /admin/reload?confirm={name} or send SIGHUP twice; `fcc plan` says what changes",
        witness=held.witness,
    )
    return replace(loaded, policy=None, diagnostics=(*loaded.diagnostics, finding))


def _named(case: Case) -> str:
    return "no route" if case.name is None else f"`{case.name}`"
