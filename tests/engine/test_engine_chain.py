"""The walk along a chain, on a virtual clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from engine.attempt import Attempt
from engine.candidates import Candidate, Limit, Race
from engine.chain import Chain
from engine.limits import LimitRule
from engine.outcome import ChainFailed
from engine.state import State
from providers.failures import Failure
from rules.settings import Defaults
from support.scripted import ANSWER, ScriptedProvider, Step, candidate, chain, says
from support.virtual_time import run
from support.walks import DOWN, failed, heard, kinds
from translators.events import Event, Finish, Progress, Start, Text, Usage
from translators.profile import Profile

BUSY = Failure("rate_limit", "slow down", status=429, retry_after=30.0)


def said(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, Text))


def play(*turns: Candidate | Race, **options: Any) -> tuple[Chain, str]:
    async def main() -> tuple[Chain, str]:
        walk = chain(turns, **options)
        return walk, await heard(walk)

    return run(main())


def fails(*turns: Candidate | Race, **options: Any) -> tuple[Chain, ChainFailed]:
    async def main() -> tuple[Chain, ChainFailed]:
        walk = chain(turns, **options)
        return walk, await failed(walk)

    return run(main())


def timed(main: Callable[[], Coroutine[Any, Any, Any]]) -> tuple[Any, float]:
    async def inside() -> tuple[Any, float]:
        loop = asyncio.get_running_loop()
        began = loop.time()
        return await main(), loop.time() - began

    return run(inside())


def test_the_first_that_answers_is_heard():
    a, b = ScriptedProvider("a", [says("one")]), ScriptedProvider("b", [says("two")])
    walk, text = play(candidate(a), candidate(b))
    assert (text, kinds(walk), b.asked) == ("one", [("a/m", None)], [])


@pytest.mark.parametrize(
    "kind", ["timeout", "connection", "server_error", "empty", "malformed", "auth", "not_found"]
)
def test_a_failure_moves_on(kind):
    a, b = ScriptedProvider("a", [[Failure(kind, "no")]]), ScriptedProvider("b", [says("two")])
    walk, text = play(candidate(a), candidate(b))
    assert (text, kinds(walk)) == ("two", [("a/m", kind), ("b/m", None)])


def test_silence_ends_at_the_deadline_of_the_step():
    a, b = ScriptedProvider("a", [[100.0, *ANSWER]]), ScriptedProvider("b")
    (walk, _), seconds = timed(lambda: _played(candidate(a, start=7.0), candidate(b)))
    assert kinds(walk)[0] == ("a/m", "timeout")
    assert seconds == pytest.approx(7.0)
    assert a.exchanges[0].closed


async def _played(*turns: Candidate, **options: Any) -> tuple[Chain, str]:
    walk = chain(turns, **options)
    return walk, await heard(walk)


def test_the_last_candidate_has_more_time_than_one_with_others_behind_it():
    slow = [[50.0, *ANSWER]]
    walk, text = play(candidate(ScriptedProvider("a", slow)), candidate(ScriptedProvider("b", slow)))
    assert (text, kinds(walk)) == ("hello", [("a/m", "timeout"), ("b/m", None)])


def test_arguments_under_way_are_a_sign_of_life():
    pieces: list[Any] = [[Start(), Progress()], *([20.0, [Progress()]] * 5)]
    a = ScriptedProvider("a", [[*pieces, [Text("done"), Finish("end_turn", usage=Usage(input=1, output=1))]]])
    walk, text = play(candidate(a), candidate(ScriptedProvider("b")))
    assert (text, kinds(walk)) == ("done", [("a/m", None)])


def test_a_429_blocks_without_counting_as_a_failure():
    state = State()
    a, b = ScriptedProvider("a", [[BUSY]]), ScriptedProvider("b")
    for _ in range(5):
        play(candidate(a), candidate(b), state=state)
    assert len(a.asked) == 1
    assert state.healths["a/m"].until is None


def test_three_failures_rest_and_one_probe_recovers():
    async def main() -> tuple[int, int, str]:
        state, a, b = (
            State(),
            ScriptedProvider("a", [[DOWN], [DOWN], [DOWN], says("back")]),
            ScriptedProvider("b"),
        )
        for _ in range(5):
            await heard(chain([candidate(a), candidate(b)], state))
        asked = len(a.asked)
        await asyncio.sleep(30.0)
        text = await heard(chain([candidate(a), candidate(b)], state))
        return asked, len(a.asked), text

    assert run(main()) == (3, 4, "back")


def test_only_one_request_at_a_time_probes():
    async def main() -> list[str]:
        state = State()
        a = ScriptedProvider("a", [[DOWN], [DOWN], [DOWN], [5.0, *says("probe")]])
        turns = [candidate(a), candidate(ScriptedProvider("b", [says("other")]))]
        for _ in range(3):
            await heard(chain(turns, state))
        await asyncio.sleep(31.0)
        return await asyncio.gather(*(heard(chain(turns, state)) for _ in range(3)))

    assert sorted(run(main())) == ["other", "other", "probe"]


def test_a_chain_of_one_is_asked_although_it_rests():
    state, a = State(), ScriptedProvider("a", [[DOWN]] * 6 + [ANSWER])
    for _ in range(3):
        fails(candidate(a), state=state, defaults=Defaults(retry=0))
    assert state.healths["a/m"].until is not None
    fails(candidate(a), state=state, defaults=Defaults(retry=0))
    assert len(a.asked) == 4


def test_when_all_rest_the_earliest_to_recover_is_tried_first():
    async def main() -> list[tuple[str, str | None]]:
        state = State()
        a, b = ScriptedProvider("a", [[DOWN]] * 3 + [ANSWER]), ScriptedProvider("b", [[DOWN]] * 3 + [ANSWER])
        for one in (candidate(b), candidate(a)):
            for _ in range(3):
                with pytest.raises(ChainFailed):
                    await chain([one], state, Defaults(retry=0)).answer()
            await asyncio.sleep(1.0)
        walk = chain([candidate(a), candidate(b)], state)
        await heard(walk)
        return kinds(walk)

    assert run(main()) == [("b/m", None)]


def test_a_reached_limit_is_passed_over_silently():
    state = State()
    limited = Limit(LimitRule(2, 60.0), ("a/*", ""))
    a, b = ScriptedProvider("a", [says("a")]), ScriptedProvider("b", [says("b")])
    texts = [play(candidate(a, limit=limited), candidate(b), state=state)[1] for _ in range(3)]
    assert texts == ["a", "a", "b"]


def test_a_whole_chain_that_is_limited_is_waited_for_in_order():
    async def main() -> tuple[list[float], list[str]]:
        state, loop = State(), asyncio.get_running_loop()
        a = ScriptedProvider("a")
        turn = candidate(a, limit=Limit(LimitRule(1, 4.0), ("a/*", "")))
        began, order = loop.time(), []

        async def one(name: str) -> float:
            await heard(chain([turn], state))
            order.append(name)
            return loop.time() - began

        times = await asyncio.gather(*(one(name) for name in "wxyz"), return_exceptions=True)
        assert isinstance(times[3], ChainFailed)
        assert times[3].status == 429
        return [round(t, 3) for t in times if isinstance(t, float)], order

    assert run(main()) == ([0.0, 4.0, 8.0], ["w", "x", "y"])


def test_a_width_that_is_full_is_waited_for():
    async def main() -> list[float]:
        state, loop = State(), asyncio.get_running_loop()
        turn = candidate(
            ScriptedProvider("a", [[3.0, *ANSWER]]), limit=Limit(LimitRule(at_once=1), ("a/*", ""))
        )
        began = loop.time()

        async def one() -> float:
            await heard(chain([turn], state))
            return loop.time() - began

        times = await asyncio.gather(*(one() for _ in range(3)))
        assert not state.in_flight
        return times

    assert run(main()) == pytest.approx([3.0, 6.0, 9.0])


def test_a_long_block_is_429_with_a_wait_the_client_heeds():
    state, a = (
        State(),
        ScriptedProvider("a", [[Failure("rate_limit", "later", status=429, retry_after=3600.0)]]),
    )
    fails(candidate(a), state=state)
    walk, failed = fails(candidate(a), state=state)
    assert (failed.status, failed.type, failed.retry_after) == (429, "rate_limit_error", 60)
    assert "3600 s" in failed.message
    assert not walk.tried


def test_a_stale_connection_is_no_failure():
    stale = Failure("connection", "gone", reused=True, before_response=True)
    state, a = State(), ScriptedProvider("a", [[stale], says("fresh")])
    walk, text = play(candidate(a), candidate(ScriptedProvider("b")), state=state)
    assert (text, kinds(walk)) == ("fresh", [("a/m", None)])
    assert [ask.fresh for ask in a.asked] == [False, True]


def test_a_refused_field_is_left_out_once():
    a = ScriptedProvider(
        "a", [[Failure("bad_request", "unknown field", status=400, field="top_k")], says("ok")]
    )
    _walk, text = play(candidate(a), candidate(ScriptedProvider("b")))
    assert (text, [ask.without for ask in a.asked]) == ("ok", [frozenset(), frozenset({"top_k"})])


def test_the_only_one_left_is_tried_again_after_a_5xx():
    a = ScriptedProvider("a", [[DOWN], ANSWER])
    walk, text = play(candidate(a))
    assert (text, kinds(walk)) == ("hello", [("a/m", "server_error"), ("a/m", None)])


def test_retry_is_obeyed_although_others_are_left():
    a, b = ScriptedProvider("a", [[DOWN], [DOWN], says("third")]), ScriptedProvider("b")
    _walk, text = play(candidate(a, retry=2), candidate(b))
    assert (text, len(a.asked), b.asked) == ("third", 3, [])


def test_two_providers_that_call_it_wrong_end_the_walk():
    wrong: list[list[Step]] = [[Failure("bad_request", "no such thing", status=400)]]
    providers = [ScriptedProvider(name, wrong) for name in "abc"]
    _walk, failed = fails(*map(candidate, providers))
    assert (failed.status, [len(one.asked) for one in providers]) == (400, [1, 1, 0])
    assert "a/m: no such thing" in failed.message


def test_after_an_overflow_only_wider_ones_are_asked():
    too_long: list[list[Step]] = [
        [Failure("overflow", "prompt is too long: 9 tokens > 8 maximum", status=400)]
    ]
    narrow, wide = Profile(context=8000), Profile(context=16000)
    a, b, c = ScriptedProvider("a", too_long), ScriptedProvider("b"), ScriptedProvider("c", [says("wide")])
    _walk, text = play(candidate(a, profile=narrow), candidate(b, profile=narrow), candidate(c, profile=wide))
    assert (text, b.asked) == ("wide", [])


def test_a_prompt_longer_than_every_window_is_said_as_the_api_says_it():
    a = ScriptedProvider("a")
    _walk, failed = fails(candidate(a, profile=Profile(context=10)), text="word " * 4000)
    assert failed.status == 400
    assert failed.message.startswith("prompt is too long: ")
    assert failed.message.endswith(" > 10 maximum")


def test_a_fallback_for_some_failures_only():
    a, b = ScriptedProvider("a", [[Failure("timeout", "late")]]), ScriptedProvider("b")
    c = ScriptedProvider("c", [says("c")])
    walk, text = play(candidate(a), candidate(b, on=frozenset({"overflow"})), candidate(c))
    assert (text, b.asked) == ("c", [])
    walk, text = play(candidate(a), candidate(b, on=frozenset({"timeout"})), candidate(c))
    assert kinds(walk)[1] == ("b/m", None)


def test_no_more_attempts_than_allowed():
    providers = [ScriptedProvider(name, [[DOWN]]) for name in "abcdef"]
    walk, failed = fails(*map(candidate, providers))
    assert (len(walk.tried), failed.status) == (4, 529)


def test_a_missing_key_is_said_and_not_retried():
    a = ScriptedProvider("a", keys=(), missing="set A_API_KEY")
    _walk, failed = fails(candidate(a))
    assert (failed.status, failed.should_retry) == (500, False)
    assert "set A_API_KEY" in failed.message


def test_a_race_is_won_by_the_first_content():
    a, b = ScriptedProvider("a", [[9.0, *says("slow")]]), ScriptedProvider("b", [[1.0, *says("quick")]])
    _walk, text = play(Race((candidate(a), candidate(b)), 2.0))
    assert text == "quick"
    assert a.exchanges[0].closed


def test_a_race_nobody_loses_asks_one():
    a, b = ScriptedProvider("a", [[1.0, *says("first")]]), ScriptedProvider("b")
    _walk, text = play(Race((candidate(a), candidate(b)), 2.0))
    assert (text, b.asked) == ("first", [])


def test_a_runner_that_fails_starts_the_next_at_once():
    async def main() -> tuple[str, float]:
        loop = asyncio.get_running_loop()
        began = loop.time()
        a, b = ScriptedProvider("a", [[DOWN]]), ScriptedProvider("b", [says("b")])
        return await heard(chain([Race((candidate(a), candidate(b)), 20.0)])), loop.time() - began

    assert run(main()) == ("b", 0.0)


def test_a_cancelled_walk_holds_nothing():
    async def main() -> tuple[State, ScriptedProvider]:
        state, a = State(), ScriptedProvider("a", [[60.0, *ANSWER]])
        turn = candidate(a, limit=Limit(LimitRule(at_once=1), ("a/*", "")))
        task = asyncio.ensure_future(chain([turn], state).answer())
        await asyncio.sleep(1.0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return state, a

    state, a = run(main())
    assert not state.in_flight
    assert a.exchanges[0].closed
    assert state.buckets[("a/*", "")].in_flight == 0
    assert not state.healths["a/m"].recent


def test_whoever_does_not_stream_fails_over_in_the_middle_of_an_answer():
    half: list[Any] = [[Start(), Text("half")], Failure("cut", "gone")]
    a, b = ScriptedProvider("a", [half]), ScriptedProvider("b", [says("whole")])
    walk, text = play(candidate(a), candidate(b), stream=False)
    assert (text, kinds(walk)) == ("whole", [("a/m", "cut"), ("b/m", None)])


def test_two_networks_gone_at_once_is_nobodys_failure():
    state = State()
    gone: list[list[Step]] = [[Failure("connection", "no route", unreachable=True, before_response=True)]]
    providers = [ScriptedProvider(name, gone) for name in "ab"]
    for _ in range(4):
        fails(*map(candidate, providers), state=state, defaults=Defaults(retry=0))
    assert {name: health.until for name, health in state.healths.items()} == {"a/m": None, "b/m": None}


def test_two_that_refuse_have_both_been_reached():
    state = State()
    shut: list[list[Step]] = [[Failure("connection", "refused", before_response=True)]]
    providers = [ScriptedProvider(name, shut) for name in "ab"]
    for _ in range(3):
        fails(*map(candidate, providers), state=state, defaults=Defaults(retry=0))
    assert all(state.healths[name].until is not None for name in ("a/m", "b/m"))


def test_attempt_is_closed_once():
    async def main() -> State:
        state = State()
        attempt, _ = await chain([candidate(ScriptedProvider("a"))], state).answer()
        assert isinstance(attempt, Attempt)
        await attempt.close()
        await attempt.close()
        return state

    assert not run(main()).in_flight
