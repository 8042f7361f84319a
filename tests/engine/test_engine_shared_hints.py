"""What processes tell each other over Redis: widths, amounts, probes, rests, verdicts; and what is not believed."""

from __future__ import annotations

import asyncio
from typing import Any
from unittest import mock

import pytest
from msgspec.structs import replace

from engine.health import HealthRule
from engine.picture import pardon
from engine.shared import shared as module
from engine.shared.link import Script
from engine.state import Skip, Slot
from providers.failures import Failure
from support.redis_server import RedisServer, needs_redis
from support.scripted import ScriptedProvider, candidate
from support.sharing import DOWN, beats, let, limited, one, rate, run, until

pytestmark = needs_redis


def test_a_width_is_shared_and_given_back() -> None:
    async def test(server: RedisServer) -> None:
        async with one(server.url) as here, one(server.url) as there:
            asked = limited(None, at_once=3)
            held = [await here.ask(asked), await there.ask(asked), await here.ask(asked)]
            assert all(isinstance(slot, Slot) for slot in held)
            refused = await there.ask(asked)
            assert isinstance(refused, Skip)
            assert refused.why == "busy"
            assert isinstance(held[0], Slot)
            here.state.give_back(held[0])
            await until(lambda: server.say("ZCARD", module.width_key(("nim/*", "", ""))) == b":2\r\n")
            assert await let(there, asked)

    run(test)


def test_amounts_are_shared() -> None:
    async def test(server: RedisServer) -> None:
        async with one(server.url) as here, one(server.url) as there:
            tokens = here.facts.tokens
            asked = limited(tokens * 3 + 1, tokens=True)
            assert await here.asked(asked, 2) + await there.asked(asked, 2) == 3

    run(test)


def test_one_probe_among_all() -> None:
    async def test(server: RedisServer) -> None:
        rule = HealthRule(1, 30.0, 0.2)
        asked = candidate(ScriptedProvider("nim"), health=rule)
        async with one(server.url) as here, one(server.url) as there:
            now = asyncio.get_running_loop().time()
            for view in (here, there):
                slot = await view.ask(asked)
                assert isinstance(slot, Slot)
                view.state.failed(slot, DOWN, now)
                view.state.give_back(slot)
            probe, second = await let(here, asked), await there.ask(asked)
            assert isinstance(second, Skip)
            assert second.why == "resting"
            here.state.began(probe, 0.1)
            assert await let(there, asked)

    run(test)


def test_a_probe_that_fails_at_once_gives_back_its_width_and_its_lease() -> None:
    """Both within one beat; a lease that was kept would keep everybody from the next probe for a minute."""

    async def test(server: RedisServer) -> None:
        asked = replace(limited(None, at_once=3), health=HealthRule(1, 30.0, 0.1))
        async with one(server.url) as here:
            for _ in range(2):
                slot = await let(here, asked)
                here.state.failed(slot, DOWN, asyncio.get_running_loop().time())
                here.state.give_back(slot)
            assert slot.place
            await beats(here)
            assert server.say("KEYS", "fcc:probe:*") == b"*0\r\n"
            assert server.say("ZCARD", module.width_key(("nim/*", "", ""))) == b":0\r\n"

    run(test)


def test_a_probe_that_is_cut_off_at_the_question_gives_back_both() -> None:
    async def test(server: RedisServer) -> None:
        asked = replace(limited(None, at_once=3), health=HealthRule(1, 30.0, 0.1))
        async with one(server.url) as here:
            slot = await let(here, asked)
            here.state.failed(slot, DOWN, asyncio.get_running_loop().time())
            here.state.give_back(slot)
            await asyncio.sleep(0.2)
            call = here.shared._link.call

            async def answers_too_late(script: Script, *said: Any) -> list[Any]:
                answer = await call(script, *said)
                if script is module.ADMIT:
                    raise asyncio.CancelledError
                return answer

            with (
                mock.patch.object(here.shared._link, "call", answers_too_late),
                pytest.raises(asyncio.CancelledError),
            ):
                await here.ask(asked)
            assert here.shared._probes == {}
            await beats(here)
            assert server.say("KEYS", "fcc:probe:*") == b"*0\r\n"
            assert server.say("ZCARD", module.width_key(("nim/*", "", ""))) == b":0\r\n"

    run(test)


def test_a_rest_is_a_hint_and_so_is_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BEAT_EVERY", 0.05)

    async def test(server: RedisServer) -> None:
        asked = candidate(ScriptedProvider("nim"), health=HealthRule(1, 30.0, 0.6))
        async with one(server.url) as here, one(server.url) as there:
            slot = await here.ask(asked)
            assert isinstance(slot, Slot)
            here.state.failed(slot, DOWN, asyncio.get_running_loop().time())
            here.state.give_back(slot)
            await until(lambda: there.state.healths.get(asked.id) is not None)
            refused = await there.ask(asked)
            assert isinstance(refused, Skip)
            assert refused.why == "resting"
            here.state.began(await let(here, asked), 0.1)
            await until(lambda: there.state.healths[asked.id].until is None)

    run(test)


def test_blocks_and_verdicts_go_with_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BEAT_EVERY", 0.05)

    async def test(server: RedisServer) -> None:
        same, other = limited(key="secret-1"), limited(key="secret-2")
        async with one(server.url) as here, one(server.url) as there, one(server.url) as elsewhere:
            for view, known in ((here, same), (there, same), (elsewhere, other)):
                view.shared.know({"nim": known.provider})
            slot, mistrusted = await here.ask(same), await elsewhere.ask(other)
            assert isinstance(slot, Slot)
            assert isinstance(mistrusted, Slot)
            now = asyncio.get_running_loop().time()
            elsewhere.state.failed(mistrusted, Failure("certificate", "whose clock is wrong?"), now)
            elsewhere.state.blocks.pardon()
            here.state.failed(slot, Failure("credit", "pay first", status=402), now)
            await until(lambda: bool(there.state.blocks.asides))
            refused = await there.ask(same)
            assert isinstance(refused, Skip)
            assert (refused.why, refused.kind) == ("verdict", "credit")
            assert "pay" not in refused.text
            await beats(elsewhere)
            assert isinstance(await elsewhere.ask(other), Slot)
            there.state.blocks.pardon()
            await beats(there)
            assert isinstance(await there.ask(same), Slot)
            hints = server.say("ZRANGE", "fcc:hints", "0", "-1")
            assert b"credit" in hints
            assert b"secret-1" not in hints
            assert b"certificate" not in hints

    run(test)


def test_an_admins_reset_is_not_undone_by_a_hint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BEAT_EVERY", 0.05)

    async def test(server: RedisServer) -> None:
        asked = candidate(limited().provider, health=HealthRule(1, 30.0, 60.0))
        async with one(server.url) as here, one(server.url) as there:
            for view in (here, there):
                view.shared.know({"nim": asked.provider})
            now = asyncio.get_running_loop().time()
            for failure in (DOWN, Failure("credit", "pay first", status=402)):
                slot = await here.ask(asked)
                assert isinstance(slot, Slot)
                here.state.failed(slot, failure, now)
                here.state.give_back(slot)
                here.state.healths.pop(asked.id, None)
            await until(lambda: asked.id in there.state.healths and bool(there.state.blocks.asides))
            await beats(here)
            assert pardon(here.state, [asked.id]) == [asked.id]
            await until(lambda: there.state.healths[asked.id].until is None)
            await beats(here)
            assert isinstance(await here.ask(asked), Slot)
            assert server.say("ZRANGE", "fcc:hints", "0", "-1") == b"*0\r\n"
            async with one(server.url) as late:
                late.shared.know({"nim": asked.provider})
                await beats(late)
                assert isinstance(await late.ask(asked), Slot)

    run(test)


def test_what_a_stranger_wrote_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BEAT_EVERY", 0.05)

    async def test(server: RedisServer) -> None:
        async with one(server.url) as here:
            for hint in ("nonsense", '["rest"]', '["aside","overflow","","nim","0"]', "[1,2]"):
                server.say("ZADD", "fcc:hints", "9e15", f"'{hint}'")
            server.say("ZADD", "fcc:hints", "9e15", f'\'["rest","{"x" * 400}"]\'')
            await beats(here)
            assert (here.state.healths, here.state.blocks.asides) == ({}, {})
            assert not here.shared.away
            server.say("SET", rate(10), "no-log")
            assert await here.asked(limited(10), 20) == 10

    run(test)
