"""One try by itself, on a virtual clock: its deadlines, what it writes down, and what it gives back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from engine.attempt import Attempt, Clocks
from engine.facts import Facts
from engine.state import State
from providers.failures import Failure
from providers.provider import Ask
from rules.policy_types import StepOptions
from rules.settings import Defaults
from support.scripted import ScriptedProvider, Step, candidate, request
from support.virtual_time import run
from translators.events import Event, Finish, Progress, Start, Text

USUAL = Defaults(start=30.0, start_last=100.0, stall_before=10.0, stall=20.0, finish=600.0)
DOWN = Failure("server_error", "down", status=500)
END: list[Event] = [Finish("end_turn")]


class Tryout:
    """An attempt at one scripted model, and all that can be seen of it."""

    def __init__(self, *scripts: list[Step], **clocks: float) -> None:
        self.loop = asyncio.get_running_loop()
        self.began = self.loop.time()
        self.state = State()
        self.provider = ScriptedProvider("a", list(scripts))
        asked, key = candidate(self.provider), self.provider.keys[0]
        slot = self.state.take(asked, key, self.began, Facts(request()))
        ask = Ask(model="m", key=key, thinking=None, effort=None, budget=None)
        over = self.began + clocks.pop("over", 600.0)
        times = {"start": 10.0, "silence": 3.0, "stall": 4.0, "finish": 600.0, **clocks}
        self.attempt = Attempt(request(), slot, ask, Clocks(**times, over=over), self.state)

    @property
    def took(self) -> float:
        return self.loop.time() - self.began

    @property
    def recent(self) -> int:
        """Failures that count."""
        health = self.state.healths.get("a/m")
        return len(health.recent) if health is not None else 0


async def late(what: Callable[[], Coroutine[object, object, object]], message: str) -> Failure:
    with pytest.raises(Failure) as caught:
        await what()
    assert (caught.value.kind, caught.value.message) == ("timeout", message)
    return caught.value


@pytest.mark.parametrize(
    ("options", "last", "clocks"),
    [
        (StepOptions(), False, (30.0, 10.0, 20.0, 600.0, 605.0)),
        (StepOptions(), True, (100.0, 10.0, 20.0, 600.0, 605.0)),
        (StepOptions(start=15.0, stall=3.0, finish=50.0), True, (15.0, 15.0, 3.0, 50.0, 55.0)),
        (StepOptions(start=5.0), False, (5.0, 10.0, 20.0, 600.0, 605.0)),
    ],
)
def test_a_step_says_its_clocks_or_the_defaults_do(
    options: StepOptions, last: bool, clocks: tuple[float, float, float, float, float]
) -> None:
    assert Clocks.of(options, USUAL, last=last, began=5.0) == Clocks(*clocks)


@pytest.mark.parametrize(
    ("start", "finish", "sent", "hurried"),
    [
        (10.0, 600.0, 95.0, False),
        (10.0, 600.0, 95.001, True),
        (30.0, 4.0, 98.0, False),
        (30.0, 4.0, 98.001, True),
    ],
)
def test_hurried_is_who_had_not_half_its_time(
    start: float, finish: float, sent: float, hurried: bool
) -> None:
    assert Clocks(start, 3.0, 4.0, finish, over=100.0).hurried(sent) == hurried


@pytest.mark.parametrize(
    ("script", "seconds", "message"),
    [
        ([1000.0], 10.0, "no content within 10.0 s"),
        ([[Start()], 1000.0], 3.0, "no content within 3.0 s"),
        ([2.0, [Start()], 1000.0], 5.0, "no content within 5.0 s"),
        (
            [[Start()], 2.9, [Start()], 2.9, [Start()], 2.9, [Start()], 1000.0],
            10.0,
            "no content within 10.0 s",
        ),
        ([[Progress()], 1000.0], 4.0, "silent for 4 s"),
        ([9.0, [Progress()], 3.9, [Progress()], 1000.0], 16.9, "silent for 4 s"),
    ],
)
def test_who_says_nothing_is_given_up(script: list[Step], seconds: float, message: str) -> None:
    async def main() -> None:
        tryout = Tryout(script)
        await late(tryout.attempt.begin, message)
        assert tryout.took == pytest.approx(seconds)

    run(main())


@pytest.mark.parametrize(
    ("script", "over", "ours"),
    [
        ([1000.0], 5.0, False),
        ([1000.0], 4.9, True),
        ([[Start()], 1000.0], 2.0, True),
        ([[Progress()], 1000.0], 3.5, True),
    ],
)
def test_the_whole_answer_has_an_end_of_its_own(script: list[Step], over: float, ours: bool) -> None:
    async def main() -> None:
        tryout = Tryout(script, over=over)
        failure = await late(tryout.attempt.begin, "the whole answer took too long")
        assert failure.ours == ours, "who was given less than half of its time is not to blame"
        assert tryout.took == pytest.approx(over)

    run(main())


@pytest.mark.parametrize(
    ("over", "seconds", "message"),
    [(600.0, 11.0, "silent for 4 s"), (9.0, 9.0, "the whole answer took too long")],
)
def test_what_follows_has_a_clock_that_begins_when_it_is_asked_for(
    over: float, seconds: float, message: str
) -> None:
    async def main() -> None:
        tryout = Tryout([[Text("hi")], 1000.0], over=over)
        assert await tryout.attempt.begin() == [Text("hi")]
        await asyncio.sleep(7.0)
        await late(tryout.attempt.more, message)
        assert tryout.took == pytest.approx(seconds)

    run(main())


def test_what_it_writes_down() -> None:
    async def main() -> None:
        tryout = Tryout([1.50042, [Start()], 0.5, [Progress()], 1.0, [Text("hi")], 1.0, END])
        events = await tryout.attempt.begin()
        assert [type(event) for event in events] == [Start, Progress, Text]
        assert await tryout.attempt.more() == END
        await tryout.attempt.close()
        tried = tryout.attempt.tried
        assert (tried.target, tried.failure, tried.status) == ("a/m", None, None)
        assert (tried.sent, tried.first_token_ms, tried.milliseconds) == (tryout.began, 2000.4, 4000.4)
        assert tryout.state.first_token["a/m"] == pytest.approx(2.00042)
        assert (tryout.recent, tryout.state.in_flight) == (0, {})
        assert [one.closed for one in tryout.provider.exchanges] == [True]

    run(main())


@pytest.mark.parametrize(("counts", "recent"), [(True, 1), (False, 0)])
def test_how_it_failed_is_written_down_once(counts: bool, recent: int) -> None:
    async def main() -> None:
        tryout = Tryout([1.0, DOWN])
        with pytest.raises(Failure) as caught:
            await tryout.attempt.begin()
        for failure in (caught.value, Failure("cut", "again")):
            await tryout.attempt.close(failure, counts=counts)
        tried = tryout.attempt.tried
        assert (tried.failure, tried.message, tried.status) == ("server_error", DOWN.kept, 500)
        assert (tried.milliseconds, tried.first_token_ms) == (1000.0, None)
        assert (tryout.recent, tryout.state.in_flight) == (recent, {})

    run(main())


def test_a_stale_connection_is_replaced_once_within_the_same_time() -> None:
    stale = Failure("cut", "closed", reused=True, before_response=True)

    async def main() -> None:
        tryout = Tryout([4.0, stale], [[Text("hi")]])
        assert await tryout.attempt.begin() == [Text("hi")]
        assert [ask.fresh for ask in tryout.provider.asked] == [False, True]
        assert [one.closed for one in tryout.provider.exchanges] == [True, False]
        tryout = Tryout([4.0, stale], [1000.0])
        await late(tryout.attempt.begin, "no content within 10.0 s")
        assert tryout.took == 10.0
        tryout = Tryout([stale])
        with pytest.raises(Failure, match="closed"):
            await tryout.attempt.begin()
        assert len(tryout.provider.asked) == 2

    run(main())


@pytest.mark.parametrize(("reused", "before"), [(True, False), (False, True), (False, False)])
def test_other_cuts_are_failures(reused: bool, before: bool) -> None:
    async def main() -> None:
        tryout = Tryout([Failure("cut", "closed", reused=reused, before_response=before)], [[Text("hi")]])
        with pytest.raises(Failure, match="closed"):
            await tryout.attempt.begin()
        assert len(tryout.provider.asked) == 1

    run(main())


def test_an_error_of_ours_is_told_by_its_place_alone() -> None:
    async def main() -> None:
        wrong: list[Any] = ["the prompt"]
        tryout = Tryout(wrong)
        with pytest.raises(
            Failure, match=r"^an error in fcc \(AssertionError at scripted\.py:\d+\)$"
        ) as caught:
            await tryout.attempt.begin()
        assert (caught.value.kind, caught.value.ours) == ("malformed", True)

    run(main())
