"""The walk at its edges: deadlines, errors of ours, connections gone stale, probes, and rests that end meanwhile."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from engine.outcome import ChainFailed
from engine.state import State
from providers.failures import Failure
from rules.settings import Defaults
from support.scripted import ANSWER, ScriptedExchange, ScriptedProvider, Step, candidate, chain, says
from support.virtual_time import run
from support.walks import DOWN, failed, heard, kinds, limited
from translators.events import Event, Finish, Progress, Start, Text, Usage

END: list[Event] = [Finish("end_turn", usage=Usage(input=1, output=1))]


def test_nobody_is_asked_once_the_time_for_the_answer_is_over():
    async def main() -> tuple[list[tuple[str, str | None]], State, ChainFailed]:
        state = State()
        mute: list[list[Step]] = [[[Start()], 1000.0]]
        a, b = ScriptedProvider("a", mute), ScriptedProvider("b")
        walk = chain([candidate(a), candidate(b)], state, Defaults(finish=10.0))
        error = await failed(walk)
        return kinds(walk), state, error

    tried, state, error = run(main())
    assert tried == [("a/m", "timeout")]
    assert len(state.healths["a/m"].recent) == 1
    assert error.status == 504


def test_whoever_had_no_time_left_is_not_blamed():
    async def main() -> tuple[State, list[tuple[str, str | None]]]:
        state = State()
        late: list[Step] = [8.0, DOWN]
        slow: list[Step] = [20.0, *ANSWER]
        walk = chain(
            [candidate(ScriptedProvider("a", [late])), candidate(ScriptedProvider("b", [slow]))],
            state,
            Defaults(finish=10.0),
        )
        await failed(walk)
        return state, kinds(walk)

    state, tried = run(main())
    assert tried == [("a/m", "server_error"), ("b/m", "timeout")]
    assert (len(state.healths["a/m"].recent), len(state.healths["b/m"].recent)) == (1, 0)


def test_a_slow_client_is_not_the_models_silence():
    async def main() -> str:
        a = ScriptedProvider("a", [[[Start(), Text("x")], 100.0, [Text("y")], END]])
        attempt, _ = await chain([candidate(a)]).answer()
        await asyncio.sleep(200.0)
        events = [*await attempt.more(), *await attempt.more()]
        await attempt.close()
        return "".join(event.text for event in events if isinstance(event, Text))

    assert run(main()) == "y"


def test_an_error_of_ours_moves_on_and_blames_nobody():
    class Exchange(ScriptedExchange):
        async def read(self) -> list[Event]:
            raise KeyError("secret prompt")

    class Broken(ScriptedProvider):
        def open(self, request: Any, ask: Any) -> ScriptedExchange:
            self.exchanges.append(Exchange(super().open(request, ask).steps))
            return self.exchanges[-1]

    async def main() -> None:
        state = State()
        walk = chain([candidate(Broken("a")), candidate(ScriptedProvider("b", [says("fine")]))], state)
        assert await heard(walk) == "fine"
        assert kinds(walk) == [("a/m", "malformed"), ("b/m", None)]
        assert "KeyError at test_engine_edges.py" in walk.tried[0].message
        assert "secret" not in walk.tried[0].message
        assert not state.healths["a/m"].recent

    run(main())


def test_a_stale_connection_costs_no_second_place():
    async def main() -> None:
        stale = Failure("connection", "gone", reused=True, before_response=True)
        state, a = State(), ScriptedProvider("a", [[stale], ANSWER])
        walk = chain([candidate(a, limit=limited(1, at_once=1)), candidate(ScriptedProvider("b"))], state)
        await heard(walk)
        assert kinds(walk) == [("a/m", None)]
        assert not state.healths["a/m"].recent

    run(main())


def test_a_fresh_connection_that_closes_too_counts_once():
    async def main() -> None:
        stale = Failure("connection", "gone", reused=True, before_response=True)
        gone = Failure("connection", "gone", before_response=True)
        state, a = State(), ScriptedProvider("a", [[stale], [gone]])
        walk = chain([candidate(a), candidate(ScriptedProvider("b"))], state)
        await heard(walk)
        assert kinds(walk) == [("a/m", "connection"), ("b/m", None)]
        assert len(state.healths["a/m"].recent) == 1

    run(main())


def test_the_last_try_goes_to_somebody_new_rather_than_to_the_same_again():
    async def main() -> list[tuple[str, str | None]]:
        walk = chain([candidate(ScriptedProvider(name, [[DOWN]])) for name in "abcd"])
        await failed(walk)
        return kinds(walk)

    assert [target for target, _ in run(main())] == ["a/m", "b/m", "c/m", "d/m"]


def test_a_failure_is_told_although_no_try_was_left_for_its_retry():
    async def main() -> ChainFailed:
        return await failed(
            chain([candidate(ScriptedProvider("a", [[DOWN]]))], defaults=Defaults(attempts=1))
        )

    error = run(main())
    assert (error.status, error.message) == (529, "a/m: down")


def test_the_first_of_two_that_call_it_wrong_is_returned_whatever_else_failed():
    async def main() -> ChainFailed:
        providers = [ScriptedProvider("a", [[DOWN]])]
        providers += [
            ScriptedProvider(name, [[Failure("bad_request", f"wrong, says {name}", status=400)]])
            for name in "bc"
        ]
        return await failed(chain(map(candidate, [*providers, ScriptedProvider("d")])))

    error = run(main())
    assert (error.status, error.message, error.should_retry) == (400, "b/m: wrong, says b", False)


def test_after_an_overflow_nobody_narrow_is_waited_for():
    async def main() -> ChainFailed:
        from translators.profile import Profile

        state, profile = State(), Profile(context=8000)
        narrow = candidate(ScriptedProvider("a"), profile=profile)
        state.blocks.block(asyncio.get_running_loop().time(), "a", "0", "m", 5.0, "slow")
        over = Failure("overflow", "prompt is too long: 9 tokens > 8 maximum", status=400)
        return await failed(
            chain([narrow, candidate(ScriptedProvider("b", [[over]]), profile=profile)], state)
        )

    error = run(main())
    assert (error.status, error.message) == (400, "prompt is too long: 9 tokens > 8 maximum")


def test_a_probe_gives_its_place_back_on_every_path():
    async def main() -> None:
        ends: list[list[Step]] = [
            [Failure("rate_limit", "slow", status=429, retry_after=1.0)],
            [Failure("bad_request", "no", status=400)],
            [100.0, *ANSWER],
            [DOWN],
        ]
        for end in ends:
            state, a = State(), ScriptedProvider("a", [[DOWN], [DOWN], [DOWN], end])
            turns = [candidate(a), candidate(ScriptedProvider("b"))]
            for _ in range(3):
                await heard(chain(turns, state))
            await asyncio.sleep(31.0)
            task = asyncio.create_task(heard(chain(turns, state)))
            await asyncio.sleep(5.0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            assert len(a.asked) == 4
            assert state.healths["a/m"].leased_until is None
            assert state.healths["a/m"].until is not None

    run(main())


def test_a_whole_answer_without_content_is_a_probe_that_succeeded():
    async def main() -> State:
        state = State()
        quiet: list[Step] = [[Start(), *END]]
        a = ScriptedProvider("a", [[DOWN], [DOWN], [DOWN], quiet])
        for _ in range(3):
            await failed(chain([candidate(a)], state, Defaults(retry=0)))
        await asyncio.sleep(31.0)
        await heard(chain([candidate(a)], state))
        return state

    assert run(main()).healths["a/m"].until is None


def test_in_panic_the_first_of_several_does_not_take_all_the_time():
    async def main() -> tuple[list[tuple[str, str | None]], float]:
        state, loop = State(), asyncio.get_running_loop()
        scripts: list[list[Step]] = [[DOWN], [DOWN], [DOWN], [[Start()], 1000.0]]
        a = ScriptedProvider("a", scripts)
        b = ScriptedProvider("b", [[DOWN], [DOWN], [DOWN], says("fine")])
        for one in (a, b):
            for _ in range(3):
                await failed(chain([candidate(one)], state, Defaults(retry=0)))
        began = loop.time()
        walk = chain([candidate(a), candidate(b)], state)
        await heard(walk)
        return kinds(walk), loop.time() - began

    tried, seconds = run(main())
    assert tried == [("a/m", "timeout"), ("b/m", None)]
    assert seconds == pytest.approx(30.0)


def test_arguments_that_stop_coming_are_silence():
    async def main() -> list[tuple[str, str | None]]:
        script: list[Step] = [[Start(), Progress()], 1000.0, END]
        walk = chain([candidate(ScriptedProvider("a", [script])), candidate(ScriptedProvider("b"))])
        await heard(walk)
        return kinds(walk)

    assert run(main()) == [("a/m", "timeout"), ("b/m", None)]


def test_a_rest_that_ended_meanwhile_is_noticed():
    async def main() -> list[tuple[str, str | None]]:
        state = State()
        a = ScriptedProvider("a", [[DOWN], [DOWN], [DOWN], says("back")])
        b = ScriptedProvider("b", [[29.0, DOWN]])
        for _ in range(3):
            await failed(chain([candidate(a)], state, Defaults(retry=0)))
        await asyncio.sleep(5.0)
        walk = chain([candidate(a), candidate(b)], state, Defaults(start_last=60.0))
        assert await heard(walk) == "back"
        return kinds(walk)

    assert run(main())[-1] == ("a/m", None)
