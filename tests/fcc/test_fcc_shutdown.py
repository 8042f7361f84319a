"""What becomes of the answers and connections of a server that stops."""

from __future__ import annotations

import asyncio

from support.grammar import check_stream
from support.upstream import (
    OPENAI_END,
    Behaviour,
    Peer,
    Upstream,
    openai_chunk,
    stall_after,
)
from support.world import message, run, until, world

ONE = "route rest use a/one"


def begun_until(stopping: asyncio.Event) -> Behaviour:
    """An answer that begins at once and ends when it is told to."""

    async def slow(peer: Peer) -> None:
        await peer.stream_head()
        await peer.chunk(openai_chunk("begun "))
        await stopping.wait()
        await peer.chunk(openai_chunk("ended") + OPENAI_END)
        await peer.send(b"0\r\n\r\n")

    return slow


def test_shutdown_lets_answers_finish() -> None:
    stopping = asyncio.Event()

    async def test() -> None:
        async with world(ONE, a=Upstream(begun_until(stopping))) as here:
            body = message(stream=True)
            async with here.client.stream("POST", "/v1/messages", json=body) as response:
                here.server.should_exit = True
                await until(lambda: here.server.server_state.draining)
                stopping.set()
                data = await response.aread()
            assert check_stream(data, body)["content"] == [{"type": "text", "text": "begun ended"}]
            await here.serving

    run(test())


def test_a_request_right_behind_an_answer_that_outlasted_the_lame_duck_is_served() -> None:
    """The head of that answer had promised to keep the connection: the next request may be on its way already."""
    stopping = asyncio.Event()

    async def test() -> None:
        async with world(ONE, lame_duck=0.3, drain=20.0, a=Upstream(begun_until(stopping))) as here:
            body = message(stream=True)
            async with here.client.stream("POST", "/v1/messages", json=body) as response:
                assert "connection" not in response.headers
                here.server.should_exit = True
                (kept,) = here.server.server_state.connections
                await until(lambda: getattr(kept, "timeout_keep_alive", 0) == 0.3)
                stopping.set()
                await response.aread()
            again = await here.post(message(stream=False))
            assert (again.status_code, again.headers["connection"]) == (200, "close")
            assert (await here.logged(2))[-1]["status"] == 200
            await here.serving

    run(test())


def test_shutdown_tells_those_that_cannot_finish() -> None:
    async def test() -> None:
        begun, silent = Upstream(stall_after(openai_chunk("begun"))), Upstream(stall_after(b""))
        rules = 'route one when model is "one" use a/one\nroute rest use b/two'
        async with world(rules, drain=0.2, a=begun, b=silent) as here:
            waiting = asyncio.create_task(here.post(message()))
            body = message(stream=True, model="one")
            async with here.client.stream("POST", "/v1/messages", json=body) as response:
                here.server.should_exit = True
                data = await response.aread()
            assert data.count(b"event: error") == 1
            assert b"shutting down" in data
            assert b"message_stop" not in data
            refused = await waiting
            assert refused.status_code == 529
            assert refused.json()["error"]["type"] == "overloaded_error"
            assert refused.headers["x-fcc-route"] == "rest"

    run(test())
