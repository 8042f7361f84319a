"""Runners that finish together, and runners that fail while others answer."""

from __future__ import annotations

import asyncio

import pytest

from engine.candidates import Race
from engine.state import State
from providers.failures import Failure
from support.scripted import ANSWER, ScriptedProvider, Step, candidate, chain, says
from support.virtual_time import run
from support.walks import DOWN, heard, kinds


def test_runners_that_finish_together_leave_nothing_open():
    async def main() -> State:
        state = State()
        runners = tuple(candidate(ScriptedProvider(name, [[2.0, *ANSWER]])) for name in "abc")
        await heard(chain([Race(runners, 0.0)], state))
        return state

    state = run(main())
    assert not state.in_flight


@pytest.mark.parametrize("place", [0, 1, 2])
def test_an_answer_counts_when_the_others_end_the_walk_at_the_same_moment(place):
    """Two call the request wrong, which ends a walk, while a third answers; nothing is left open."""

    async def main() -> State:
        state = State()
        wrong: list[list[Step]] = [[2.0, Failure("bad_request", "no", status=400)]]
        runners = [candidate(ScriptedProvider(name, wrong)) for name in "ab"]
        runners.insert(place, candidate(ScriptedProvider("c", [[2.0, *ANSWER]])))
        assert await heard(chain([Race(tuple(runners), 0.0)], state)) == "hello"
        assert state.taken == 3
        return state

    assert not run(main()).in_flight


def test_a_runner_without_a_field_goes_on_running():
    async def main() -> tuple[str, list[tuple[str, str | None]]]:
        refusing = Failure("bad_request", "unknown field", status=400, field="top_k")
        a = ScriptedProvider("a", [[refusing], says("a")])
        b = ScriptedProvider("b", [[5.0, *says("b")]])
        walk = chain([Race((candidate(a), candidate(b)), 2.0)])
        return await heard(walk), kinds(walk)

    assert run(main()) == ("a", [("a/m", "bad_request"), ("a/m", None)])


def test_when_all_runners_fail_there_is_no_answer_and_the_walk_goes_on():
    async def main() -> tuple[str, list[tuple[str, str | None]], float]:
        runners = [
            candidate(ScriptedProvider(name, [[seconds, DOWN]]))
            for name, seconds in (("a", 9.0), ("b", 1.0), ("c", 4.0))
        ]
        began = asyncio.get_running_loop().time()
        walk = chain([Race(tuple(runners), 2.0), candidate(ScriptedProvider("d"))])
        return await heard(walk), kinds(walk), asyncio.get_running_loop().time() - began

    text, tried, took = run(main())
    assert (text, took) == ("hello", 9.0)
    assert tried == [(f"{name}/m", "server_error") for name in "abc"] + [("d/m", None)]


def test_who_loses_is_stopped_at_once():
    async def main() -> None:
        slow, state = ScriptedProvider("a", [[1000.0]]), State()
        runners = (candidate(slow), candidate(ScriptedProvider("b", [[1.0, *ANSWER]])))
        began = asyncio.get_running_loop().time()
        attempt, _ = await chain([Race(runners, 2.0)], state).answer()
        assert asyncio.get_running_loop().time() - began == 3.0
        assert slow.exchanges[0].closed
        assert state.in_flight == {"b/m": 1}
        await attempt.close()

    run(main())


@pytest.mark.parametrize("seconds", [1.0, 1000.0])
def test_when_the_client_leaves_all_runners_are_stopped(seconds):
    """While they run, and while one of them has failed."""

    async def main() -> None:
        state = State()
        scripts: list[list[Step]] = [[seconds, DOWN], [1000.0]]
        providers = [ScriptedProvider(name, [script]) for name, script in zip("ab", scripts, strict=True)]
        walk = asyncio.create_task(chain([Race(tuple(map(candidate, providers)), 0.0)], state).answer())
        await asyncio.sleep(2.0)
        walk.cancel()
        with pytest.raises(asyncio.CancelledError):
            await walk
        assert [provider.exchanges[0].closed for provider in providers] == [True, True]
        assert state.in_flight == {}

    run(main())
