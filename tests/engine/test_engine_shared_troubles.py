"""One process and a Redis in trouble: requests do not wait for it, and limits hold all the same."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time

import pytest

from support.redis_server import RedisServer, needs_redis
from support.sharing import BOUND, limited, one, rate, run, until

pytestmark = needs_redis


MOST_ADDED = 0.002 if os.environ.get("FCC_LONG") == "1" else 0.02
"""Seconds: what is promised, and what can be told on a machine with other work."""


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
            assert later[int(len(later) * 0.99)] < MOST_ADDED
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
        (b"%1\r\n*1\r\n:1\r\n:2", "TypeError"),
    ],
)
def test_whatever_else_it_answers(line: bytes, why: str) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65_536):
                commands = 1 + data.count(b"\r\n*")
                writer.write((line + b"\r\n") * commands)
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
