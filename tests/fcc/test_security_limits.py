"""Sizes, numbers and slowness of clients, and names that are meant to hurt: over real sockets."""

from __future__ import annotations

import asyncio
import json
import select
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fcc import protocol
from fcc.log import Log
from fcc.messages import InFlight, Messages
from fcc.protocol import StrictProtocol
from fcc.terminal import TerminalLog
from support.served import PATIENCE, Served, parsed
from support.upstream import Upstream, answer, openai_answer
from support.world import TOKEN, application, message, policy, run, until, world

KEY = f"X-Api-Key: {TOKEN}"
JSON = "Content-Type: application/json"
PATHS = ("/v1/messages", "/v1/messages/count_tokens", "/v1/chat/completions", "/v1/responses")
SERVED = policy('route rest answer "served"')
MB = 1024 * 1024


@pytest.fixture
def lines() -> list[bytes]:
    return []


@pytest.fixture
def fcc(serve: Callable[..., Served], tmp_path: Path, lines: list[bytes]) -> Served:
    return serve(application(tmp_path, SERVED, lines))


def body_of(path: str, **fields: Any) -> bytes:
    name = "input" if path.endswith("responses") else "messages"
    asked = {"model": "m", "max_tokens": 5, name: [{"role": "user", "content": "hi"}]}
    return json.dumps({**asked, **fields}).encode()


@pytest.mark.parametrize("path", PATHS)
def test_a_body_of_33_mb_is_413_in_the_envelope(fcc: Served, path: str) -> None:
    answer = fcc.ask("POST", path, KEY, JSON, body=b" " * (33 * MB))
    assert answer.status == 413
    error = json.loads(answer.body)["error"]
    assert error["type"] in ("request_too_large", "invalid_request_error")
    assert fcc.ask("GET", "/health").status == 200


def test_a_body_announced_beyond_all_measure_is_refused_unread(fcc: Served) -> None:
    head = f"POST /v1/messages HTTP/1.1\r\nHost: localhost\r\n{KEY}\r\n{JSON}\r\n"
    answer = parsed(fcc.send(f"{head}Content-Length: {10**15}\r\n\r\n".encode()))
    assert answer.status == 413


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate", "zstd", "identity, gzip", "GZIP", "x"])
def test_packed_bodies_are_415(fcc: Served, encoding: str) -> None:
    for path in PATHS:
        assert fcc.ask("POST", path, KEY, JSON, f"Content-Encoding: {encoding}", body=b"{}").status == 415


def deep(levels: int) -> bytes:
    return b'{"model":"m","max_tokens":1,"messages":[{"role":"user","content":"hi"}],"x":%s%s}' % (
        b"[" * levels,
        b"]" * levels,
    )


@pytest.mark.parametrize("path", PATHS)
def test_depth_is_bounded(fcc: Served, path: str) -> None:
    nested: Any = "x"
    for _ in range(120):
        nested = [nested]
    assert fcc.ask("POST", path, KEY, JSON, body=body_of(path, metadata={"x": nested})).status == 200
    for levels, said in ((129, b"deep"), (10_000, b"deep"), (1_000_000, b"values")):
        answer = fcc.ask("POST", path, KEY, JSON, body=deep(levels))
        assert answer.status == 400, levels
        assert said in answer.body


def test_numbers_of_messages_and_tools_are_bounded(fcc: Served) -> None:
    one = {"role": "user", "content": "x"}
    tool = {"name": "t", "input_schema": {"type": "object"}}
    for path in PATHS[:2]:
        for fields, status in (
            ({"messages": [one] * 10_000}, 200),
            ({"messages": [one] * 10_001}, 400),
            ({"tools": [{**tool, "name": f"t{index}"} for index in range(512)]}, 200),
            ({"tools": [{**tool, "name": f"t{index}"} for index in range(513)]}, 400),
            ({"model": "m" * 257}, 400),
        ):
            assert fcc.ask("POST", path, KEY, JSON, body=body_of(path, **fields)).status == status


def test_numbers_in_other_dialects_are_bounded(fcc: Served) -> None:
    one = {"role": "user", "content": "x"}
    assert fcc.ask("POST", PATHS[2], KEY, JSON, body=body_of(PATHS[2], messages=[one] * 10_001)).status == 400
    assert fcc.ask("POST", PATHS[3], KEY, JSON, body=body_of(PATHS[3], input=[one] * 10_001)).status == 400


@pytest.mark.parametrize(
    "text", [b'"\\ud800"', b'"\\udfff x \\ud83d"', b'"\\ud83d\\ude00"', b'"\xed\xa0\x80"']
)
def test_half_characters_of_javascript_are_accepted(text: bytes) -> None:
    async def test() -> None:
        upstream = Upstream(openai_answer("fine"))
        async with world("route rest use a/m", a=upstream) as here:
            body = b'{"model":"m","max_tokens":5,"messages":[{"role":"user","content":' + text + b"}]}"
            response = await here.post(body)
            assert response.status_code == 200
            sent = json.loads(upstream.requests[0].body)["messages"][-1]["content"]
            assert sent.encode("utf-8")

    run(test())


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"x"',
        b"{",
        b'{"model":"m"}',
        b"\xff\xfe",
        b"NaN",
        b'{"a":1e999}',
        b"{}{}",
        b"\x00",
        b"1" * 5000,
    ],
)
def test_what_is_no_request_is_a_400_on_every_path(fcc: Served, body: bytes) -> None:
    for path in PATHS:
        assert fcc.ask("POST", path, KEY, JSON, body=body).status == 400


def test_257_in_flight_is_one_too_many() -> None:
    assert InFlight().most == 256

    async def test() -> None:
        async with world("route rest use a/m", a=Upstream(openai_answer("fine"))) as here:
            hot = here.app.hot["/v1/messages"].app
            assert isinstance(hot, Messages)
            hot.in_flight.now = 256
            for path in PATHS:
                response = await here.client.post(path, content=body_of(path))
                assert (response.status_code, response.headers["retry-after"]) == (529, "1"), path
            hot.in_flight.now = 255
            assert (await here.post(message())).status_code == 200
            assert hot.in_flight.now == 255

    run(test())


# --- slowness -------------------------------------------------------------------------------------------------------


def test_the_deadlines_are_those_that_are_documented() -> None:
    assert (StrictProtocol.head_deadline, StrictProtocol.body_deadline) == (10.0, 60.0)
    assert (StrictProtocol.stuck_deadline, StrictProtocol.most_waiting) == (120.0, 64)


def test_twenty_slow_heads_are_cut_off_and_others_served_meanwhile(
    serve: Callable[..., Served], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(StrictProtocol, "head_deadline", 0.4)
    monkeypatch.setattr(StrictProtocol, "body_deadline", 0.4)
    served = serve(application(tmp_path, SERVED, []))
    begun = (
        b"",
        b"POST /v1/messages HTTP/1.1\r\nHost: loc",
        f"POST /v1/messages HTTP/1.1\r\nHost: localhost\r\n{KEY}\r\n{JSON}\r\nContent-Length: 99\r\n\r\n{{".encode(),
    )
    slow = [socket.create_connection(("127.0.0.1", served.port), timeout=PATIENCE) for _ in range(21)]
    for index, one in enumerate(slow):
        one.sendall(begun[index % 3])
    assert served.ask("GET", "/health").status == 200
    began = time.monotonic()
    for one in slow:
        with one:
            while one.recv(4096):
                pass
    assert time.monotonic() - began < PATIENCE / 2


def test_whoever_hoards_connections_loses_their_own(
    serve: Callable[..., Served], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if loopback were the network: this machine itself may have as many as it likes."""
    monkeypatch.setattr(protocol, "is_loopback", lambda address: False)
    monkeypatch.setattr(StrictProtocol, "most_waiting", 8)
    monkeypatch.setattr(StrictProtocol, "grace", 0.05)
    served = serve(application(tmp_path, SERVED, []))
    hoard = [socket.create_connection(("127.0.0.1", served.port), timeout=PATIENCE) for _ in range(8)]
    time.sleep(0.1)  # the server's clock: all are past their grace now
    mine = []
    for _ in range(4):
        assert served.ask("GET", "/health").status == 200
        mine.append(socket.create_connection(("127.0.0.1", served.port), timeout=PATIENCE))
    end = time.monotonic() + PATIENCE
    closed: list[socket.socket] = []
    while len(closed) < 4 and time.monotonic() < end:
        closed, _, _ = select.select(hoard, [], [], end - time.monotonic())
    assert len(closed) == 4
    assert select.select(mine, [], [], 0)[0] == []
    for one in (*hoard, *mine):
        one.close()


def test_a_client_that_takes_nothing_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(StrictProtocol, "stuck_deadline", 0.3)
    loud = Upstream(openai_answer(*["x" * 60_000] * 200))

    async def test() -> None:
        async with world("route rest use a/m", a=loud) as here:
            reader, writer = await asyncio.open_connection("127.0.0.1", int(here.address.rpartition(":")[2]))
            body = json.dumps(message(stream=True)).encode()
            head = f"POST /v1/messages HTTP/1.1\r\nHost: localhost\r\n{KEY}\r\n{JSON}\r\n"
            head += f"Content-Length: {len(body)}\r\n\r\n"
            writer.write(head.encode() + body)
            (row,) = await here.logged()
            assert row["status"] == 499
            await until(lambda: not here.server.server_state.tasks)
            writer.transport.abort()
            del reader

    run(test())


# --- names that are meant to hurt -----------------------------------------------------------------------------------

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "x\r\nX-Evil: 1",
    'x\n{"event":"request","status":200}',
    "\x1b[2J\x1b]0;owned\x07",
    "\x9b31m",
    "\x00\x01\x7f",
    "\u202egnp.exe",
    "../../etc/passwd",
    "'; DROP TABLE sessions; --",
    "{{7*7}}${7*7}%s%n",
    "x" * 10_240,
    "日本語",
)


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_models_and_sessions_are_one_harmless_line(name: str) -> None:
    async def test() -> None:
        rules = 'route typed when model is "a/*" use requested, retry 0\nroute rest use a/m, retry 0'
        async with world(rules, a=Upstream(openai_answer("hi"), answer(500, b"{}"))) as here:
            seen: list[bytes] = []
            terminal = TerminalLog("debug", seen.append, coloured=False)
            user = json.dumps({"session_id": name})
            header = (
                {} if not name.isascii() or not name.isprintable() else {"x-session-id": name, "x-team": name}
            )
            for model in (name[:256], f"a/{name[:200]}"):
                body = message(model=model, metadata={"user_id": user})
                assert (await here.post(body, **header)).status_code in (200, 529)
            rows = await here.logged(2)
            for line in here.lines:
                assert line.count(b"\n") == 1
                assert not set(line.decode()) & {"\x1b", "\x9b", "\x00", "\x07", "\r"}
            for row in rows:
                assert len(json.dumps(row)) < 4096
                terminal.request(row)
            for line in seen:
                assert line.decode()[:-1].isprintable()
            for path in ("/metrics", "/admin/api/state", "/admin/api/sessions", "/admin/api/decisions"):
                page = await here.client.get(path)
                assert page.status_code == 200
                assert "text/html" not in page.headers["content-type"]
                assert page.headers.get("x-content-type-options", "nosniff") == "nosniff"
            assert "content-security-policy" in (await here.client.get("/admin")).headers

    run(test())


def test_hostile_paths_are_one_harmless_line(fcc: Served, lines: list[bytes]) -> None:
    for path in ("/%0d%0aX-Evil:1", "/%1b%5b2J", "/%c2%9b31m", "/%00", "/" + "x" * 10_000, "/<script>"):
        for header in (KEY, "X-Api-Key: wrong"):
            answer = fcc.ask("GET", path, header)
            assert answer.status in (401, 404)
            assert "x-evil" not in answer.headers
            assert answer.headers["content-type"] == "application/json"
    assert lines
    for line in lines:
        assert len(line) < 4096
        assert not set(line.decode()) & {"\x1b", "\x9b", "\x00", "\r"}


def test_nothing_in_a_log_line_commands_a_terminal() -> None:
    seen: list[bytes] = []
    evil = "a\x1b[31m\x9b2J\r\n\x07\u2028b"
    for log in (Log("debug", seen.append), TerminalLog("debug", seen.append, coloured=False)):
        attempt = {"target": evil, "failure": "timeout", "ms": 1.0, "first_token_ms": None, "message": evil}
        row = {
            "request_id": "r",
            "client": evil,
            "model": evil,
            "status": 500,
            "ms": 1.0,
            "route": evil,
            "target": evil,
        }
        log.request({**row, "error": evil, "attempts": [attempt, {**attempt, "failure": None}]})
        log.refused("r", evil, 400, evil)
        log.crash("r", evil, ValueError(evil))
        log.line("info", "start", {"name": evil, "half": "\ud800"})
    assert len(seen) == 8
    for line in seen:
        assert line.count(b"\n") == 1
        assert not set(line.decode()) & {"\x1b", "\x9b", "\x07", "\r"}
