"""When a model rests, moment by moment: the window, the rest, the one probe and its lease, rests that grow."""

from __future__ import annotations

import pytest

from engine.health import PROBE_LEASE, Health, HealthRule

RULE = HealthRule(failures=2, window=30.0, rest=10.0)


def resting(rule: HealthRule = RULE, now: float = 0.0) -> Health:
    """Begins its first rest now."""
    health = Health(rule)
    for _ in range(rule.failures):
        health.failed(now, None)
    return health


def probed(health: Health, now: float) -> float:
    """The lease of the probe that is sent now."""
    lease = health.enter(now)
    assert lease is not None
    assert lease == now + PROBE_LEASE
    return lease


def test_it_rests_for_as_long_as_its_rule_says() -> None:
    health = resting()
    assert (health.until, health.rests, list(health.recent)) == (10.0, 1, [])
    assert [health.rests_at(now) for now in (0.0, 9.999, 10.0)] == [True, True, False]


@pytest.mark.parametrize(("second", "rests"), [(29.999, True), (30.0, False)])
def test_failures_count_for_a_window(second: float, rests: bool) -> None:
    health = Health(RULE)
    health.failed(0.0, None)
    health.failed(second, None)
    assert health.rests_at(second) == rests
    assert list(health.recent) == ([] if rests else [second])


def test_whoever_is_healthy_needs_no_probe() -> None:
    health = Health(RULE)
    assert health.enter(5.0) is None
    assert health.leased_until is None
    health.succeeded(None)
    health.failed(6.0, None)
    health.succeeded(None)
    assert list(health.recent) == [6.0], "only a probe's success takes failures back"


def test_one_probe_at_a_time_until_its_lease_is_over() -> None:
    health = resting()
    lease = probed(health, 10.0)
    assert health.enter(10.0) is None
    assert health.rests_at(lease - 0.001)
    assert health.enter(lease - 0.001) is None
    assert not health.rests_at(lease)
    assert probed(health, lease) == lease + PROBE_LEASE


def test_a_probe_that_succeeds_heals() -> None:
    health = resting()
    lease = probed(health, 10.0)
    health.recent.append(9.0)
    health.succeeded(lease)
    assert health == Health(RULE)


def test_a_probe_that_fails_begins_a_rest_of_its_own() -> None:
    health = resting()
    health.failed(12.0, probed(health, 11.0))
    assert (health.until, health.rests, health.leased_until) == (22.0, 2, None)


def test_a_probe_of_who_rests_again_changes_nothing_but_gives_its_place_back() -> None:
    """In a panic those that rest are asked as well."""
    health = resting()
    health.failed(3.0, probed(health, 2.0))
    assert (health.until, health.rests, health.leased_until) == (10.0, 1, None)
    health = resting()
    health.failed(10.0, probed(health, 2.0))
    assert (health.until, health.rests) == (20.0, 2), "the rest was over at that very moment"


@pytest.mark.parametrize("now", [3.0, 12.0])
def test_what_fails_without_being_the_probe_neither_shortens_nor_extends(now: float) -> None:
    health = resting()
    for lease in (None, 1.0):
        health.failed(now, lease)
    assert (health.until, health.rests, list(health.recent)) == (10.0, 1, [])


def test_a_lost_lease_is_worth_nothing() -> None:
    health = resting()
    lost = probed(health, 10.0)
    now = probed(health, lost)
    for report in (health.succeeded, health.released):
        report(lost)
        report(None)
    health.failed(lost + 1.0, lost)
    assert (health.until, health.leased_until) == (10.0, now)


def test_a_probe_without_a_word_gives_its_place_back() -> None:
    health = resting()
    health.released(probed(health, 10.0))
    assert (health.until, health.rests, health.leased_until) == (10.0, 1, None)
    assert not health.rests_at(10.0)


@pytest.mark.parametrize(
    ("cap", "rests"), [(None, [10, 10, 10]), (35.0, [10, 20, 35, 35]), (4.0, [10, 10]), (10.0, [10, 10])]
)
def test_rests_in_a_row_double_up_to_a_cap(cap: float | None, rests: list[float]) -> None:
    health, now = resting(HealthRule(2, 30.0, 10.0, cap)), 0.0
    for rest in rests:
        assert health.until == now + rest
        now += rest
        health.failed(now, probed(health, now))


def test_the_longest_row_of_rests_is_a_number() -> None:
    health, now = resting(HealthRule(1, 30.0, 1.0, 5.0)), 0.0
    for _ in range(2_000):
        now += 5.0
        health.failed(now, probed(health, now))
    assert health.until == now + 5.0


def test_after_a_success_the_row_begins_anew() -> None:
    health = resting(HealthRule(1, 30.0, 10.0, 100.0))
    health.failed(10.0, probed(health, 10.0))
    assert health.until == 30.0
    health.succeeded(probed(health, 30.0))
    health.failed(31.0, None)
    assert health.until == 41.0


def test_what_others_say_is_taken() -> None:
    health = Health(RULE)
    health.heard(20.0)
    assert (health.until, health.rests) == (20.0, 0)
    health.heard(15.0)
    assert health.until == 20.0, "the longer of two rests holds"
    health.heard(25.0)
    assert health.until == 25.0
    health.leased_until, health.rests = 80.0, 3
    health.recent.append(1.0)
    health.healed()
    assert health == Health(RULE)


def test_idle_is_who_has_nothing_to_be_remembered() -> None:
    assert Health(RULE).idle(0.0)
    health = Health(RULE)
    health.failed(1.0, None)
    health.failed(32.0, None)
    assert [health.idle(now) for now in (32.0, 61.999, 62.0)] == [False, False, True]
    assert not resting().idle(1_000.0), "who rests is half-open until it is asked"
    assert resting().idle(10_000.0), "or nobody has asked for it for long"
    asked = resting()
    asked.enter(9_990.0)
    assert not asked.idle(10_000.0)
