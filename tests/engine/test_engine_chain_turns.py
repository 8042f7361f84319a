"""Who is next in a chain, and how it is asked: skips that count as failures, retries, tries, waiting, and last ones."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from engine.candidates import Candidate, Limit, Race
from engine.chain import SOON, Chain
from engine.health import HealthRule
from engine.limits import LimitRule
from engine.outcome import ChainFailed
from engine.state import State
from providers.failures import Failure
from rules.settings import Defaults
from support.scripted import ANSWER, ScriptedProvider, Step, candidate, chain, says
from support.virtual_time import run
from support.walks import DOWN, failed, heard, kinds, limited
from translators.profile import Profile

OVERFLOW = Failure("overflow", "prompt is too long: 9 tokens > 8 maximum", status=400)
NO_RETRY = Defaults(retry=0)
SILENT: list[Step] = [1000.0]
NARROW, WIDE = Profile(context=8_000), Profile(context=16_000)


def timed(what: Callable[[], Coroutine[Any, Any, Any]]) -> tuple[Any, float]:
    """What comes of it, and after how many seconds."""

    async def main() -> tuple[Any, float]:
        began = asyncio.get_running_loop().time()
        return await what(), asyncio.get_running_loop().time() - began

    return run(main())


def asked(*turns: Candidate | Race, **more: Any) -> tuple[list[str], float]:
    """Who was asked, whatever came of it, and the seconds that took."""
    walk: list[Chain] = []

    async def main() -> None:
        walk.append(chain(turns, **more))
        try:
            await heard(walk[0])
        except ChainFailed:
            assert walk[0].failures or walk[0].skipped

    _, took = timed(main)
    return [one.target[0] for one in walk[0].tried], took


def says_no(name: str, failure: Failure = DOWN, **options: Any) -> Candidate:
    return candidate(ScriptedProvider(name, [[failure]]), **options)


def good(name: str, **options: Any) -> Candidate:
    return candidate(ScriptedProvider(name), **options)


def resting(*names: str) -> State:
    """These have failed and rest."""
    state = State()
    for name in names:
        asked(says_no(name, health=HealthRule(1, 30.0, 30.0)), state=state, defaults=NO_RETRY)
    return state


@pytest.mark.parametrize(
    ("step", "default", "sent"),
    [(None, None, None), (None, True, None), (None, False, False), (True, False, True), (False, True, False)],
)
def test_thinking_is_the_steps_word_or_forbidden_by_default(step: Any, default: Any, sent: Any) -> None:
    a = ScriptedProvider("a")
    asked(
        candidate(a, thinking=step, effort="low", budget=7),
        defaults=Defaults(thinking=default, connect=3.0, write=4.0),
    )
    (ask,) = a.asked
    assert (ask.model, ask.thinking, ask.effort, ask.budget) == ("m", sent, "low", 7)
    assert (ask.connect, ask.write, ask.key, ask.fresh) == (3.0, 4.0, a.keys[0], False)


@pytest.mark.parametrize(
    ("attempts", "others", "seconds"),
    [
        (4, [good("b")], 5.0),
        (1, [good("b")], 50.0),
        (2, [candidate(ScriptedProvider("b", [SILENT])), good("c")], 55.0),
        (4, [good("b", on=frozenset({"overflow"}))], 50.0),
        (4, [good("b", on=frozenset({"timeout"}))], 5.0),
        (4, [Race((good("b"), good("c")), 1.0)], 5.0),
        (4, [good("b", profile=Profile(context=1))], 50.0),
    ],
)
def test_the_last_that_can_be_asked_has_more_time(attempts: int, others: list[Any], seconds: float) -> None:
    defaults = Defaults(attempts=attempts, start=5.0, start_last=50.0, stall_before=100.0, retry=0, wait=0.0)
    silent = candidate(ScriptedProvider("a", [SILENT]))
    assert asked(silent, *others, defaults=defaults)[1] == seconds


@pytest.mark.parametrize(
    ("failure", "seconds"),
    [
        (DOWN, 0.25),
        (Failure("rate_limit", "slow", status=429, retry_after=SOON), SOON),
        (Failure("rate_limit", "slow", status=429, retry_after=SOON + 0.001), None),
        (Failure("rate_limit", "slow", status=429), None),
        (Failure("timeout", "late"), None),
    ],
)
def test_the_same_is_asked_again_after_a_moment_or_not_at_all(
    failure: Failure, seconds: float | None
) -> None:
    a = ScriptedProvider("a", [[failure], ANSWER])
    tried, took = asked(candidate(a), defaults=Defaults(wait=0.0))
    assert (tried, took) == ((["a"], 0.0) if seconds is None else (["a", "a"], seconds))


@pytest.mark.parametrize(("attempts", "tried"), [(1, 1), (2, 2), (4, 4), (9, 4)])
def test_fields_are_left_out_three_times_and_within_the_tries(attempts: int, tried: int) -> None:
    scripts: list[list[Step]] = [
        [Failure("bad_request", "unknown", status=400, field=name)] for name in ("f", "g", "h", "i", "j")
    ]
    a = ScriptedProvider("a", scripts)
    asked(candidate(a), defaults=Defaults(attempts=attempts))
    assert [len(ask.without) for ask in a.asked] == list(range(tried))


def test_tries_are_counted_for_retries_and_runners_too() -> None:
    a = ScriptedProvider("a", [[DOWN], ANSWER])
    assert asked(candidate(a), defaults=Defaults(attempts=1))[0] == ["a"]
    slow = candidate(ScriptedProvider("a", [[5.0, *ANSWER]]))
    assert asked(Race((slow, good("b")), 0.0), defaults=Defaults(attempts=1)) == (["a"], 5.0)
    again = candidate(ScriptedProvider("a", [[DOWN], ANSWER]))
    assert asked(Race((again, candidate(ScriptedProvider("b", [[5.0, *ANSWER]]))), 0.0)) == (["a", "b"], 5.0)


@pytest.mark.parametrize(
    ("why", "kind", "other"),
    [
        ("resting", "server_error", "rate_limit"),
        ("limit", "rate_limit", "server_error"),
        ("window", "overflow", "bad_request"),
        ("verdict", "auth", "credit"),
    ],
)
def test_who_is_skipped_counts_as_failed(why: str, kind: str, other: str) -> None:
    state, skipped = State(), good("a")
    if why == "resting":
        state = resting("a")
    elif why == "limit":
        skipped = good("a", limit=limited(1))
        asked(skipped, state=state)
    elif why == "window":
        skipped = good("a", profile=Profile(context=1))
    else:
        asked(says_no("a", Failure("auth", "bad key", status=401)), state=state)
    for only, tried in ((kind, ["b"]), (other, ["c"])):
        turns = [skipped, good("b", on=frozenset({only})), good("c")]
        assert asked(*turns, state=state, defaults=Defaults(wait=0.0))[0] == tried


def test_the_only_one_is_asked_whatever_it_said_before() -> None:
    state = State()
    no_key = says_no("a", Failure("auth", "bad key", status=401))
    assert [asked(no_key, state=state)[0] for _ in range(2)] == [["a"], ["a"]]
    assert asked(no_key, good("b"), state=state)[0] == ["b"]


def test_when_all_rest_they_are_asked_and_skipped_no_more() -> None:
    state = resting("a", "b")

    async def main() -> None:
        walk = chain([good("a"), good("b")], state)
        assert await heard(walk) == "hello"
        assert (kinds(walk), walk.skipped) == ([("a/m", None)], [])

    run(main())


def test_who_was_skipped_and_why_is_told() -> None:
    async def main() -> None:
        walk = chain([good("a", profile=Profile(context=1)), good("b")])
        assert await heard(walk) == "hello"
        assert [(name, skip.why) for name, skip in walk.skipped] == [("a/m", "window")]

    run(main())


def test_an_end_of_its_own_keeps_a_step_from_being_asked_too_late() -> None:
    slow = candidate(ScriptedProvider("a", [[4.0, DOWN]]))
    assert asked(slow, good("b", finish=3.0), good("c"), defaults=NO_RETRY)[0] == ["a", "c"]
    assert asked(slow, good("b", finish=5.0), good("c"), defaults=NO_RETRY)[0] == ["a", "b"]
    assert asked(slow, good("b"), good("c"), defaults=Defaults(retry=0, finish=4.0))[0] == ["a"]


@pytest.mark.parametrize(
    ("first", "others", "tried"),
    [
        (says_no("a", OVERFLOW), [good("b", profile=NARROW)], ["a", "b"]),
        (
            says_no("a", OVERFLOW, profile=NARROW),
            [good("b", profile=NARROW), good("c", profile=WIDE)],
            ["a", "c"],
        ),
        (says_no("a", OVERFLOW, profile=NARROW), [good("b", profile=NARROW), good("c")], ["a", "c"]),
        (
            says_no("a", OVERFLOW, profile=NARROW),
            [good("b", profile=NARROW, on=frozenset({"overflow"}))],
            ["a", "b"],
        ),
        (says_no("a", OVERFLOW, profile=NARROW), [good("b", profile=NARROW, on=frozenset({"cut"}))], ["a"]),
        (
            says_no("a", OVERFLOW, profile=NARROW),
            [Race((good("b", profile=NARROW), good("c", profile=WIDE)), 0.0)],
            ["a", "c"],
        ),
        (says_no("a", DOWN, profile=WIDE), [good("b", profile=NARROW)], ["a", "b"]),
    ],
)
def test_only_an_overflow_asks_for_a_wider_window(
    first: Candidate, others: list[Any], tried: list[str]
) -> None:
    assert asked(first, *others, defaults=NO_RETRY)[0] == tried


def waited(first_free: float, second_free: float) -> tuple[Chain, float]:
    """A walk that may wait for 10 s: `a` is free after so many seconds and fails, `b` after so many and answers."""
    state = State()
    first = candidate(ScriptedProvider("a", [ANSWER, [DOWN]]), limit=limited(1, first_free))
    blocked = says_no("b", Failure("rate_limit", "slow", status=429, retry_after=second_free))

    async def main() -> tuple[Chain, float]:
        await heard(chain([first], state))
        await failed(chain([blocked], state, Defaults(retry=0, wait=0.0)))
        walk = chain([first, good("b")], state, Defaults(retry=0, wait=10.0))
        began = asyncio.get_running_loop().time()
        with contextlib.suppress(ChainFailed):
            assert await heard(walk) == "hello"
        return walk, asyncio.get_running_loop().time() - began

    return run(main())


def test_waiting_has_one_budget_for_the_whole_walk() -> None:
    """`b` would be free after 12 s, and 4 s are left."""
    walk, took = waited(6.0, 12.0)
    assert (kinds(walk), took) == ([("a/m", "server_error")], 6.0)
    assert [(name, skip.why) for name, skip in walk.skipped] == [("b/m", "block")]


def test_what_is_left_of_the_budget_is_waited_for_too() -> None:
    walk, took = waited(3.0, 6.0)
    assert (kinds(walk), took) == ([("a/m", "server_error"), ("b/m", None)], 6.0)


def test_whoever_does_not_want_to_wait_is_told_at_once() -> None:
    async def main() -> None:
        state, busy = State(), good("a", limit=limited(1, 6.0))
        await heard(chain([busy], state))
        began = asyncio.get_running_loop().time()
        with pytest.raises(ChainFailed):
            await chain([busy], state).answer(wait=False)
        assert asyncio.get_running_loop().time() == began
        walk = chain([busy], state)
        assert await heard(walk) == "hello"
        assert asyncio.get_running_loop().time() == began + 6.0
        assert walk.skipped == []

    run(main())


@pytest.mark.parametrize(
    ("patience", "tried", "seconds"), [(5.0, ["a"], 3.0), (2.0, ["b"], 0.0), (0.0, ["b"], 0.0)]
)
def test_a_step_may_wait_for_its_own_limit(patience: float, tried: list[str], seconds: float) -> None:
    limit = Limit(LimitRule(1, 3.0, wait=patience), ("a/*", ""), "")
    state, first = State(), good("a", limit=limit)

    async def main() -> Chain:
        await heard(chain([first], state))
        began = asyncio.get_running_loop().time()
        walk = chain([first, good("b")], state)
        await heard(walk)
        assert asyncio.get_running_loop().time() - began == seconds
        return walk

    walk = run(main())
    assert [one.target[0] for one in walk.tried] == tried
    assert [name for name, _ in walk.skipped] == (["a/m"] if tried == ["b"] else [])


@pytest.mark.parametrize(("patience", "wait"), [(60.0, 0.0), (0.0, 10.0)])
def test_nobody_is_waited_for_beyond_the_time_of_the_answer(patience: float, wait: float) -> None:
    async def main() -> tuple[int, float, int]:
        state, loop = State(), asyncio.get_running_loop()
        a = ScriptedProvider("a")
        limit = Limit(LimitRule(1, 8.0, wait=patience), ("a/*", ""), "")
        turn = candidate(a, limit=limit, finish=5.0)
        await heard(chain([turn], state))
        began = loop.time()
        told = await failed(chain([turn], state, Defaults(wait=wait)))
        return told.status, loop.time() - began, len(a.asked)

    status, seconds, asked = run(main())
    assert (status, asked) == (429, 1)
    assert seconds <= 5.0


def test_a_rescue_waits_for_no_limit_of_its_own() -> None:
    """The client is in the middle of an answer."""

    async def main() -> float:
        state, loop = State(), asyncio.get_running_loop()
        limit = Limit(LimitRule(1, 30.0, wait=60.0), ("a/*", ""), "")
        turn = candidate(ScriptedProvider("a"), limit=limit)
        await heard(chain([turn], state))
        began = loop.time()
        with pytest.raises(ChainFailed):
            await chain([turn], state).answer(wait=False)
        return loop.time() - began

    assert run(main()) == 0.0


def test_who_is_no_fallback_waits_for_no_limit_of_its_own() -> None:
    limit = Limit(LimitRule(1, 3.0, wait=5.0), ("b/*", ""), "")
    state, b = State(), good("b", limit=limit, on=frozenset({"cut"}))

    async def main() -> None:
        await heard(chain([good("b", limit=limit)], state))
        began = asyncio.get_running_loop().time()
        walk = chain([good("a", profile=Profile(context=1)), b, good("c")], state)
        await heard(walk)
        assert kinds(walk) == [("c/m", None)]
        assert asyncio.get_running_loop().time() == began

    run(main())


def test_after_an_answer_was_cut_the_walk_goes_on() -> None:
    async def main() -> None:
        turns = [good("a"), good("b", on=frozenset({"timeout"})), good("c", on=frozenset({"cut"}))]
        walk = chain(turns)
        attempt, _ = await walk.answer()
        cut = Failure("cut", "gone")
        await attempt.close(cut)
        walk.broke(attempt, cut)
        second, _ = await walk.answer()
        await second.close()
        assert (walk.failures, kinds(walk)) == ({"a/m": cut}, [("a/m", "cut"), ("c/m", None)])

    run(main())


def test_only_those_that_fit_are_asked_and_the_others_keep_their_turn() -> None:
    async def main() -> None:
        race = Race((good("b"), good("c")), 0.0)
        walk = chain([race, good("a"), candidate(ScriptedProvider("b", [says("fits")]))])
        walk.fitting = lambda one: one.id == "b/m"
        attempt, _ = await walk.answer()
        await attempt.close()
        assert kinds(walk) == [("b/m", None)]
        walk.fitting = None
        for name in ("b/m", "a/m"):
            attempt, _ = await walk.answer()
            await attempt.close()
            assert attempt.tried.target == name

    run(main())


def test_a_step_that_a_failure_put_to_rest_has_its_own_retries() -> None:
    first = candidate(ScriptedProvider("a", [[DOWN], ANSWER]), health=HealthRule(1, 30.0, 30.0), retry=1)
    assert asked(first, good("b"))[0] == ["a", "a"]


def test_a_runner_that_may_not_be_asked_is_left_out_of_a_race() -> None:
    assert asked(Race((good("a"), good("b")), 5.0), state=resting("a")) == (["b"], 0.0)
    assert asked(Race((good("a"), good("b")), 5.0), good("c"), state=resting("a", "b"))[0] == ["c"]


def test_when_nobody_has_eyes_for_an_image_all_are_asked_all_the_same() -> None:
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}}
    messages = [{"role": "user", "content": [image]}]
    blind = good("a", profile=Profile(images=False))
    assert asked(blind, good("b"), messages=messages)[0] == ["b"]
    assert asked(blind, good("b", profile=Profile(images=False)), messages=messages)[0] == ["a"]
