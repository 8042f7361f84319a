"""One call against an upstream that misbehaves in every way a socket can. Rows are those of the house's fault list."""

from __future__ import annotations

import asyncio
import errno
import gzip
import os
import resource
import zlib
from pathlib import Path
from typing import Any

import pytest

from providers import transport as transport_module
from providers.connections import Connector
from providers.failures import Failure
from support.certificates import certificate, shown, trust
from support.exchanges import KEY, Outcome, answered, ask_of, provider_at, request_of
from support.faults import BAD, GOOD, HI, WHOLE, packed, sized
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


def ask_once(*behaviours: Behaviour, accept: Behaviour | None = None, **ask: Any) -> Outcome:
    """What one call comes to, within two seconds."""

    async def main() -> Outcome:
        async with Upstream(*behaviours, accept=accept) as upstream, asyncio.timeout(5):
            provider = provider_at(upstream.url)
            outcome = await answered(provider, **ask)
            await provider.aclose()
            return outcome

    return asyncio.run(main())


@pytest.mark.parametrize("behaviour", GOOD.values(), ids=GOOD.keys())
def test_odd_but_good_answers_are_read(behaviour: Behaviour) -> None:
    outcome = ask_once(behaviour)
    assert outcome.failure is None
    assert outcome.text == "hi"


@pytest.mark.parametrize(("behaviour", "kind", "text"), BAD.values(), ids=BAD.keys())
def test_faults_are_failures_of_their_kind(behaviour: Behaviour, kind: str, text: str) -> None:
    outcome = ask_once(behaviour)
    assert outcome.failure is not None
    assert outcome.failure.kind == kind
    assert outcome.text == text, "what came before the fault is not lost"
    assert not outcome.finished
    assert len(outcome.failure.message) <= 300
    assert not outcome.failure.unreachable
    assert not outcome.failure.reused


def test_a_bomb_is_not_unpacked() -> None:
    """Row 54: 96 MB of zeros in a tenth of a megabyte, inside and outside one more layer."""
    bomb = zlib.compressobj(9, zlib.DEFLATED, 31)
    data = b"".join(bomb.compress(b"\0" * (1 << 20)) for _ in range(96)) + bomb.flush()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for behaviour in (packed(b"gzip", data), packed(b"gzip, gzip", gzip.compress(data))):
        outcome = ask_once(behaviour)
        assert outcome.failure is not None
        assert outcome.failure.kind == "malformed"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024


def test_an_answer_without_end_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("providers.unpack.MOST", 200_000)

    async def endless(peer: Peer) -> None:
        await peer.stream_head()
        while True:
            await peer.chunk(HI * 100)

    outcome = ask_once(endless)
    assert outcome.failure is not None
    assert "larger than" in outcome.failure.message


def test_nobody_listens() -> None:
    async def main() -> Failure | None:
        async with Upstream(close) as upstream:
            url = upstream.url
        provider = provider_at(url)
        outcome = await answered(provider)
        await provider.aclose()
        return outcome.failure

    failure = asyncio.run(main())
    assert failure is not None
    assert (failure.kind, failure.unreachable, failure.before_response) == ("connection", False, True)
    assert "refused" in failure.message


def test_a_name_that_does_not_exist() -> None:
    async def main() -> Failure | None:
        provider = provider_at("https://no-such-host.invalid/v1")
        outcome = await answered(provider)
        await provider.aclose()
        return outcome.failure

    failure = asyncio.run(main())
    assert failure is not None
    assert (failure.kind, failure.unreachable) == ("connection", True)


NO_WAY = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.ETIMEDOUT)


@pytest.mark.parametrize("number", [*NO_WAY, errno.ECONNREFUSED, errno.EACCES])
def test_a_refusal_is_told_apart_from_a_network_that_is_away(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def connect(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    async def main() -> Failure | None:
        provider = provider_at("http://127.0.0.1:9/v1")
        monkeypatch.setattr(asyncio.get_running_loop(), "sock_connect", connect)
        outcome = await answered(provider)
        await provider.aclose()
        return outcome.failure

    failure = asyncio.run(main())
    assert failure is not None
    assert (failure.kind, failure.unreachable) == ("connection", number in NO_WAY)
    assert os.strerror(number).lower() in failure.message


def test_a_name_that_leads_to_a_metadata_service_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    async def resolve(*_: object) -> list[dict[str, object]]:
        return [
            {
                "hostname": "models.example",
                "host": "169.254.169.254",
                "port": 80,
                "family": 2,
                "proto": 0,
                "flags": 0,
            }
        ]

    monkeypatch.setattr("providers.connections.ThreadedResolver.resolve", resolve)

    async def main() -> Failure | None:
        provider = provider_at("http://models.example/v1", allow_http=True)
        outcome = await answered(provider)
        await provider.aclose()
        return outcome.failure

    failure = asyncio.run(main())
    assert failure is not None
    assert "metadata service" in failure.message
    assert not failure.unreachable


def test_tls_to_a_port_that_speaks_none() -> None:
    async def plain(peer: Peer) -> None:
        await peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        peer.fin()

    async def main() -> Failure | None:
        async with Upstream(close, accept=plain) as upstream:
            provider = provider_at(upstream.url.replace("http:", "https:"))
            outcome = await answered(provider)
            await provider.aclose()
            return outcome.failure

    failure = asyncio.run(main())
    assert failure is not None
    assert failure.kind == "connection"
    assert failure.message.startswith("TLS")


def test_a_tls_handshake_that_stalls_meets_the_connect_deadline() -> None:
    async def main() -> tuple[Failure | None, float]:
        async with Upstream(close, accept=no_answer) as upstream:
            provider = provider_at(upstream.url.replace("http:", "https:"))
            loop = asyncio.get_running_loop()
            began = loop.time()
            outcome = await answered(provider, connect=0.1)
            await provider.aclose()
            return outcome.failure, loop.time() - began

    failure, took = asyncio.run(main())
    assert failure is not None
    assert (failure.kind, failure.unreachable) == ("connection", True)
    assert 0.1 <= took < 2


@pytest.mark.parametrize(
    ("name", "days", "known", "said", "advice"),
    [
        ("IP:127.0.0.1", 2, False, "self-signed certificate", "let the system trust it"),
        ("IP:127.0.0.1", -1, True, "certificate has expired", "renewed there"),
        ("IP:127.0.0.2", 2, True, "IP address mismatch", "`base_url`"),
        ("IP:127.0.0.1", 2, True, "", ""),
    ],
    ids=["unknown", "expired", "another name", "good"],
)
@pytest.mark.parametrize("verify", [True, False])
def test_a_certificate_that_cannot_be_trusted(
    name: str,
    days: int,
    known: bool,
    said: str,
    advice: str,
    verify: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Row 6."""
    path = certificate(tmp_path, name, days)
    if known:
        trust(path, monkeypatch)

    async def main() -> tuple[Outcome, int]:
        async with Upstream(openai_answer("hi"), tls=shown(path)) as upstream:
            provider = provider_at(upstream.url, verify=verify)
            outcome = await answered(provider)
            await provider.aclose()
            return outcome, len(upstream.requests)

    outcome, asked = asyncio.run(main())
    if not verify or not said:
        assert (outcome.text, outcome.failure) == ("hi", None)
        return
    failure = outcome.failure
    assert failure is not None
    assert (failure.kind, failure.before_response, asked) == ("certificate", True, 0)
    assert said in failure.message
    assert advice in (failure.hint or "")


@pytest.mark.parametrize("end", [close, reset], ids=["closed", "reset"])
def test_a_tls_handshake_that_breaks_off(end: Behaviour) -> None:
    async def hello(peer: Peer) -> None:
        await peer.reader.read(100)
        await end(peer)

    async def main() -> Failure | None:
        async with Upstream(close, accept=hello) as upstream:
            provider = provider_at(upstream.url.replace("http:", "https:"))
            outcome = await answered(provider)
            await provider.aclose()
            return outcome.failure

    failure = asyncio.run(main())
    assert failure is not None
    assert (failure.kind, failure.unreachable) == ("connection", False)


def test_a_server_that_never_reads_meets_the_write_deadline() -> None:
    """Row 8."""

    async def deaf(peer: Peer) -> None:
        await asyncio.Event().wait()

    async def main() -> Failure | None:
        async with Upstream(close, accept=deaf) as upstream:
            provider = provider_at(upstream.url)
            outcome = await answered(provider, request_of("x" * 16_000_000), write=0.2)
            await provider.aclose()
            return outcome.failure

    failure = asyncio.run(main())
    assert failure is not None
    assert failure.kind == "timeout"


def test_the_write_deadline_is_over_once_the_request_is_written() -> None:
    """An upstream may think as long as the engine lets it."""

    async def slow(peer: Peer) -> None:
        await asyncio.sleep(0.15)  # the deadline is the loop's: it must have passed
        await openai_answer("hi")(peer)

    assert ask_once(slow, write=0.1).text == "hi"


def test_an_answer_before_the_end_of_the_upload() -> None:
    """Row 9, where its status can still be read."""

    async def early(peer: Peer) -> None:
        await peer.send(b"HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n")
        await read.wait()
        peer.fin()

    async def main() -> Failure | None:
        async with Upstream(close, accept=early) as upstream:
            provider = provider_at(upstream.url)
            outcome = await answered(provider, request_of("x" * 8_000_000))
            read.set()
            await provider.aclose()
            return outcome.failure

    read = asyncio.Event()
    failure = asyncio.run(main())
    assert failure is not None
    assert (failure.kind, failure.status) == ("overflow", 413)


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
            for batch in range(48):
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


def test_headers_that_are_sent() -> None:
    async def main() -> dict[str, str]:
        async with Upstream(openai_answer("hi")) as upstream:
            provider = provider_at(upstream.url, headers={"X-Team": "blue"})
            request = request_of()
            request.headers = {"authorization": "Bearer of-the-client", "cookie": "a=b", "x-team": "red"}
            await answered(provider, request)
            await provider.aclose()
            return upstream.requests[0].headers

    sent = asyncio.run(main())
    assert sent["authorization"] == f"Bearer {KEY}"
    assert sent["x-team"] == "blue"
    assert sent["accept-encoding"] == "identity"
    assert sent["user-agent"].startswith("fcc/")
    assert set(sent) == {
        "host",
        "authorization",
        "x-team",
        "accept",
        "accept-encoding",
        "user-agent",
        "content-type",
        "content-length",
    }


def test_a_whole_read_is_handed_over_at_once() -> None:
    """Thirty events in one packet come as one list."""

    async def main() -> list[int]:
        async with Upstream(raw(sized(openai_chunk("x") * 30 + OPENAI_END), then="keep")) as upstream:
            provider = provider_at(upstream.url)
            exchange = provider.open(request_of(), ask_of(provider))
            await exchange.start()
            sizes = [len(await exchange.read())]
            await exchange.aclose()
            await provider.aclose()
            return sizes

    assert asyncio.run(main())[0] >= 30


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
            (transport,) = provider._transports.values()
            assert transport._session is not None
            connector = transport._session.connector
            assert isinstance(connector, Connector)
            assert len(connector._served) == 1
            await provider.aclose()

    asyncio.run(main())
