"""A limit's log, moment by moment: what fits when, places booked and given back, and the width."""

from __future__ import annotations

import pytest

from engine.limits import Booking, Bucket, LimitRule

TWO = LimitRule(count=2, window=10.0)
TOKENS = LimitRule(count=100, window=10.0, tokens=True)


def filled(rule: LimitRule, *sent: tuple[float, int]) -> Bucket:
    bucket = Bucket(rule)
    for at, amount in sent:
        bucket.take(at, amount)
    return bucket


@pytest.mark.parametrize(
    ("sent", "now", "amount", "seconds"),
    [
        ([], 0.0, 1, 0.0),
        ([(0.0, 1)], 0.0, 1, 0.0),
        ([(0.0, 1), (4.0, 1)], 5.0, 1, 5.0),
        ([(0.0, 1), (4.0, 1)], 5.0, 2, 9.0),
        ([(0.0, 1), (4.0, 1)], 9.999, 1, pytest.approx(0.001)),
        ([(0.0, 1), (4.0, 1)], 10.0, 1, 0.0),
        ([(0.0, 1), (1.0, 1), (4.0, 1)], 5.0, 1, 6.0),
        ([], 0.0, 7, 0.0),
        ([(3.0, 1)], 5.0, 7, 8.0),
    ],
)
def test_what_fits_when(sent: list[tuple[float, int]], now: float, amount: int, seconds: float) -> None:
    bucket = filled(TWO, *sent)
    assert bucket.delay(now, amount) == seconds
    assert bucket.used == sum(spent for _, spent in bucket.log)


@pytest.mark.parametrize(("amount", "seconds"), [(40, 0.0), (41, 5.0), (70, 5.0), (71, 8.0), (1_000, 8.0)])
def test_amounts_fit_when_enough_is_over(amount: int, seconds: float) -> None:
    bucket = filled(TOKENS, (0.0, 30), (3.0, 30))
    assert bucket.delay(5.0, amount) == seconds


def test_an_amount_larger_than_the_limit_goes_into_an_empty_window_only() -> None:
    bucket = filled(TOKENS, (0.0, 1))
    assert bucket.delay(9.0, 1_000) == 1.0
    bucket.take(10.0, 1_000)
    assert bucket.delay(10.0, 1) == 10.0


def test_a_share_is_asked_for_instead_of_the_whole() -> None:
    bucket = filled(LimitRule(count=4, window=10.0), (0.0, 1), (0.0, 1))
    assert bucket.delay(1.0) == 0.0
    assert bucket.delay(1.0, count=2) == 9.0
    assert bucket.delay(1.0, count=3) == 0.0


def test_without_a_rate_nothing_is_written_down() -> None:
    bucket = filled(LimitRule(at_once=2), (0.0, 5))
    assert (list(bucket.log), bucket.used, bucket.in_flight) == ([], 0, 1)
    assert bucket.delay(0.0, 1_000) == 0.0


def test_what_is_sent_is_written_down() -> None:
    bucket = filled(TOKENS, (1.0, 30), (2.0, 20))
    assert (list(bucket.log), bucket.used, bucket.in_flight) == ([(1.0, 30), (2.0, 20)], 50, 2)
    bucket.release()
    assert (bucket.used, bucket.in_flight) == (50, 1), "the upstream has counted it, whatever came of it"


def test_what_was_not_sent_is_taken_back_once() -> None:
    bucket = filled(TOKENS, (1.0, 30), (2.0, 20))
    for at, amount in ((1.0, 20), (3.0, 30)):
        bucket.refund(at, amount)
        assert bucket.used == 50
    for _ in range(2):
        bucket.refund(1.0, 30)
        assert (list(bucket.log), bucket.used) == ([(2.0, 20)], 20)


def test_what_is_sent_late_counts_from_then() -> None:
    bucket = filled(TWO, (1.0, 1), (2.0, 1))
    bucket.delayed(1.0, 6.0)
    bucket.delayed(1.5, 7.0)
    assert (list(bucket.log), bucket.used) == ([(2.0, 1), (6.0, 1)], 2)
    assert bucket.delay(7.0) == 5.0


def test_booked_places_are_first_come_first_served() -> None:
    bucket = filled(TWO, (0.0, 1), (4.0, 1))
    first, *others = [bucket.book(5.0) for _ in range(4)]
    assert [one.at for one in (first, *others)] == [10.0, 14.0, 20.0, 24.0]
    assert bucket.delay(10.0) == 20.0
    assert bucket.delay(10.0, mine=first) == 0.0
    bucket.unbook(first)
    bucket.take(10.0)
    assert bucket.booked == others
    with pytest.raises(ValueError, match="not in list"):
        bucket.unbook(first)


def test_those_behind_a_place_that_is_given_up_have_an_earlier_one() -> None:
    bucket = filled(TWO, (0.0, 1), (4.0, 1))
    first, second, third = (bucket.book(5.0) for _ in range(3))
    bucket.unbook(first)
    assert [bucket.delay(5.0, mine=one) for one in (second, third)] == [5.0, 9.0]


def test_a_log_in_another_unit_counts_as_requests() -> None:
    """Or a limit by the day, changed from tokens to requests, would be used up until the next day."""
    bucket = filled(TOKENS, (0.0, 70), (3.0, 30))
    booking = bucket.book(4.0, 60)
    bucket.follow(LimitRule(count=5, window=10.0))
    assert (list(bucket.log), bucket.used) == ([(0.0, 1), (3.0, 1)], 2)
    bucket.unbook(booking)
    assert bucket.delay(4.0) == 0.0


def test_what_other_processes_used_of_the_old_rule_is_asked_again() -> None:
    bucket = Bucket(TWO, barred=80_000.0)
    bucket.follow(LimitRule(count=2, window=10.0))
    assert bucket.barred == 80_000.0
    bucket.follow(LimitRule(count=4, window=10.0))
    assert bucket.barred == float("-inf")


def test_a_booked_place_that_is_overdue_counts_as_used_now() -> None:
    bucket = filled(LimitRule(count=1, window=10.0), (0.0, 1))
    assert bucket.book(1.0).at == 10.0
    assert bucket.delay(12.0) == 10.0


@pytest.mark.parametrize(("in_flight", "full"), [(1, False), (2, True), (3, True)])
def test_a_width_is_full(in_flight: int, full: bool) -> None:
    bucket = filled(LimitRule(at_once=2), *[(0.0, 1)] * in_flight)
    assert bucket.full() is full
    assert Bucket(TWO, in_flight=1_000).full() is False


def test_whoever_waits_in_the_line_goes_first() -> None:
    bucket, first, second = Bucket(LimitRule(at_once=2), in_flight=1), object(), object()
    bucket.line.extend([first, second])
    assert not bucket.full(first)
    assert bucket.full(second)
    assert bucket.full(object())
    assert bucket.full()


def test_idle_is_who_has_nothing_to_be_remembered() -> None:
    assert Bucket(TWO).idle(0.0)
    sent = filled(TWO, (0.0, 1))
    sent.release()
    assert [sent.idle(now) for now in (9.999, 10.0)] == [False, True]
    assert (list(sent.log), sent.used) == ([], 0)
    for busy in (Bucket(TWO, booked=[Booking(1.0, 1)]), Bucket(TWO, in_flight=1)):
        assert not busy.idle(1_000.0)
    waiting = Bucket(TWO)
    waiting.line.append(object())
    assert not waiting.idle(1_000.0)
