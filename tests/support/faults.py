"""Faults of real upstreams, each one a behaviour of `support.upstream`. Numbers are those of the house's fault list.

`GOOD` are odd answers that say "hi" all the same; `BAD` those that fail, with the kind of failure and what was said
before it; `STATUSES` whole answers with an error status.
"""

from __future__ import annotations

import asyncio
import email.utils
import gzip
import json
import time
import zlib
from dataclasses import dataclass

from support.upstream import (
    OPENAI_END,
    Behaviour,
    Peer,
    answer,
    chunk,
    close,
    cut_after,
    no_answer,
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
    for number in range(200):
        await peer.send(b"".join(b"x-%d-%d: y\r\n" % (number, line) for line in range(500)))
        await asyncio.sleep(0)


async def half_closed(peer: Peer) -> None:
    await peer.stream_head()
    await peer.chunk(HI)
    peer.half_close()
    await peer.until_gone()


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


def error(message: str, **fields: str) -> bytes:
    return json.dumps({"error": {"message": message, **fields}}).encode()


PAGE = b"<html><body>Bad gateway, secret-host-17</body></html>"
TOO_LONG = error("This model's maximum context length is 8 tokens. However, you requested 9 tokens")


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error status. `wait`: the `retry-after` that a client is told when nobody else is left, least and most."""

    behave: Behaviour
    kind: str
    wait: tuple[int, int] | None = None


def refuses(status: int, kind: str, body: bytes = b"", *headers: str, wait: int | None = None) -> Refusal:
    return Refusal(answer(status, body, *headers), kind, (wait, wait) if wait is not None else None)


async def later(peer: Peer) -> None:
    """429 with a date."""
    await answer(429, b"", f"retry-after: {email.utils.formatdate(time.time() + 20, usegmt=True)}")(peer)


HTML = "content-type: text/html"
STATUSES = {
    "26 elsewhere": refuses(302, "not_found", b"", "location: http://169.254.169.254/latest"),
    "27 wrong": refuses(400, "bad_request", error("messages.0 is wrong")),
    "27 wrong, 422": refuses(422, "bad_request", error("messages.0 is wrong")),
    "27 too long": refuses(400, "overflow", TOO_LONG),
    "27 too large": refuses(413, "overflow", error("too large")),
    "28 no key": refuses(401, "auth", error("Incorrect API key provided", code="invalid_api_key")),
    "28 not allowed": refuses(403, "auth", error("forbidden")),
    "28 no money": refuses(402, "credit", error("Insufficient credits")),
    "28 no money, 429": refuses(429, "credit", error("You exceeded your quota", code="insufficient_quota")),
    "29 no such model": refuses(404, "not_found", error("The model `m` does not exist")),
    "29 gone": refuses(410, "not_found", PAGE, HTML),
    "30 seconds": refuses(429, "rate_limit", b"", "retry-after: 7", wait=7),
    "30 milliseconds": refuses(429, "rate_limit", b"", "retry-after-ms: 2500", wait=3),
    "30 a date": Refusal(later, "rate_limit", (18, 20)),
    "30 hours": refuses(429, "rate_limit", b"", "retry-after: 7200", wait=60),
    "30 negative": refuses(429, "rate_limit", b"", "retry-after: -5", wait=10),
    "30 NaN": refuses(429, "rate_limit", b"", "retry-after: NaN", wait=10),
    "30 nothing": refuses(429, "rate_limit", error("slow down"), wait=10),
    "30 free usage": refuses(
        429, "rate_limit", error("Rate limit exceeded", type="FreeUsageLimitError"), wait=10
    ),
    "32 503 for a while": refuses(503, "overloaded", b"", "retry-after: 7"),
    "32 529": refuses(529, "overloaded", error("overloaded")),
    "451": refuses(451, "refused", error("unavailable for legal reasons")),
    "content filter": refuses(400, "refused", error("flagged", code="content_policy_violation")),
    **{
        f"31 {status}": refuses(status, "server_error", PAGE, HTML)
        for status in (500, 502, 503, 504, 520, 522, 527)
    },
    **{f"31 {status}": refuses(status, "server_error", error("try again")) for status in (408, 409, 425)},
}


async def dripped_head(peer: Peer) -> None:
    await peer.drip(b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 10_000, 6, 0.1)


def repeated(head: bytes, piece: bytes, pause: float) -> Behaviour:
    """For ever, or until nobody listens."""

    async def behave(peer: Peer) -> None:
        await peer.send(head)
        while True:
            await peer.send(piece)
            await asyncio.sleep(pause)

    return behave


LATE: dict[str, tuple[Behaviour, str]] = {
    "13 no answer": (no_answer, ""),
    "15 a head in drops": (dripped_head, ""),
    "16 early hints for ever": (repeated(b"", b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n", 0.02), ""),
    "39 silent after the head": (stall_after(b""), ""),
    "40 only comments": (repeated(CHUNKED, chunk(b": ping\n\n"), 0.05), ""),
    "40 only empty deltas": (repeated(CHUNKED, chunk(openai_chunk("")), 0.05), ""),
    "42 silent after some text": (stall_after(HI), "hi"),
    "56 one event in drops": (repeated(CHUNKED + chunk(HI), chunk(b"d"), 0.05), "hi"),
    "68 the same token for ever": (repeated(CHUNKED, chunk(HI), 0.05), "hi"),
}
"""Those that only a clock ends, and what they say before."""


async def deaf(peer: Peer) -> None:
    """Row 8: reads nothing, for as long as the client stays."""
    await asyncio.get_running_loop().create_future()


async def early_refusal(peer: Peer) -> None:
    """Row 9: answers after the head, and resets while the body is still coming."""
    await peer.reader.readuntil(b"\r\n\r\n")
    await peer.send(b"HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n")
    peer.rst()


async def broken_upload(peer: Peer) -> None:
    """Row 9, where the status is lost: resets after a part of the body."""
    await peer.reader.readuntil(b"\r\n\r\n")
    await peer.reader.readexactly(100_000)
    peer.rst()


UPLOADS: dict[str, tuple[Behaviour, str]] = {
    "8 nobody reads the request": (deaf, "timeout"),
    "9 refused while it is sent": (early_refusal, "overflow"),
    "9 reset while it is sent": (broken_upload, "connection"),
}
"""Those that a request of many megabytes meets on its way, by what they do when a connection is made."""


async def endless_line(peer: Peer) -> None:
    """Row 57."""
    await peer.stream_head()
    await peer.chunk(HI + b"data: ")
    for _ in range(400):
        await peer.chunk(b"x" * 65_536)
    await peer.until_gone()


async def bomb(peer: Peer) -> None:
    """Row 54: a gigabyte of zeros, a megabyte of them in a thousand bytes."""
    await peer.stream_head("content-encoding: gzip")
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    await peer.chunk(packer.compress(HI) + packer.flush(zlib.Z_FULL_FLUSH))
    zeros = chunk(packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH))
    for _ in range(1000):
        await peer.send(zeros)
    await peer.until_gone()


HOSTILE: dict[str, Behaviour] = {
    "19 headers for ever": endless_headers,
    "54 a bomb": bomb,
    "57 a line for ever": endless_line,
}
"""Those that would fill the memory of whoever reads them to their end."""
