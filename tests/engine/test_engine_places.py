"""Who may ask whom now: places in a line, windows, several keys, and blocks of one or of all."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from msgspec.structs import replace

from engine import generation
from engine import state as state_module
from engine.blocks import LADDER, Aside, Blocks
from engine.candidates import Limit
from engine.facts import Facts
from engine.generation import House
from engine.health import HealthRule
from engine.limits import Bucket, LimitRule
from engine.outcome import ChainFailed
from engine.sleep import slept
from engine.state import NAP, SWEEP, Skip, State
from providers.failures import Failure
from providers.provider import Key, Provider
from providers.secrets import Secret
from providers.setup import setup_of
from rules.settings import Defaults
from support.scripted import ANSWER, ScriptedProvider, candidate, chain, request
from support.virtual_time import run
from support.walks import DOWN, failed, heard, limited

FRAIL = HealthRule(1, 30.0, 30.0)
KEYS = (Key("0", Secret("k")), Key("1", Secret("l")))


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
    assert (first.at, second.at) == (4.0, 8.0)
    bucket.unbook(first)
    bucket.take(5.0)
    assert bucket.delay(8.0, mine=second) == 1.0
    bucket.unbook(second)
    bucket.take(9.0)
    assert bucket.delay(9.0) == 4.0
    assert bucket.used == 1


def test_who_leaves_the_window_lets_those_behind_it_move_up():
    async def main() -> list[float]:
        state, loop = State(), asyncio.get_running_loop()
        turn = candidate(ScriptedProvider("a"), limit=Limit(LimitRule(1, 4.0, wait=60.0), ("a/*", "")))
        await heard(chain([turn], state))
        began = loop.time()

        async def one() -> float:
            await heard(chain([turn], state))
            return loop.time() - began

        first, *others = (asyncio.create_task(one()) for _ in range(4))
        await asyncio.sleep(1.0)
        first.cancel()
        return list(await asyncio.gather(*others))

    assert run(main()) == pytest.approx([4.0, 8.0, 12.0])


def test_a_reload_that_counts_in_another_unit_leaves_nothing_of_those_who_wait():
    """A place that stays booked would be taken for ever."""

    async def main() -> tuple[BaseException | str, int, float]:
        state, loop = State(), asyncio.get_running_loop()
        a = ScriptedProvider("a", [ANSWER, [50.0, *ANSWER]])
        old = candidate(a, limit=limited(1, 5.0))
        new = candidate(a, limit=Limit(LimitRule(1_000, 5.0, tokens=True), ("a/*", "")))
        await heard(chain([old], state))
        waits = asyncio.create_task(heard(chain([old], state)))
        await asyncio.sleep(1.0)
        goes = asyncio.create_task(heard(chain([new], state)))
        await asyncio.sleep(1.0)
        waits.cancel()
        (left,) = await asyncio.gather(waits, return_exceptions=True)
        await goes
        (bucket,) = state.buckets.values()
        await asyncio.sleep(60.0)
        return left, len(bucket.booked), bucket.delay(loop.time())

    left, booked, delay = run(main())
    assert isinstance(left, asyncio.CancelledError)
    assert (booked, delay) == (0, 0.0)


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


def test_nothing_grows_with_the_models_that_clients_name(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(state_module, "MOST_NAMES", 100)
    state, provider = State(), Provider(setup_of("a", None, {}, {}, None))

    async def main() -> None:
        for number in range(2 * SWEEP):
            turn = candidate(
                ScriptedProvider("a", [[DOWN] if number % 2 else ANSWER]), f"m{number}", health=FRAIL
            )
            with contextlib.suppress(ChainFailed):
                await heard(chain([turn], state, Defaults(retry=0)))
            state.turn((turn.id,), 1)
            provider.profile(turn.model)
            await asyncio.sleep(4.0)

    run(main())
    kept = (state.healths, state.first_token, state.rotations, state.buckets, state.blocks.asides)
    assert max(map(len, kept)) < SWEEP * 3 / 4
    assert len(provider._profiles) <= 1_000


def test_what_was_to_pass_while_the_machine_slept_has_passed():
    """A laptop is closed for the night: a block of five hours is over in the morning, one of two days goes on."""

    async def main() -> list[tuple[str, float | None]]:
        state, loop, hour = State(), asyncio.get_running_loop(), 3600.0
        now, facts = loop.time(), Facts(request())
        quota, week, ill, slow = (candidate(ScriptedProvider(name), health=FRAIL) for name in "abcd")
        slow = replace(slow, limit=Limit(LimitRule(1, 6 * hour), ("d/*", "")))
        state.awake(1_000.0)
        state.blocks.block(now, "a", "0", "m", 5 * hour, "quota")
        state.blocks.block(now, "b", "0", "m", 23 * hour, "quota")
        for turn in (ill, slow):
            slot = state.take(turn, turn.provider.keys[0], now, facts)
            state.failed(slot, DOWN, now)
            state.give_back(slot)
        state.awake(1_000.5)
        asleep = [state.look(turn, now, facts) for turn in (quota, week, ill, slow)]
        assert [skip.why for skip in asleep if isinstance(skip, Skip)] == [
            "block",
            "block",
            "resting",
            "resting",
        ]
        state.awake(1_000.0 + 8 * hour)
        state.awake(1_000.1 + 8 * hour)
        found = [state.look(turn, now, facts) for turn in (quota, week, ill, slow)]
        return [
            (one.why, one.until and one.until - now) if isinstance(one, Skip) else ("", None) for one in found
        ]

    assert run(main()) == [("", None), ("block", pytest.approx(15 * 3600.0)), ("", None), ("", None)]


def test_the_clocks_of_this_machine_agree_while_it_is_awake():
    before = slept()
    assert slept() == pytest.approx(before, abs=NAP)


def test_a_request_is_when_it_is_seen_that_the_machine_has_slept(monkeypatch: pytest.MonkeyPatch):
    async def main() -> float:
        house = House("routes.toml", {})
        house.accept(b"rules = '''\nroute rest answer \"x\"\n'''\n")
        for total in (50.0, 50.0 + 3600.0):
            monkeypatch.setattr(generation, "slept", lambda total=total: total)
            await (await house.run(request())).aclose()
            house.state.blocks.asides.setdefault(("a", "0"), Aside(10_000.0, "quota"))
        return house.state.blocks.asides["a", "0"].until

    assert run(main()) == 10_000.0 - 3600.0
