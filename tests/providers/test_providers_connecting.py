"""Until the request is written: names, TLS, certificates, and servers that read slowly or not at all."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import threading
from pathlib import Path
from typing import Any

import pytest

from providers.failures import Failure
from support.certificates import certificate, shown, trust
from support.exchanges import Outcome, answered, ask_once, provider_at, request_of
from support.upstream import (
    Behaviour,
    Peer,
    Upstream,
    close,
    no_answer,
    openai_answer,
    reset,
)

BOUND = 8.0
"""Seconds after which a test that hangs has failed."""


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


def test_names_that_are_not_found_keep_nobody_else_from_being_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server of names that says nothing holds whoever asks it for half a minute."""
    over, system = threading.Event(), socket.getaddrinfo

    def look(host: str, *said: Any, **hints: Any) -> Any:
        if host.endswith(".example"):
            over.wait(BOUND)
            raise socket.gaierror(socket.EAI_AGAIN, "nobody knows")
        return system(host, *said, **hints)

    monkeypatch.setattr(socket, "getaddrinfo", look)

    async def main() -> None:
        async with Upstream(openai_answer("found")) as upstream:
            lost = [provider_at(f"https://deaf{number}.example/v1") for number in range(40)]
            waiting = [asyncio.create_task(answered(provider)) for provider in lost]
            await asyncio.sleep(0)
            found = provider_at(upstream.url.replace("127.0.0.1", "localhost"))
            async with asyncio.timeout(BOUND / 2):
                assert (await answered(found)).text == "found"
            assert not any(task.done() for task in waiting)
            over.set()
            failures = [(await task).failure for task in waiting]
            assert all(failure is not None and failure.unreachable for failure in failures)
            for provider in (found, *lost):
                await provider.aclose()

    asyncio.run(main())


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


def over_tls(accept: Behaviour) -> Failure | None:
    """What comes of a call over TLS to a port that does this with whoever connects."""

    async def main() -> Failure | None:
        async with Upstream(close, accept=accept) as upstream:
            provider = provider_at(upstream.url.replace("http:", "https:"))
            outcome = await answered(provider)
            await provider.aclose()
            return outcome.failure

    return asyncio.run(main())


def test_tls_to_a_port_that_speaks_none() -> None:
    async def plain(peer: Peer) -> None:
        await peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        peer.fin()

    failure = over_tls(plain)
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

    failure = over_tls(hello)
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
