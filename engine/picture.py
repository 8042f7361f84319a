"""The state of every candidate at this moment, for people: who may be asked, who not, why, and until when.

Times are seconds since 1970, because those who look at them have no monotonic clock.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from engine.blocks import Blocks
from engine.candidates import Candidate, Limit
from engine.decision import short
from engine.generation import Generation
from engine.limits import Bucket
from engine.state import State
from rules.policy_types import GroupOf, Plan, Single, UsePlan


def candidates(generation: Generation) -> list[Candidate]:
    """Every model that the policy can ask, each once, in the order of the file."""
    policy = generation.policy
    plans = [route.action.plan for route in policy.routes if isinstance(route.action, UsePlan)]
    plans += [*policy.chains.values(), *(offer.plan for offer in policy.offers)]
    found: dict[str, Candidate] = {}
    for plan in plans:
        for step in _steps(plan):
            candidate = generation.candidate(step, "") if step.provider else None
            if candidate is not None:
                found.setdefault(candidate.id, candidate)
    return list(found.values())


def picture(state: State, generation: Generation, now: float) -> list[dict[str, Any]]:
    """One mapping a candidate; `now` on the clock of the state."""
    return [pictured(state, candidate, now) for candidate in candidates(generation)]


def pictured(state: State, candidate: Candidate, now: float) -> dict[str, Any]:
    provider = candidate.provider
    keys = [_key(state, candidate, key.id, now) for key in provider.keys]
    health, limit = _health(state, candidate, now), _limit(state, candidate, now)
    status, why, until = "healthy", None, None
    if not keys:
        status, why = "verdict", provider.missing or "there is no key"
    elif all(key["until"] is not None for key in keys):
        first = min(keys, key=lambda key: key["until"])
        status, why, until = "verdict" if first["verdict"] else "blocked", first["why"], first["until"]
    elif health is not None and health["state"] != "healthy":
        status, why, until = health["state"], "it failed too often", health["until"]
    elif limit is not None and limit["free_at"] is not None:
        status, why, until = "limited", "its limit is reached", limit["free_at"]
    elif limit is not None and limit["at_once"] and limit["in_flight"] >= limit["at_once"]:
        status, why = "busy", f"{limit['in_flight']} requests are in flight"
    first_token = state.first_token.get(candidate.id)
    return {
        "target": candidate.id,
        "provider": provider.name,
        "state": status,
        "why": why,
        "until": until,
        "in_flight": state.in_flight.get(candidate.id, 0),
        "first_token_ms": None if first_token is None else round(first_token * 1000, 1),
        "health": health,
        "limit": limit,
        "keys": keys,
        "without": sorted(state.fields.of(candidate.id, now)),
    }


def pardon(state: State, targets: list[str]) -> list[str]:
    """An admin's reset: whatever these models (`provider/model`) are put aside for is forgotten, that of their keys
    as well. Those for which there was something to forget.
    """
    forgotten = []
    for target in targets:
        provider, _, model = target.partition("/")
        lifted = _lift(state.blocks, provider, model) | state.fields.forget(target)
        health = state.healths.pop(target, None)
        if lifted or (health is not None and (health.until is not None or health.recent)):
            forgotten.append(target)
    if state.others is not None:
        state.others.pardoned(targets)
    state.wake()
    return forgotten


def _lift(blocks: Blocks, provider: str, model: str) -> bool:
    about = [one for one in blocks.asides if one[0] == provider and (len(one) == 2 or one[2] == model)]
    for subject in about:
        del blocks.asides[subject]
        blocks.strikes.pop(subject, None)
    return bool(about)


def _key(state: State, candidate: Candidate, key: str, now: float) -> dict[str, Any]:
    aside = state.blocks.aside(now, candidate.provider.name, key, candidate.model)
    if aside is None:
        return {"key": key, "until": None, "why": None, "verdict": None}
    return {
        "key": key,
        "until": _wall(aside.until, now),
        "why": short(aside.why),
        "verdict": aside.verdict,
    }


def _health(state: State, candidate: Candidate, now: float) -> dict[str, Any] | None:
    rule, health = candidate.health, state.healths.get(candidate.id)
    if rule is None:
        return None
    until = health.until if health is not None else None
    recent = sum(at > now - rule.window for at in health.recent) if health is not None else 0
    return {
        "state": "healthy" if until is None else "resting" if now < until else "probing",
        "until": None if until is None else _wall(until, now),
        "failures": recent,
        "of": rule.failures,
        "window": rule.window,
        "rests": health.rests if health is not None else 0,
    }


def _limit(state: State, candidate: Candidate, now: float) -> dict[str, Any] | None:
    """Of a limit for each session or client only the rule is told: they are many, and each is free or not."""
    limit = candidate.limit
    if limit is None:
        return None
    buckets = list(_buckets(state, candidate, limit))
    delays = [bucket.delay(now) for bucket in buckets]
    delay = min(delays, default=0.0)
    rule = limit.rule
    return {
        "count": rule.count,
        "window": rule.window,
        "counts": "tokens" if rule.tokens else "requests",
        "each": limit.scope,
        "used": sum(bucket.used for bucket in buckets),
        "at_once": rule.at_once,
        "in_flight": sum(bucket.in_flight for bucket in buckets),
        "free_at": _wall(now + delay, now) if delay > 0 else None,
    }


def _buckets(state: State, candidate: Candidate, limit: Limit) -> Iterator[Bucket]:
    names = [limit.bucket]
    if limit.scope == "key":
        names = [(*limit.bucket, key.id) for key in candidate.provider.keys]
    elif limit.scope:
        return
    for name in names:
        if (bucket := state.buckets.get(name)) is not None:
            yield bucket


def _wall(at: float, now: float) -> float:
    return round(time.time() + at - now, 1)


def _steps(plan: Plan) -> Iterator[Single]:
    for step in plan:
        if isinstance(step, GroupOf):
            for member in step.members:
                yield from _steps(member)
        else:
            yield step
