"""Runners that finish together, and runners that fail while others answer."""

from __future__ import annotations

import pytest

from engine.candidates import Race
from engine.state import State
from providers.failures import Failure
from support.scripted import ANSWER, ScriptedProvider, Step, candidate, chain, says
from support.virtual_time import run
from support.walks import heard, kinds


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
