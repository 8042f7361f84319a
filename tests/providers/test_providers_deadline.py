"""A deadline that is moved often: when it cancels, whom, and what it leaves behind."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from providers.deadline import Deadline
from support.exchanges import Outcome, answered, provider_at
from support.upstream import Upstream, openai_answer
from support.virtual_time import DeadlockError, VirtualLoop, run


def at() -> float:
    return asyncio.get_running_loop().time()


def test_it_ends_what_takes_longer() -> None:
    async def waits() -> float:
        deadline = Deadline()
        began = at()
        deadline.move(began + 3)
        with pytest.raises(TimeoutError), deadline:
            await asyncio.sleep(10)
        return at() - began

    assert run(waits()) == 3.0


def test_moved_away_it_waits_longer_and_moved_near_it_ends_sooner() -> None:
    async def waits(first: float, then: float) -> float:
        deadline = Deadline()
        began = at()
        deadline.move(began + first)
        asyncio.get_running_loop().call_later(1, deadline.move, began + then)
        with pytest.raises(TimeoutError), deadline:
            await asyncio.sleep(100)
        return at() - began

    assert run(waits(3, 7)) == 7.0
    assert run(waits(30, 7)) == 7.0


def test_without_a_time_it_never_ends_anything() -> None:
    async def waits() -> str:
        deadline = Deadline()
        deadline.move(at() + 1)
        with deadline:
            deadline.move(None)
            await asyncio.sleep(10)
        return "done"

    assert run(waits()) == "done"


def test_between_two_uses_nothing_is_cancelled_and_the_next_counts_anew() -> None:
    async def waits() -> list[float]:
        deadline, ends = Deadline(), [at()]
        deadline.move(at() + 1)
        with deadline:
            await asyncio.sleep(0.5)
        await asyncio.sleep(5)
        deadline.move(at() + 2)
        with pytest.raises(TimeoutError), deadline:
            await asyncio.sleep(10)
        ends.append(at())
        task = asyncio.current_task()
        return [ends[1] - ends[0], task.cancelling() if task is not None else -1]

    assert run(waits()) == [7.5, 0]


def test_a_time_that_is_over_ends_it_at_the_first_pause() -> None:
    async def waits() -> float:
        deadline, began = Deadline(), at()
        deadline.move(began - 1)
        with pytest.raises(TimeoutError), deadline:
            await asyncio.sleep(10)
        return at() - began

    assert run(waits()) == 0.0


@pytest.mark.parametrize("after", [1.0, 3.0], ids=["before it is over", "at the moment when it is"])
def test_who_cancels_the_task_otherwise_is_obeyed(after: float) -> None:
    async def works() -> None:
        deadline = Deadline()
        deadline.move(at() + 3)
        with deadline:
            await asyncio.sleep(10)

    async def waits() -> list[object]:
        task = asyncio.ensure_future(works())
        asyncio.get_running_loop().call_later(after, task.cancel)
        return [*await asyncio.gather(task, return_exceptions=True)]

    assert [type(one) for one in run(waits())] == [asyncio.CancelledError]


def test_the_outer_of_two_that_end_together_is_the_one_that_tells() -> None:
    async def waits() -> str:
        outer, inner = Deadline(), Deadline()
        by = at() + 1
        outer.move(by)
        inner.move(by)
        try:
            with outer:
                try:
                    with inner:
                        await asyncio.sleep(10)
                except TimeoutError:
                    return "inner"
        except TimeoutError:
            return "outer"
        return "neither"

    assert run(waits()) == "outer"


def test_closed_it_leaves_no_timer() -> None:
    async def waits_for_ever() -> None:
        deadline = Deadline()
        deadline.move(at() + 50)
        deadline.close()
        await asyncio.get_running_loop().create_future()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        began = runner.get_loop().time()
        with pytest.raises(DeadlockError):
            runner.run(waits_for_ever())
        assert runner.get_loop().time() == began


@pytest.mark.parametrize("turns", [3, 20])
def test_a_loop_that_was_held_up_hears_first_what_has_come_meanwhile(turns: int) -> None:
    """Both are found at the same moment: that the time is over, and what was waited for a few turns away."""

    async def waits() -> tuple[str, float]:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        deadline, came, began = Deadline(), loop.create_future(), at()

        async def arrives() -> None:
            loop.hold_up(2)
            for _ in range(turns):
                await asyncio.sleep(0)
            came.set_result("came")

        deadline.move(began + 1)
        task = asyncio.ensure_future(arrives())
        with deadline:
            said = await came
        await task
        return said, at() - began

    assert run(waits()) == ("came", 2.0)


def test_mercy_is_had_once() -> None:
    async def waits() -> float:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        deadline, began = Deadline(), at()
        deadline.move(began + 1)
        loop.call_soon(loop.hold_up, 2)
        loop.call_later(2.2, loop.hold_up, 3)
        with pytest.raises(TimeoutError), deadline:
            await asyncio.sleep(100)
        return at() - began

    assert run(waits()) == pytest.approx(5.2)


def test_a_connection_made_while_the_loop_was_held_up_is_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> Outcome:
        loop = asyncio.get_running_loop()
        connect = loop.sock_connect

        async def held_up(*where: Any) -> None:
            loop.call_soon(time.sleep, 0.2)
            await connect(*where)

        async with Upstream(openai_answer("hi")) as upstream:
            provider = provider_at(upstream.url)
            with monkeypatch.context() as patch:
                patch.setattr(loop, "sock_connect", held_up)
                outcome = await answered(provider, connect=0.1)
            await provider.aclose()
            return outcome

    outcome = asyncio.run(main())
    assert (outcome.text, outcome.failure) == ("hi", None)
