"""One call against an upstream that misbehaves in every way a socket can. Rows are those of the house's fault list."""

from __future__ import annotations

import asyncio
import gzip
import resource
import shutil
import ssl
import subprocess
import zlib
from pathlib import Path
from typing import Any

import pytest

from providers import transport as transport_module
from providers.failures import Failure
from support.exchanges import KEY, Outcome, answered, ask_of, provider_at, request_of
from support.upstream import (
    END,
    OPENAI_END,
    Behaviour,
    Peer,
    Upstream,
    answer,
    chunk,
    close,
    cut_after,
    no_answer,
    openai_answer,
    openai_chunk,
    raw,
    reset,
    stall_after,
    stream,
)

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
HI = openai_chunk("hi")
WHOLE = HI + OPENAI_END
CHUNKED = HEAD + b"transfer-encoding: chunked\r\n\r\n"


def sized(data: bytes, *headers: bytes, head: bytes = HEAD) -> bytes:
    lines = b"".join(line + b"\r\n" for line in headers)
    return head + lines + b"content-length: %d\r\n\r\n" % len(data) + data


def packed(encoding: bytes, data: bytes) -> Behaviour:
    return raw(sized(data, b"content-encoding: " + encoding), then="keep")


def slowly(*pieces: bytes, end: str = "stay") -> Behaviour:
    """Each piece in a packet of its own."""

    async def behave(peer: Peer) -> None:
        for piece in pieces:
            await peer.send(piece)
            await asyncio.sleep(0.02)
        if end == "fin":
            peer.fin()
        elif end == "rst":
            peer.rst()
        else:
            await peer.until_gone()

    return behave


async def endless_headers(peer: Peer) -> None:
    await peer.send(b"HTTP/1.1 200 OK\r\n")
    for number in range(100_000):
        await peer.send(b"x-%d: y\r\n" % number)


async def half_closed(peer: Peer) -> None:
    await peer.stream_head()
    await peer.chunk(HI)
    peer.half_close()
    await peer.until_gone()


def ask_once(*behaviours: Behaviour, accept: Behaviour | None = None, **ask: Any) -> Outcome:
    """What one call comes to, within two seconds."""

    async def main() -> Outcome:
        async with Upstream(*behaviours, accept=accept) as upstream, asyncio.timeout(5):
            provider = provider_at(upstream.url)
            outcome = await answered(provider, **ask)
            await provider.aclose()
            return outcome

    return asyncio.run(main())


GOOD = {
    "17 one 100 before": raw(b"HTTP/1.1 100 Continue\r\n\r\n" + sized(WHOLE)),
    "17 one 103 before": raw(b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" + sized(WHOLE)),
    "20 a header of 90 kB": raw(sized(WHOLE, b"x: " + b"a" * 90_000)),
    "23 bare line feeds": raw(HEAD.replace(b"\r\n", b"\n") + b"\n" + WHOLE),
    "23 a folded header": raw(HEAD + b"x: a\r\n b\r\n\r\n" + WHOLE),
    "23 latin-1 in a header": raw(HEAD + b"x: \xe9\r\nretry-after: \xff\r\n\r\n" + WHOLE),
    "35 a document for a stream": answer(
        200, b'{"choices":[{"message":{"content":"hi"},"finish_reason":"stop"}]}'
    ),
    "36 another content type": raw(sized(WHOLE, head=b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n")),
    "47 trailers": raw(CHUNKED + chunk(WHOLE) + b"0\r\nx: y\r\n\r\n"),
    "49 HTTP/1.0, whole": raw(HEAD.replace(b"1.1", b"1.0") + b"\r\n" + WHOLE),
    "43 cut after its end": cut_after(WHOLE),
    "43 reset after its end": cut_after(WHOLE, rst=True, pause=0.02),
    "45 short of its length, but whole": raw(HEAD + b"content-length: 9999\r\n\r\n" + WHOLE),
    "52 gzip": packed(b"gzip", gzip.compress(WHOLE)),
    "55 gzip twice": packed(b"gzip, gzip", gzip.compress(gzip.compress(WHOLE))),
    "55 deflate": packed(b"deflate", zlib.compress(WHOLE)),
    "55 deflate without its header": packed(b"deflate", zlib.compress(WHOLE, wbits=-15)),
    "seven bytes at a time": stream([WHOLE[start : start + 7] for start in range(0, len(WHOLE), 7)]),
}


@pytest.mark.parametrize("behaviour", GOOD.values(), ids=GOOD.keys())
def test_odd_but_good_answers_are_read(behaviour: Behaviour) -> None:
    outcome = ask_once(behaviour)
    assert outcome.failure is None
    assert outcome.text == "hi"


BAD: dict[str, tuple[Behaviour, str, str]] = {
    "10 reset after the request": (reset, "connection", ""),
    "11 closed after the request": (close, "connection", ""),
    "14 half a status line": (raw(b"HTTP/1.1 2"), "connection", ""),
    "14 headers cut": (raw(HEAD + b"x: y"), "connection", ""),
    "18 switching protocols": (
        raw(b"HTTP/1.1 101 S\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n"),
        "malformed",
        "",
    ),
    "19 endless headers": (endless_headers, "malformed", ""),
    "19 a header of 200 kB": (raw(sized(WHOLE, b"x: " + b"a" * 200_000)), "malformed", ""),
    "21 NUL in a header": (raw(sized(WHOLE, b"x: a\0b")), "malformed", ""),
    "21 no status": (raw(b"HTTP/1.1 abc OK\r\n\r\n"), "malformed", ""),
    "21 status 000": (raw(b"HTTP/1.1 000 OK\r\ncontent-length: 0\r\n\r\n"), "malformed", ""),
    "21 binary": (raw(bytes(range(256)) * 4), "malformed", ""),
    "21 HTTP/0.9": (raw(b"hello there"), "malformed", ""),
    "21 HTTP/2 as text": (raw(b"HTTP/2 200\r\ncontent-length: 2\r\n\r\nhi"), "malformed", ""),
    "22 another protocol's banner": (raw(b"SSH-2.0-OpenSSH_9.2p1\r\n", then="stall"), "malformed", ""),
    "24 status 999": (answer(999, b"x"), "malformed", ""),
    "24 205 with a body": (raw(b"HTTP/1.1 205 R\r\ncontent-length: 2\r\n\r\nhi"), "malformed", ""),
    "25 204": (raw(b"HTTP/1.1 204 N\r\n\r\n"), "empty", ""),
    "25 304": (raw(b"HTTP/1.1 304 N\r\n\r\n"), "empty", ""),
    "25 nothing in it": (answer(200), "empty", ""),
    "26 elsewhere": (answer(302, b"", "location: http://169.254.169.254/latest"), "not_found", ""),
    "26 elsewhere for good": (answer(308, b"", "location: /v1/chat/completions"), "not_found", ""),
    "33 a page": (answer(200, b"<html>log in</html>", "content-type: text/html"), "malformed", ""),
    "34 an error in a 200": (
        answer(200, b'{"error":{"message":"slow down","type":"rate_limit_error"}}'),
        "rate_limit",
        "",
    ),
    "41 reset after the head": (cut_after(b"", rst=True, pause=0.02), "connection", ""),
    "41 closed after the head": (cut_after(b"", pause=0.02), "connection", ""),
    "43 cut": (cut_after(HI), "cut", "hi"),
    "43 cut a while later": (cut_after(HI, pause=0.02), "cut", "hi"),
    "43 reset a while later": (cut_after(HI, rst=True, pause=0.02), "cut", "hi"),
    "43 cut inside a chunk": (raw(CHUNKED + b"%x\r\n" % (len(HI) + 50) + HI), "cut", "hi"),
    "44 no chunk size": (slowly(CHUNKED + chunk(HI), b"zz\r\n"), "cut", "hi"),
    "44 a chunk of 2^72 bytes": (slowly(CHUNKED + chunk(HI), b"f" * 18 + b"\r\n"), "cut", "hi"),
    "44 no chunk size before content": (slowly(CHUNKED, b"zz\r\n"), "connection", ""),
    "45 short of its length": (raw(HEAD + b"content-length: 9999\r\n\r\n" + HI), "cut", "hi"),
    "46 longer than its length": (slowly(sized(HI), WHOLE, end="fin"), "cut", "hi"),
    "48 two lengths": (
        raw(HEAD + b"content-length: 5\r\ncontent-length: 6\r\n\r\n" + WHOLE),
        "malformed",
        "",
    ),
    "48 a negative length": (raw(HEAD + b"content-length: -5\r\n\r\n" + WHOLE), "malformed", ""),
    "49 HTTP/1.0, cut": (raw(HEAD.replace(b"1.1", b"1.0") + b"\r\n" + HI), "cut", "hi"),
    "50 half closed": (half_closed, "cut", "hi"),
    "52 no gzip at all": (packed(b"gzip", b"not gzip at all"), "malformed", ""),
    "53 gzip, half of it": (packed(b"gzip", gzip.compress(WHOLE, mtime=0)[:120]), "cut", "hi"),
    "55 unknown packing": (packed(b"br", WHOLE), "malformed", ""),
    "55 packed three times": (packed(b"gzip, gzip, gzip", WHOLE), "malformed", ""),
}


@pytest.mark.parametrize(("behaviour", "kind", "text"), BAD.values(), ids=BAD.keys())
def test_faults_are_failures_of_their_kind(behaviour: Behaviour, kind: str, text: str) -> None:
    outcome = ask_once(behaviour)
    assert outcome.failure is not None
    assert outcome.failure.kind == kind
    assert outcome.text == text, "what came before the fault is not lost"
    assert not outcome.finished
    assert len(outcome.failure.message) <= 300
    assert outcome.failure.connected
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
    assert (failure.kind, failure.connected, failure.before_response) == ("connection", False, True)
    assert "refused" in failure.message


def test_a_name_that_does_not_exist() -> None:
    async def main() -> Failure | None:
        provider = provider_at("https://no-such-host.invalid/v1")
        outcome = await answered(provider)
        await provider.aclose()
        return outcome.failure

    failure = asyncio.run(main())
    assert failure is not None
    assert (failure.kind, failure.connected) == ("connection", False)


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
    assert (failure.kind, failure.connected) == ("connection", False)
    assert 0.1 <= took < 2


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate that nobody has signed but itself, with its key."""
    tool = shutil.which("openssl")
    if tool is None:
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("tls")
    command = f"{tool} req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
    names = [
        "-addext",
        "subjectAltName=IP:127.0.0.1",
        "-keyout",
        f"{folder}/both.pem",
        "-out",
        f"{folder}/one.pem",
    ]
    subprocess.run([*command.split(), *names], check=True, capture_output=True, timeout=30)
    with (folder / "both.pem").open("ab") as both:
        both.write((folder / "one.pem").read_bytes())
    return folder / "both.pem"


@pytest.mark.parametrize("verify", [True, False])
def test_a_certificate_nobody_vouches_for(certificate: Path, verify: bool) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    async def main() -> Outcome:
        async with Upstream(openai_answer("hi"), tls=context) as upstream:
            provider = provider_at(upstream.url, verify=verify)
            outcome = await answered(provider)
            await provider.aclose()
            return outcome

    outcome = asyncio.run(main())
    if verify:
        assert outcome.failure is not None
        assert outcome.failure.kind == "connection"
        assert "certificate" in outcome.failure.message
        assert outcome.failure.hint is not None
    else:
        assert outcome.text == "hi"


def test_a_server_that_never_reads_meets_the_write_deadline() -> None:
    """Row 8."""

    async def deaf(peer: Peer) -> None:
        await asyncio.sleep(20)

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
        await asyncio.sleep(0.3)
        await openai_answer("hi")(peer)

    assert ask_once(slow, write=0.1).text == "hi"


def test_an_answer_before_the_end_of_the_upload() -> None:
    """Row 9, where its status can still be read."""

    async def early(peer: Peer) -> None:
        await peer.send(b"HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n")
        await asyncio.sleep(0.2)
        peer.fin()

    async def main() -> Failure | None:
        async with Upstream(close, accept=early) as upstream:
            provider = provider_at(upstream.url)
            outcome = await answered(provider, request_of("x" * 8_000_000))
            await provider.aclose()
            return outcome.failure

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
    "in one packet": raw(sized(WHOLE) + SMUGGLED, then="keep"),
    "a moment later": slowly(sized(WHOLE), SMUGGLED),
    "with the last bytes": slowly(sized(WHOLE)[:-5], sized(WHOLE)[-5:] + SMUGGLED),
    "half of it": slowly(sized(WHOLE)[:-5], sized(WHOLE)[-5:] + SMUGGLED[:40], SMUGGLED[40:]),
}


@pytest.mark.parametrize("behaviour", SMUGGLERS.values(), ids=SMUGGLERS.keys())
def test_a_second_answer_is_nobodys(behaviour: Behaviour) -> None:
    """Row 51: an answer nobody asked for never answers the next request."""

    async def main() -> None:
        async with Upstream(behaviour, openai_answer("good")) as upstream:
            provider = provider_at(upstream.url)
            first = await answered(provider)
            assert first.text == "hi"
            await asyncio.sleep(0.1)
            second = await answered(provider)
            assert second.text == "good"
            assert second.failure is None
            await provider.aclose()

    asyncio.run(main())


def test_a_connection_is_kept_when_the_last_chunk_comes_after_the_answer() -> None:
    async def behave(peer: Peer) -> None:
        await peer.stream_head()
        await peer.chunk(WHOLE)
        await asyncio.sleep(0.02)
        await peer.send(END)

    async def main() -> None:
        async with Upstream(behave) as upstream:
            provider = provider_at(upstream.url)
            for _ in range(3):
                assert (await answered(provider)).text == "hi"
                await asyncio.sleep(0.05)
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
            await asyncio.sleep(0.02)
            began = asyncio.get_running_loop().time()
            task.cancel()
            await upstream.all_gone(within=1)
            took = asyncio.get_running_loop().time() - began
            with pytest.raises(asyncio.CancelledError):
                await task
            await provider.aclose()
            return took

    assert asyncio.run(main()) < 0.25


def test_two_thousand_cancelled_calls_leave_the_pool_whole() -> None:
    """Calls cancelled at every stage: before the connection, while it is made, before and within the answer."""
    served = 0

    async def behave(peer: Peer) -> None:
        nonlocal served
        served += 1
        if served % 3 == 0:
            await no_answer(peer)
        else:
            await stream([HI, OPENAI_END], pause=0.001)(peer)

    async def main() -> None:
        async with Upstream(behave) as upstream:
            provider = provider_at(upstream.url)
            for batch in range(100):
                calls = [asyncio.create_task(answered(provider)) for _ in range(20)]
                for step in range(batch % 12):
                    await asyncio.sleep(0.001 * (step % 2))
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

    asyncio.run(main())
