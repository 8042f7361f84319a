"""What failures do to candidates: the table, row by row, and health against a model of thirty lines."""

from __future__ import annotations

import random

import pytest

from engine.facts import Facts
from engine.health import PROBE_LEASE, Health, HealthRule
from engine.outcome import chain_failed
from engine.state import Skip, State
from providers.failures import OUTCOMES, Failure, Kind
from providers.keys import NO_KEY
from providers.provider import Key
from providers.secrets import Secret
from support.scripted import ScriptedProvider, candidate, request

COUNTS: set[Kind] = {"timeout", "connection", "server_error", "empty", "malformed", "cut"}
BLOCKS: set[Kind] = {"rate_limit", "overloaded"}
VERDICTS: dict[Kind, float] = {
    "auth": 300.0,
    "credit": 3600.0,
    "certificate": 300.0,
    "not_found": 600.0,
    "refused": 600.0,
}
SCOPES: dict[Kind, str] = {"auth": "key", "credit": "key", "certificate": "provider"}
RULE = HealthRule(3, 30.0, 30.0)


def after(*failures: Failure, model: str = "m") -> tuple[State, Skip | Key]:
    """The state after these failures of one candidate a second apart, and how another model of its key stands."""
    provider, state, facts = ScriptedProvider("a"), State(), Facts(request())
    one, now = candidate(provider), 1000.0
    for failure in failures:
        slot = state.take(one, provider.keys[0], now, facts)
        state.failed(slot, failure, now)
        state.give_back(slot)
        now += 1.0
    return state, state.look(candidate(provider, model), now, facts)


@pytest.mark.parametrize("kind", OUTCOMES)
def test_the_table_is_that_of_the_house(kind: Kind) -> None:
    outcome = OUTCOMES[kind]
    assert outcome.health == (kind in COUNTS)
    assert (outcome.block is not None) == (kind in BLOCKS)
    assert outcome.verdict == VERDICTS.get(kind)
    assert outcome.verdict_scope == SCOPES.get(kind, "model")
    assert outcome.local == (kind == "certificate")
    assert outcome.next == {"overflow": "wider", "bad_request": "one other"}.get(kind, "any")
    assert outcome.retries == (kind in BLOCKS | COUNTS - {"timeout"})


@pytest.mark.parametrize("kind", OUTCOMES)
def test_what_a_failure_does_to_its_candidate(kind: Kind) -> None:
    state, found = after(Failure(kind, "no"))
    assert len(state.healths["a/m"].recent) == (kind in COUNTS)
    if kind in BLOCKS:
        assert isinstance(found, Skip)
        assert (found.why, found.until) == ("block", 1010.0)
    elif kind in VERDICTS:
        assert isinstance(found, Skip)
        assert (found.why, found.kind) == ("verdict", kind)
    else:
        assert isinstance(found, Key)


@pytest.mark.parametrize("kind", OUTCOMES)
def test_whom_else_it_concerns(kind: Kind) -> None:
    """A bad key is bad for all models, and so is what a server shows; a block is the model's alone until a second one
    is hit.
    """
    _, found = after(Failure(kind, "no"), model="other")
    assert isinstance(found, Skip) == (kind in SCOPES)


@pytest.mark.parametrize("kind", SCOPES)
@pytest.mark.parametrize("keys", [(NO_KEY,), (Key("0", Secret("k")), Key("1", Secret("l")))])
def test_a_verdict_reaches_as_far_as_its_cause(kind: Kind, keys: tuple[Key, ...]) -> None:
    """Another key may be good, another certificate is not to be had."""
    state, facts = State(), Facts(request())
    provider = ScriptedProvider("a", keys=keys)
    slot = state.take(candidate(provider), provider.keys[0], 0.0, facts)
    state.failed(slot, Failure(kind, "no", hint="do this"), 0.0)
    found = state.look(candidate(provider), 1.0, facts)
    assert isinstance(found, Skip) == (kind == "certificate" or keys == (NO_KEY,))
    if isinstance(found, Skip):
        assert found.text == "no (do this)"


@pytest.mark.parametrize("kind", sorted(COUNTS))
def test_the_third_rests(kind: Kind) -> None:
    state, found = after(*[Failure(kind, "no")] * 3)
    assert isinstance(found, Skip)
    assert (found.why, found.until) == ("resting", 1032.0)
    assert state.healths["a/m"].until == 1032.0


@pytest.mark.parametrize("kind", OUTCOMES)
def test_what_is_ours_is_nobodys_failure(kind: Kind) -> None:
    state, found = after(*[Failure(kind, "no", ours=True)] * 5)
    assert isinstance(found, Key)
    assert not state.blocks.asides


def test_a_refusal_of_what_was_said_is_no_verdict() -> None:
    assert isinstance(after(Failure("refused", "no", content=True))[1], Key)


@pytest.mark.parametrize(("times", "rests"), [((0.0, 15.0, 30.0), False), ((0.0, 15.0, 29.999), True)])
def test_the_window_is_exact(times: tuple[float, ...], rests: bool) -> None:
    health = Health(RULE)
    for at in times:
        health.failed(1000.0 + at, None)
    assert health.rests_at(1000.0 + times[-1]) == rests


def test_a_rest_is_exact() -> None:
    health = Health(RULE)
    for at in (0.0, 1.0, 2.0):
        health.failed(at, None)
    health.failed(20.0, None)
    assert health.rests_at(31.999)
    assert not health.rests_at(32.0)
    lease = health.enter(32.0)
    assert lease is not None
    assert health.rests_at(32.0)
    assert health.enter(33.0) is None
    assert not health.rests_at(32.0 + PROBE_LEASE)


def test_a_lost_probe_that_reports_late_is_not_believed() -> None:
    health = Health(RULE)
    for _ in range(3):
        health.failed(0.0, None)
    lost = health.enter(30.0)
    second = health.enter(30.0 + PROBE_LEASE)
    health.succeeded(lost)
    assert health.until is not None
    health.succeeded(second)
    assert health.until is None


def test_rests_double_up_to_their_cap_for_ever() -> None:
    health, rests, now = Health(HealthRule(1, 30.0, 30.0, 300.0)), [], 0.0
    for _ in range(2000):
        health.failed(now, health.enter(now))
        assert health.until is not None
        rests.append(health.until - now)
        now = health.until
    assert rests[:5] == [30.0, 60.0, 120.0, 240.0, 300.0]
    assert set(rests[5:]) == {300.0}


class Reference:
    """Health as the founding text says it, and half-open with one probe."""

    def __init__(self) -> None:
        self.failures: list[float] = []
        self.until = 0.0
        self.probing: float | None = None

    def asked(self, now: float) -> bool | None:
        """None: may not be asked. True: as the probe."""
        if not self.until:
            return False
        if now < self.until or (self.probing is not None and now < self.probing + PROBE_LEASE):
            return None
        self.probing = now
        return True

    def ended(self, now: float, word: str, probe: bool) -> None:
        if probe:
            self.probing = None
            if word == "well":
                self.failures, self.until = [], 0.0
            elif word == "failed":
                self.until = now + 30.0
        elif word == "failed" and not self.until:
            self.failures = [at for at in [*self.failures, now] if at > now - 30.0]
            if len(self.failures) >= 3:
                self.failures, self.until = [], now + 30.0


@pytest.mark.parametrize("seed", range(20))
def test_health_agrees_with_the_reference(seed: int) -> None:
    dice, now = random.Random(seed), 1000.0
    health, reference = Health(RULE), Reference()
    out: list[tuple[float | None, bool]] = []
    for _ in range(1000):
        now += dice.choice((0.0, 0.5, 1.0, 7.5, 15.0, 30.0))
        if dice.random() < 0.5 or not out:
            expected = reference.asked(now)
            assert health.rests_at(now) == (expected is None)
            if expected is not None:
                lease = health.enter(now)
                assert (lease is not None) == expected
                out.append((lease, expected))
        else:
            lease, probe = out.pop(dice.randrange(len(out)))
            if probe and lease is not None and now >= lease:
                continue  # a lost probe, tested above
            word = dice.choice(("well", "failed", "failed", "released"))
            reference.ended(now, word, probe)
            if word == "well":
                health.succeeded(lease)
            elif word == "failed":
                health.failed(now, lease)
            else:
                health.released(lease)
        assert (health.until or 0.0) == reference.until


def test_who_is_put_aside_is_named_with_what_was_said_of_it() -> None:
    aside = Skip("block", "slow down", 1_012.0)
    skips = [("a/m", aside), ("a/n", aside), ("b/m", Skip("limit", "b/m: 2 per minute", 1_030.0))]
    failed = chain_failed([], skips, 1_000.0)
    assert failed.message == "a/m: slow down; b/m: 2 per minute (again in 12 s)"
    assert (failed.status, failed.retry_after) == (429, 12)
    keyless = Skip("verdict", "a needs KEY", kind="auth")
    failed = chain_failed([], [("a/m", keyless), ("b/m", Skip("verdict", "wrong key", kind="auth"))], 0.0)
    assert failed.message == "a needs KEY; b/m: wrong key"
