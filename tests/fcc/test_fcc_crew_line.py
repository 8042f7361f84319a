"""The line between a worker and its parent: who is asked, who is silent, what is too much; and events in order."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncGenerator, Mapping

import msgspec
import pytest

from fcc.crew import line as module
from fcc.crew.events import Event, Merged, Relay
from fcc.crew.line import MOST_BYTES, Handler, Line, Silent, read
from fcc.live import MOST_EVENTS, sse
from support.world import run, until


@contextlib.asynccontextmanager
async def both_ends(**handlers: Handler) -> AsyncGenerator[tuple[Line, Line, list[str]], None]:
    """An end that asks, one that has these handlers, and what has crashed."""
    crashed: list[str] = []
    ends = socket.socketpair()

    async def opened(end: socket.socket, known: Mapping[str, Handler]) -> Line:
        return await Line.over(end, known, lambda what, error: crashed.append(what))

    here, there = await opened(ends[0], {}), await opened(ends[1], handlers)
    tasks = [asyncio.create_task(one.run()) for one in (here, there)]
    try:
        yield here, there, crashed
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def double(body: msgspec.Raw) -> int:
    return 2 * read(body, int)


async def never(body: msgspec.Raw) -> None:
    await asyncio.Event().wait()


async def crash(body: msgspec.Raw) -> None:
    raise ValueError("a bug")


async def flood(body: msgspec.Raw) -> str:
    return "x" * MOST_BYTES


def test_each_has_its_own_answer() -> None:
    async def test() -> None:
        async with both_ends(double=double) as (here, _, _):
            answers = await asyncio.gather(*(here.ask("double", number, within=5.0) for number in range(50)))
            assert [read(one, int) for one in answers] == [2 * number for number in range(50)]

    run(test())


@pytest.mark.parametrize("what", ["never", "crash", "flood", "unheard_of"])
def test_who_has_no_answer_is_silent_and_the_line_holds(what: str) -> None:
    async def test() -> None:
        handlers = {"never": never, "crash": crash, "flood": flood, "double": double}
        async with both_ends(**handlers) as (here, _, crashed):
            with pytest.raises(Silent):
                await here.ask(what, within=0.05 if what == "never" else 5.0)
            assert read(await here.ask("double", 4, within=5.0), int) == 8
            assert crashed == (["crash"] if what == "crash" else [])
            assert not here.tell("double", "x" * MOST_BYTES)
            assert not here.tell("double", "\ud800")

    run(test())


def test_whoever_waits_learns_at_once_that_the_other_is_gone() -> None:
    async def test() -> None:
        async with both_ends(never=never) as (here, there, _):
            asking = asyncio.create_task(here.ask("never", within=60.0))
            await asyncio.sleep(0)
            there._writer.close()
            with pytest.raises(Silent):
                await asking
            await until(lambda: not here.tell("never"))

    run(test())


def test_one_that_does_not_read_is_not_sent_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 100_000)

    async def test() -> None:
        ends = socket.socketpair()
        here = await Line.over(ends[0], {}, lambda what, error: None)
        with ends[1]:
            sent = [here.tell("news", "x" * 10_000) for _ in range(500)]
            assert sent[0]
            assert not all(sent)
            assert here._waiting() <= 100_000
        here._writer.transport.abort()

    run(test())


@pytest.mark.parametrize("junk", [b"nonsense\n", b'{"number": "one"}\n', b"x" * (MOST_BYTES + 1)])
def test_what_is_no_message_ends_the_line(junk: bytes) -> None:
    async def test() -> None:
        ends = socket.socketpair()
        here = await Line.over(ends[0], {}, lambda what, error: None)
        running = asyncio.create_task(here.run())
        ends[1].setblocking(False)
        with contextlib.suppress(OSError):
            await asyncio.get_running_loop().sock_sendall(ends[1], junk)
        await running
        assert not here.tell("anything")
        ends[1].close()

    run(test())


def test_events_are_told_in_the_order_in_which_they_happened() -> None:
    async def test() -> None:
        ear, now = Merged(), time.monotonic()
        ear.hear_of(Event(now - 0.02, "third "))
        ear.hear_of(Event(now - 0.03, "second ", missed=2))
        ear.hear_of(Event(now - 0.04, "first "))
        ear.hear_of(Event(now + 60.0, "not yet"))
        assert await ear.next(5.0) == sse("missed", {"count": 2}) + b"first second third "
        ear.hear(b"own")
        assert await ear.next(5.0) == b"own"
        ear.stop()
        assert await ear.next(5.0) is None

    run(test())


def test_a_listener_that_does_not_read_loses_the_oldest() -> None:
    async def test() -> None:
        ear, then = Merged(), time.monotonic() - 60.0
        for number in range(MOST_EVENTS + 10):
            ear.hear_of(Event(then + number / 1_000, f"{number} "))
        told = await ear.next(5.0)
        assert told is not None
        assert told.startswith(sse("missed", {"count": 10}) + b"10 11 ")
        assert await Merged().next(0.01) == b""

    run(test())


def test_a_relay_says_how_many_it_could_not_send() -> None:
    async def test() -> None:
        sent: list[Event] = []
        open_now = False

        def send(event: Event) -> bool:
            if open_now:
                sent.append(event)
            return open_now

        relay = Relay(send)
        relay.hear(b"event: request\n")
        relay.hear(b"event: policy\ndata: {}\n\n")
        relay.hear(b"event: request\n")
        open_now = True
        relay.hear(b"event: decision\n")
        relay.hear(b"event: decision\n")
        assert [(one.text, one.missed) for one in sent] == [
            ("event: decision\n", 2),
            ("event: decision\n", 0),
        ]

    run(test())
