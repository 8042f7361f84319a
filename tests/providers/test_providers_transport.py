"""One call against an upstream that misbehaves in every way a socket can. Rows are those of the house's fault list."""

from __future__ import annotations

import asyncio
import gzip
import tracemalloc
import zlib

import pytest

from support.exchanges import KEY, answered, ask_of, ask_once, provider_at, request_of
from support.faults import BAD, GOOD, HI, packed, sized
from support.upstream import (
    OPENAI_END,
    Behaviour,
    Peer,
    Upstream,
    answer,
    openai_answer,
    openai_chunk,
    raw,
)


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
    for behaviour in (packed(b"gzip", data), packed(b"gzip, gzip", gzip.compress(data))):
        tracemalloc.start()
        try:
            outcome = ask_once(behaviour)
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert outcome.failure is not None
        assert outcome.failure.kind == "malformed"
        assert most < 32 << 20


def test_an_answer_without_end_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("providers.unpack.MOST", 200_000)

    async def endless(peer: Peer) -> None:
        await peer.stream_head()
        while True:
            await peer.chunk(HI * 100)

    outcome = ask_once(endless)
    assert outcome.failure is not None
    assert "larger than" in outcome.failure.message


def test_a_date_is_read_by_the_clock_of_whoever_wrote_it() -> None:
    """Which may be long past by the clock of this machine."""
    times = ("Tue, 25 Nov 2025 08:00:00 GMT", "Tue, 25 Nov 2025 08:01:30 GMT")
    outcome = ask_once(answer(429, b"{}", f"date: {times[0]}", f"retry-after: {times[1]}"))
    assert outcome.failure is not None
    assert outcome.failure.retry_after == 90.0


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
