"""One process and a Redis in trouble: requests do not wait for it, and limits hold all the same."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections.abc import AsyncGenerator, Callable, Coroutine
from dataclasses import dataclass, field
from unittest import mock

import pytest

from engine.candidates import Candidate, Limit
from engine.facts import Facts
from engine.health import HealthRule
from engine.limits import LimitRule
from engine.picture import pardon
from engine.shared import shared as module
from engine.shared.hints import Hints
from engine.shared.link import Link
from engine.shared.shared import Shared
from engine.state import Skip, Slot, State
from providers.failures import Failure
from providers.provider import Key
from providers.secrets import Secret
from support.redis_server import RedisServer, needs_redis, redis_server
from support.scripted import ScriptedProvider, candidate, request

pytestmark = needs_redis

BOUND = 30.0
DOWN = Failure("server_error", "down", status=500)
SLOW = 2.0
"""Seconds an answer may take where slowness is not what is tested: the machine may have other work."""


@dataclass(eq=False)
class One:
    """A process's view, and what it was told of the server."""

    shared: Shared
    state: State = field(default_factory=State)
    heard: list[tuple[bool, str]] = field(default_factory=list)
    facts: Facts = field(default_factory=lambda: Facts(request()))

    async def ask(self, asked: Candidate) -> Slot | Skip:
        found = self.state.look(asked, asyncio.get_running_loop().time(), self.facts)
        return await self.state.claim(asked, found, self.facts) if isinstance(found, Key) else found

    async def asked(self, asked: Candidate, times: int) -> int:
        """How many of so many questions were granted; each grant's request ends at once."""
        count = 0
        for _ in range(times):
            if isinstance(slot := await self.ask(asked), Slot):
                count += 1
                self.state.give_back(slot)
        return count


@contextlib.asynccontextmanager
async def one(url: str, *, within: float = SLOW, workers: int = 1) -> AsyncGenerator[One, None]:
    state, heard = State(), list[tuple[bool, str]]()
    shared = Shared(Link(url, within), state, lambda back, why: heard.append((back, why)), workers)
    await shared.start()
    state.others = shared
    try:
        yield One(shared, state, heard)
    finally:
        await shared.aclose()


def limited(
    count: int | None = 10,
    window: float = 60.0,
    key: str = "k",
    tokens: bool = False,
    at_once: int | None = None,
) -> Candidate:
    provider = ScriptedProvider("nim", keys=(Key("0", Secret(key)),))
    return candidate(provider, limit=Limit(LimitRule(count, window, tokens, at_once), ("nim/*", "", "")))


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(BOUND):
        while not holds():  # noqa: ASYNC110 - what is looked at belongs to others
            await asyncio.sleep(0.01)


async def let(view: One, asked: Candidate) -> Slot:
    """The slot it is given once it is let."""
    while not isinstance(slot := await view.ask(asked), Slot):  # noqa: ASYNC110 - time is waited for
        await asyncio.sleep(0.01)
    return slot


async def beats(view: One, count: int = 3) -> None:
    """Until it has heard from the server so many times more."""
    heard, hear = list[int](), Hints.hear
    with mock.patch.object(Hints, "hear", lambda hints, *said: (heard.append(id(hints)), hear(hints, *said))):
        await until(lambda: heard.count(id(view.shared.hints)) >= count)


def run(
    test: Callable[[RedisServer], Coroutine[object, object, None]], password: str = "", start: bool = True
) -> None:
    async def bounded() -> None:
        with redis_server(password=password, start=start) as server:
            async with asyncio.timeout(BOUND):
                await test(server)

    asyncio.run(bounded())


def test_a_frozen_server_is_waited_for_once() -> None:
    async def test(server: RedisServer) -> None:
        async with one(server.url, within=0.1) as here:
            asked = limited(100_000)
            await here.asked(asked, 20)
            server.send(signal.SIGSTOP)
            times = []
            for _ in range(300):
                began = time.perf_counter()
                assert await here.asked(asked, 1) == 1
                times.append(time.perf_counter() - began)
                await asyncio.sleep(0)
            server.send(signal.SIGCONT)
            later = sorted(times[3:])
            print(f"first {times[0] * 1e3:.1f} ms, then p99 {later[int(len(later) * 0.99)] * 1e3:.3f} ms")
            assert later[int(len(later) * 0.9)] < 0.05, "on a machine with other work a few are held up by it"
            assert here.heard == [(False, "TimeoutError")]

    run(test)


def test_who_asks_at_the_same_time_waits_together() -> None:
    async def test(server: RedisServer) -> None:
        async with one(server.url, within=0.1) as here:
            asked = limited(100_000)
            await here.asked(asked, 20)
            server.send(signal.SIGSTOP)
            began = time.perf_counter()
            found = await asyncio.gather(*(here.asked(asked, 1) for _ in range(200)))
            took = time.perf_counter() - began
            server.send(signal.SIGCONT)
            assert sum(found) == 200
            assert took < 1.5

    run(test)


def test_down_from_the_start_and_back_later() -> None:
    async def test(server: RedisServer) -> None:
        async with one(server.url, workers=4) as here:
            assert here.shared.away
            assert await here.asked(limited(40), 40) == 10
            server.start()
            await until(lambda: not here.shared.away)
            assert server.say("ZCARD", rate(40)) == b":10\r\n"

    run(test, start=False)


def rate(count: int) -> str:
    return module.rate_key(("nim/*", "", ""))


def test_a_server_that_forgot_everything_is_told_before_it_is_asked() -> None:
    async def test(server: RedisServer) -> None:
        async with one(server.url) as here, one(server.url) as there:
            asked = limited(10)
            assert await here.asked(asked, 3) == 3
            server.say("FLUSHALL")
            assert await here.asked(asked, 1) + await there.asked(asked, 1) == 2
            await until(lambda: not here.shared.away and not there.shared.away)
            assert server.say("ZCARD", rate(10)) == b":5\r\n"
            assert await there.asked(asked, 10) == 4
            assert here.heard == [(False, "a new or empty server"), (True, "")]

    run(test)


def test_a_restart_with_an_old_copy_is_noticed() -> None:
    async def test(server: RedisServer) -> None:
        async with one(server.url) as here:
            asked = limited(10)
            assert await here.asked(asked, 3) == 3
            server.say("SAVE")
            assert await here.asked(asked, 3) == 3
            server.stop()
            server.start()
            await here.asked(asked, 1)
            await until(lambda: not here.shared.away)
            assert server.say("ZCARD", rate(10)) == b":7\r\n"

    run(test)


def test_scripts_that_were_flushed_are_sent_again() -> None:
    async def test(server: RedisServer) -> None:
        async with one(server.url) as here:
            assert await here.asked(limited(), 2) == 2
            server.say("SCRIPT", "FLUSH")
            assert await here.asked(limited(), 20) == 8
            assert here.heard == []

    run(test)


def test_a_full_server_is_asked_or_done_without() -> None:
    async def test(server: RedisServer) -> None:
        async with one(server.url) as here:
            assert await here.asked(limited(), 1) == 1
            server.say("CONFIG", "SET", "maxmemory", "1")
            assert await here.asked(limited(), 20) == 9
            server.say("CONFIG", "SET", "maxmemory", "0")
            await until(lambda: not here.shared.away)

    run(test)


def test_a_server_that_wants_a_password_now_is_done_without() -> None:
    async def test(server: RedisServer) -> None:
        async with one(server.url, workers=2) as here:
            assert await here.asked(limited(), 1) == 1
            server.say("CONFIG", "SET", "requirepass", "secret-word")
            server.password = "secret-word"
            server.say("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            await until(lambda: here.shared.away)
            assert await here.asked(limited(), 20) == 4
            assert here.heard[0] in [(False, "AuthenticationError"), (False, "ConnectionError")]

    run(test)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"-LOADING Redis is loading the dataset in memory", "LOADING"),
        (b"-READONLY You can't write against a read only replica.", "READONLY"),
        (b"-MASTERDOWN Link with MASTER is down", "MASTERDOWN"),
        (b"+what", "an answer that is none"),
        (b"*1\r\n:7", "an answer that is none"),
        (b"\xff\x00 no protocol at all", ""),
    ],
)
def test_whatever_else_it_answers(line: bytes, why: str) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while await reader.read(65_536):
                writer.write(line + b"\r\n")
                await writer.drain()

    async def test(_: object = None) -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with asyncio.timeout(BOUND), one(f"redis://127.0.0.1:{port}/0", workers=5) as here:
            assert await here.asked(limited(), 10) == 2
            ((back, said),) = here.heard
            assert not back
            assert why in said or said in {"BusyLoadingError", "ReadOnlyError", "MasterDownError"}

    asyncio.run(test())


def test_a_password_is_used_and_never_shown() -> None:
    async def test(server: RedisServer) -> None:
        wrong = server.url.replace("the-right-one", "not-the-right-one")
        async with one(wrong) as here:
            assert await here.asked(limited(), 20) == 10
            assert "right" not in repr(here.heard)
        async with one(server.url) as here:
            assert await here.asked(limited(), 20) == 10
            assert not here.shared.away

    run(test, password="the-right-one")


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
