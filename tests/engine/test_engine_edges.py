"""The walk at its edges: lines and windows, several keys, deadlines, errors of ours, runners that finish together."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from engine.blocks import LADDER, Blocks
from engine.candidates import Limit, Race
from engine.chain import Chain
from engine.facts import Facts
from engine.limits import Bucket, LimitRule
from engine.outcome import ChainFailed
from engine.state import Skip, State
from providers.failures import Failure
from providers.provider import Key
from providers.secrets import Secret
from rules.settings import Defaults
from support.scripted import ANSWER, ScriptedExchange, ScriptedProvider, Step, candidate, chain, request, says
from support.virtual_time import run
from translators.events import Event, Finish, Progress, Start, Text, Usage

DOWN = Failure("server_error", "down", status=500)
KEYS = (Key("0", Secret("k")), Key("1", Secret("l")))
END: list[Event] = [Finish("end_turn", usage=Usage(input=1, output=1))]


def limited(
    count: int | None = None, window: float = 60.0, *, at_once: int | None = None, scope: str = ""
) -> Limit:
    return Limit(LimitRule(count, window, at_once=at_once), ("a/*", scope), scope)


async def heard(walk: Chain) -> str:
    attempt, events = await walk.answer()
    try:
        while not isinstance(events[-1], Finish):
            events = [*events, *await attempt.more()]
    finally:
        await attempt.close()
    return "".join(event.text for event in events if isinstance(event, Text))


def kinds(walk: Chain) -> list[tuple[str, str | None]]:
    return [(one.target, one.failure) for one in walk.tried]


async def failed(walk: Chain) -> ChainFailed:
    with pytest.raises(ChainFailed) as caught:
        await walk.answer()
    return caught.value


def test_nobody_steals_a_place_from_those_in_the_line():
    async def main() -> list[str]:
        state, order = State(), []
        turn = candidate(ScriptedProvider("a", [[1.0, *ANSWER]]), limit=limited(at_once=1))

        async def one(name: str, again: int = 0) -> None:
            await heard(chain([turn], state))
            order.append(name)
            if again:
                await one(f"{name}'", again - 1)

        await asyncio.gather(one("greedy", 2), one("b"), one("c"))
        return order

    assert run(main()) == ["greedy", "b", "c", "greedy'", "greedy''"]


def test_who_leaves_the_line_at_the_last_moment_lets_the_next_one_through():
    async def main() -> float:
        state, loop = State(), asyncio.get_running_loop()
        busy = candidate(ScriptedProvider("a", [[5.0, *ANSWER]]), limit=limited(at_once=1))
        slow = candidate(ScriptedProvider("b"), limit=Limit(LimitRule(1, 3.0), ("b/*", "")))
        state.take(slow, slow.provider.keys[0], loop.time(), Facts(request()))
        holder, _ = await chain([busy], state).answer()
        state.blocks.block(loop.time(), "b", "0", "m", 3.0, "slow")
        first = asyncio.create_task(heard(chain([busy, slow], state)))
        await asyncio.sleep(1.0)
        second = asyncio.create_task(heard(chain([busy], state)))
        await asyncio.sleep(1.0)
        began = loop.time()
        state.queue.rotate(1)  # as after a wake of its own: the second looks before the first
        await holder.close()
        first.cancel()
        await second
        return loop.time() - began

    assert run(main()) == pytest.approx(5.0)


def test_after_a_block_a_window_is_still_kept_in_order():
    async def main() -> list[float]:
        state, loop = State(), asyncio.get_running_loop()
        busy = Failure("rate_limit", "slow", status=429, retry_after=2.0)
        a = ScriptedProvider("a", [[busy], ANSWER])
        turn = candidate(a, limit=limited(1, 3.0))
        began = loop.time()
        await failed(chain([turn], state, Defaults(wait=0.0, retry=0)))

        async def one() -> float:
            await heard(chain([turn], state))
            return loop.time() - began

        return list(await asyncio.gather(one(), one(), one()))

    assert run(main()) == pytest.approx([3.0, 6.0, 9.0])


def test_a_place_used_late_moves_those_behind_it():
    """A booked place whose width was not free is written into the log when it is used."""
    bucket = Bucket(LimitRule(1, 4.0))
    bucket.take(0.0)
    first, second = bucket.book(0.0), bucket.book(0.0)
    assert (first, second) == (4.0, 8.0)
    bucket.unbook(first)
    bucket.take(5.0)
    assert bucket.delay(8.0, booked=True) == 1.0
    bucket.unbook(second)
    bucket.take(9.0)
    assert bucket.delay(9.0) == 4.0
    assert bucket.used == 1


def test_a_limited_key_leaves_the_others():
    async def main() -> list[str]:
        state = State()
        a = ScriptedProvider("a", keys=KEYS)
        turn = candidate(a, limit=limited(1, scope="key"))
        for _ in range(2):
            await heard(chain([turn], state))
        await failed(chain([turn], state))
        return [ask.key.id for ask in a.asked]

    assert run(main()) == ["0", "1"]


def test_keys_take_turns_although_others_are_looked_at():
    async def main() -> list[str]:
        state, a = State(), ScriptedProvider("a", keys=KEYS)
        for _ in range(4):
            await heard(chain([candidate(a), candidate(a, "n")], state))
        return [ask.key.id for ask in a.asked]

    assert run(main()) == ["0", "1", "0", "1"]


def test_a_bad_key_leaves_the_other_and_the_only_model_is_not_asked_with_it():
    async def main() -> list[str]:
        state = State()
        a = ScriptedProvider("a", [[Failure("auth", "bad key", status=401)], ANSWER], keys=KEYS)
        await failed(chain([candidate(a)], state))
        for _ in range(3):
            await heard(chain([candidate(a)], state))
        return [ask.key.id for ask in a.asked]

    assert run(main()) == ["0", "1", "1", "1"]


def test_one_blocked_key_is_no_block_and_two_are_one_until_the_first_is_free():
    state, facts, turn = State(), Facts(request()), candidate(ScriptedProvider("a", keys=KEYS))
    state.blocks.block(0.0, "a", "0", "m", 20.0, "slow")
    assert state.look(turn, 1.0, facts) == KEYS[1]
    state.blocks.block(0.0, "a", "1", "m", 9.0, "slow")
    found = state.look(turn, 1.0, facts)
    assert isinstance(found, Skip)
    assert (found.why, found.until) == ("block", 9.0)


def test_requests_that_were_under_way_are_one_strike():
    blocks = Blocks()
    assert [blocks.block(0.1 * n, "a", "0", "m", None, "slow") for n in range(5)] == [LADDER[0]] * 5
    assert blocks.block(20.0, "a", "0", "m", None, "slow") == LADDER[1]
    blocks.answered("a", "0", "m")
    assert blocks.block(50.0, "a", "0", "m", None, "slow") == LADDER[0]


def test_a_block_never_shrinks_and_a_longer_one_counts():
    blocks = Blocks()
    for seconds, until in ((30.0, 30.0), (5.0, 30.0), (40.0, 40.0)):
        blocks.block(0.0, "a", "0", "m", seconds, "slow")
        aside = blocks.aside(1.0, "a", "0", "m")
        assert aside is not None
        assert aside.until == until


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
