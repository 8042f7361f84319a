"""Connections that are kept: stale, fresh, with bytes nobody asked for, given up half-way, closed."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import sys
from typing import Any

import pytest

from providers import transport as transport_module
from providers.connections import DEAD_AFTER, Connector
from providers.failures import Failure
from providers.provider import Provider
from support.exchanges import answered, ask_of, provider_at, request_of
from support.faults import HI, WHOLE, sized
from support.upstream import (
    END,
    OPENAI_END,
    Behaviour,
    Peer,
    Upstream,
    close,
    delivered,
    no_answer,
    openai_answer,
    openai_chunk,
    raw,
    reset,
    stall_after,
)


@pytest.mark.parametrize("end", [close, reset], ids=["closed", "reset"])
def test_a_stale_connection_is_told_apart_and_a_fresh_one_used(end: Behaviour) -> None:
    """Rows 10-12."""

    async def main() -> None:
        async with Upstream(openai_answer("a"), end, openai_answer("b")) as upstream:
            provider = provider_at(upstream.url)
            first = await answered(provider)
            assert first.text == "a"
            second = (await answered(provider)).failure
            assert second is not None
            assert (second.kind, second.reused, second.before_response) == ("connection", True, True)
            third = await answered(provider, fresh=True)
            assert third.text == "b"
            assert [one.connection for one in upstream.requests] == [0, 0, 1]
            await provider.aclose()

    asyncio.run(main())


def test_a_reset_after_a_while_is_no_stale_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport_module, "STALE", 0.05)

    async def late(peer: Peer) -> None:
        await asyncio.sleep(0.1)
        peer.rst()

    async def main() -> Failure | None:
        async with Upstream(openai_answer("a"), late) as upstream:
            provider = provider_at(upstream.url)
            await answered(provider)
            outcome = await answered(provider)
            await provider.aclose()
            return outcome.failure

    failure = asyncio.run(main())
    assert failure is not None
    assert failure.before_response
    assert not failure.reused


def test_on_a_kept_connection_that_nothing_answers_on_the_system_gives_up_soon(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As after a change of networks: it had been the whole time for an answer, two minutes for a model alone."""
    monkeypatch.setattr(transport_module, "STALE", 0.0)

    async def main() -> None:
        async with Upstream(openai_answer("a"), no_answer) as upstream:
            provider = provider_at(upstream.url)
            await answered(provider)
            protocol = the_connection(provider)
            assert gives_up_after(protocol) == 0
            task = asyncio.create_task(answered(provider))
            await upstream.asked(2)
            assert the_connection(provider) is protocol
            assert gives_up_after(protocol) == DEAD_AFTER * 1000
            protocol.connection_lost(TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT)))
            failure = (await task).failure
            assert failure is not None
            assert (failure.kind, failure.reused, failure.before_response) == ("connection", True, True)
            await provider.aclose()

    asyncio.run(main())


def the_connection(provider: Provider) -> Any:
    (transport,) = provider._transports.values()
    assert transport._session is not None
    connector = transport._session.connector
    assert isinstance(connector, Connector)
    (protocol,) = connector._served
    return protocol


def gives_up_after(protocol: Any) -> int:
    """Milliseconds; 0: when the system thinks fit."""
    if sys.platform != "linux":
        pytest.skip("the option has another name there")
    option = protocol.transport.get_extra_info("socket").getsockopt
    return option(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)


def test_fresh_does_not_touch_a_connection_that_is_kept() -> None:
    async def main() -> None:
        async with Upstream(openai_answer("a")) as upstream:
            provider = provider_at(upstream.url)
            for fresh in (False, False, True):
                outcome = await answered(provider, fresh=fresh)
                assert outcome.text == "a"
            assert [one.connection for one in upstream.requests] == [0, 0, 1]
            await provider.aclose()

    asyncio.run(main())


SMUGGLED = sized(openai_chunk("smuggled") + OPENAI_END)
SMUGGLERS = {
    "in one packet": (sized(WHOLE) + SMUGGLED,),
    "a moment later": (sized(WHOLE), SMUGGLED),
    "with the last bytes": (sized(WHOLE)[:-5], sized(WHOLE)[-5:] + SMUGGLED),
    "half of it": (sized(WHOLE)[:-5], sized(WHOLE)[-5:] + SMUGGLED[:40], SMUGGLED[40:]),
}


@pytest.mark.parametrize("packets", SMUGGLERS.values(), ids=SMUGGLERS.keys())
def test_a_second_answer_is_nobodys(packets: tuple[bytes, ...]) -> None:
    """Row 51: an answer nobody asked for never answers the next request."""
    smuggled = asyncio.Event()

    async def smuggle(peer: Peer) -> None:
        for packet in packets:
            await peer.send(packet)
            await delivered()
        smuggled.set()

    async def main() -> None:
        async with Upstream(smuggle, openai_answer("good")) as upstream:
            provider = provider_at(upstream.url)
            first = await answered(provider)
            assert first.text == "hi"
            await smuggled.wait()
            second = await answered(provider)
            assert second.text == "good"
            assert second.failure is None
            await provider.aclose()

    asyncio.run(main())


def test_a_connection_is_kept_when_the_last_chunk_comes_after_the_answer() -> None:
    async def behave(peer: Peer) -> None:
        await peer.stream_head()
        await peer.chunk(WHOLE)
        await finished.wait()
        await peer.send(END)

    finished = asyncio.Event()

    async def main() -> None:
        async with Upstream(behave) as upstream:
            provider = provider_at(upstream.url)
            for _ in range(3):
                finished.clear()
                assert (await answered(provider)).text == "hi"
                finished.set()
                await delivered()
            assert upstream.connections == 1
            await provider.aclose()

    asyncio.run(main())


def test_the_end_of_a_body_is_not_awaited_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport_module, "DRAIN", 0.05)

    async def main() -> None:
        async with Upstream(stall_after(WHOLE)) as upstream:
            provider = provider_at(upstream.url)
            assert (await answered(provider)).finished
            await upstream.all_gone()
            await provider.aclose()

    asyncio.run(main())


@pytest.mark.parametrize(
    "behaviour", [no_answer, stall_after(b""), stall_after(HI)], ids=["head", "content", "more"]
)
def test_a_cancelled_call_closes_its_connection_at_once(behaviour: Behaviour) -> None:
    async def main() -> float:
        async with Upstream(behaviour) as upstream:
            provider = provider_at(upstream.url)
            task = asyncio.create_task(answered(provider))
            await upstream.asked()
            await delivered()
            began = asyncio.get_running_loop().time()
            task.cancel()
            await upstream.all_gone(within=1)
            took = asyncio.get_running_loop().time() - began
            with pytest.raises(asyncio.CancelledError):
                await task
            await provider.aclose()
            return took

    assert asyncio.run(main()) < 0.25


BATCHES = 1_008 if os.environ.get("FCC_LONG") == "1" else 48
"""Of ten calls each."""


def test_hundreds_of_cancelled_calls_leave_the_pool_whole() -> None:
    """Calls cancelled at every stage: before the connection, while it is made, before and within the answer."""
    served = 0

    async def behave(peer: Peer) -> None:
        nonlocal served
        served += 1
        if served % 3 == 0:
            await no_answer(peer)
        else:
            await peer.stream_head()
            for piece in (HI, OPENAI_END):
                await peer.chunk(piece)
                await asyncio.sleep(0)
            await peer.send(END)

    async def main() -> None:
        async with Upstream(behave) as upstream:
            provider = provider_at(upstream.url)
            for batch in range(BATCHES):
                calls = [asyncio.create_task(answered(provider)) for _ in range(10)]
                for _ in range(batch % 24):
                    await asyncio.sleep(0)
                for one in calls:
                    one.cancel()
                await asyncio.gather(*calls, return_exceptions=True)
            upstream.behaviours = (openai_answer("well"),)
            outcomes = await asyncio.gather(*(answered(provider) for _ in range(10)))
            assert [outcome.text for outcome in outcomes] == ["well"] * 10
            await provider.aclose()
            await upstream.all_gone()

    asyncio.run(main())


def test_closing_is_safe_at_any_time() -> None:
    async def main() -> None:
        async with Upstream(openai_answer("hi")) as upstream:
            provider = provider_at(upstream.url)
            never = provider.open(request_of(), ask_of(provider))
            await never.aclose()
            await never.aclose()
            begun = provider.open(request_of(), ask_of(provider))
            await begun.start()
            await begun.aclose()
            await begun.aclose()
            await provider.aclose()
            await provider.aclose()
            await upstream.all_gone()
            assert (upstream.connections, len(upstream.requests), upstream.open) == (1, 1, 0)

    asyncio.run(main())


def test_a_lost_connection_is_forgotten() -> None:
    """Its call knows the body, and the body the connection: one reference too many kept them all."""

    async def main() -> None:
        async with Upstream(
            raw(b"nonsense\r\n\r\n"), reset, stall_after(HI), openai_answer("hi")
        ) as upstream:
            provider = provider_at(upstream.url)
            for fails in (True, True, False):
                exchange = provider.open(request_of(), ask_of(provider))
                if fails:
                    with pytest.raises(Failure):  # noqa: PT012 - at the head of the one, in the body of the other
                        await exchange.start()
                        while await exchange.read() is not None:
                            pass
                else:
                    await exchange.start()
                await exchange.aclose()
            assert (await answered(provider)).text == "hi"
            await delivered()
            assert the_connection(provider).is_connected()
            await provider.aclose()

    asyncio.run(main())
