"""Who may ask, over a real socket and against the whole application: bind rules, tokens, hosts, browsers."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from fcc.auth import open_door
from fcc.errors import HttpError
from fcc.gate import admit
from fcc.server import App
from support.served import Answer, Served
from support.world import TOKEN, application, message, policy, run, world

POLICY = policy('route rest answer "served"', '[clients.laptop]\ntoken = "env:LAPTOP"\n')
KEY = f"X-Api-Key: {TOKEN}"
JSON = "Content-Type: application/json"
BODY = json.dumps(message()).encode()
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
CLOSED = (
    "/v1/messages",
    "/v1/messages/count_tokens",
    "/v1/chat/completions",
    "/v1/responses",
    "/v1/models",
    "/v1/models/x",
    "/metrics",
    "/admin/reload",
    "/admin/api/state",
    "/admin/api/sessions",
    "/admin/api/decisions",
    "/admin/api/policy",
    "/admin/api/reload",
    "/admin/api/reset",
    "/admin/api/nothing",
    "/openapi.json",
    "/docs",
    "/nothing",
    "//v1/messages",
    "/health/",
    "/health/../v1/messages",
    "/%2e%2e/health",
    "/health%2f..%2fv1/models",
    "/v1/messages;/health",
)
WRONG = (
    "X-Nothing: 1",
    "X-Api-Key: wrong",
    "X-Api-Key:",
    "X-Api-Key: \xff\xfe",
    f"X-Api-Key: {TOKEN[:-1]}\xe9",
    f"X-Api-Key: {TOKEN}x",
    f"X-Api-Key: {TOKEN.upper()}",
    "Authorization: Bearer wrong",
    "Authorization: Bearer \xe4\xf6\xfc",
    f"Authorization: Basic {TOKEN}",
    f"Authorization: {TOKEN}",
    f"Proxy-Authorization: Bearer {TOKEN}",
    f"Cookie: token={TOKEN}; x-api-key={TOKEN}",
    f"X-Forwarded-Authorization: Bearer {TOKEN}",
)


@pytest.fixture
def lines() -> list[bytes]:
    return []


@pytest.fixture
def fcc(serve: Callable[..., Served], tmp_path: Path, lines: list[bytes]) -> Served:
    """The whole application, with a policy that needs no upstream."""
    return serve(application(tmp_path, POLICY, lines))


def asked(
    fcc: Served, *headers: str, method: str = "POST", path: str = "/v1/messages", **options: Any
) -> Answer:
    body = BODY if method == "POST" else b""
    return fcc.ask(method, path, *headers, body=body, **options)


def test_every_route_and_method_refuses_every_wrong_credential(fcc: Served) -> None:
    for path in CLOSED:
        for method in METHODS:
            header = WRONG[(CLOSED.index(path) + METHODS.index(method)) % len(WRONG)]
            answer = asked(fcc, header, JSON, method=method, path=path)
            assert answer.status == 401, (method, path, header)
    for header in WRONG:
        for path in ("/v1/messages", "/v1/models", "/admin/api/state"):
            assert asked(fcc, header, JSON, path=path).status == 401, (path, header)


def test_both_credential_headers_are_one_check(fcc: Served) -> None:
    for path in CLOSED:
        answers = [
            asked(fcc, header, method="GET", path=path).status
            for header in (KEY, f"Authorization: Bearer {TOKEN}", f"authorization: bearer {TOKEN}")
        ]
        assert len(set(answers)) == 1, (path, answers)
        assert answers[0] != 401


def test_two_different_credentials_are_refused(fcc: Served) -> None:
    assert asked(fcc, KEY, "Authorization: Bearer other", JSON).status == 401
    assert asked(fcc, "X-Api-Key: other", f"Authorization: Bearer {TOKEN}", JSON).status == 401
    assert asked(fcc, KEY, KEY, JSON).status == 401
    assert asked(fcc, KEY, f"Authorization: Bearer {TOKEN}", JSON).status == 200


def test_a_token_in_the_query_counts_for_nothing(fcc: Served) -> None:
    for query in (f"x-api-key={TOKEN}", f"key={TOKEN}", f"token={TOKEN}", f"authorization=Bearer%20{TOKEN}"):
        assert asked(fcc, JSON, path=f"/v1/messages?{query}").status == 401


def test_without_a_token_only_greetings_health_and_empty_pages_are_served(fcc: Served) -> None:
    for path in ("/", "/api/hello", "/health"):
        answer = asked(fcc, method="GET", path=path)
        assert answer.status == 200
        assert set(json.loads(answer.body)) <= {"name", "version", "status", "generation"}
        assert asked(fcc, JSON, path=path).status == 401
    page = asked(fcc, method="GET", path="/admin")
    assert page.status == 200
    assert TOKEN.encode() not in page.body


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.nip.io",
        "evil.example:8082",
        "192.168.0.1",
        "169.254.169.254",
        "localhost/v1?x",
        "localhost?x",
        "localhost#x",
        "localhost/../v1",
        "user@localhost",
        "localhost:80:80",
        "localhost:x",
        "loc alhost",
        "[::1",
        "",
        "\xe9",
    ],
)
def test_a_foreign_host_is_refused_on_open_and_closed_paths(fcc: Served, host: str) -> None:
    for path in ("/health", "/v1/models", "/admin"):
        assert asked(fcc, KEY, f"Host: {host}", method="GET", path=path, host=False).status == 400


def test_two_hosts_an_absolute_uri_and_no_host_are_refused(fcc: Served) -> None:
    assert asked(fcc, KEY, "Host: localhost", method="GET", path="/health").status == 400
    assert asked(fcc, KEY, "Host: evil.example", method="GET", path="/health").status == 400
    assert asked(fcc, KEY, method="GET", path="http://localhost/health").status == 400
    assert asked(fcc, KEY, method="GET", path="http://evil.example/health").status == 400
    assert asked(fcc, KEY, method="GET", path="/health", host=False).status == 400


BROWSER = (
    "Origin: https://evil.example",
    "Origin: http://localhost:3000",
    "Origin: http://127.0.0.1",
    "Origin: null",
    "Origin: file://",
    "Origin: tauri://localhost",
    "Origin: localhost",
    "Sec-Fetch-Site: cross-site",
    "Sec-Fetch-Site: same-site",
    "Sec-Fetch-Site: Cross-Site",
    "Sec-Fetch-Site: anything",
)


@pytest.mark.parametrize("header", BROWSER)
def test_pages_of_other_origins_are_refused_even_with_the_token(fcc: Served, header: str) -> None:
    for method, path in (
        ("POST", "/v1/messages"),
        ("GET", "/v1/models"),
        ("GET", "/health"),
        ("POST", "/admin/reload"),
    ):
        answer = asked(fcc, KEY, JSON, header, method=method, path=path)
        assert answer.status == 403, (method, path)


def test_a_post_without_content_type_from_a_page_is_refused_by_its_origin(fcc: Served) -> None:
    """A page can send a Blob without a type, and no preflight; but it cannot leave out its origin."""
    assert asked(fcc, KEY, "Origin: https://evil.example").status == 403


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "a"]
)
def test_a_body_that_is_not_json_by_name_is_refused(fcc: Served, kind: str) -> None:
    for path in ("/v1/messages", "/v1/messages/count_tokens", "/v1/chat/completions", "/admin/reload"):
        assert asked(fcc, KEY, f"Content-Type: {kind}", path=path).status == 415


def test_preflights_are_refused_and_no_cors_header_is_ever_sent(fcc: Served) -> None:
    answers = [
        asked(
            fcc,
            "Origin: http://localhost",
            "Access-Control-Request-Method: POST",
            method="OPTIONS",
            path=path,
        )
        for path in ("/v1/messages", "/health", "/", "/admin", "/nothing")
    ]
    assert {answer.status for answer in answers} == {403}
    for header in (KEY, "Origin: http://localhost", "Origin: https://evil.example", "X-Api-Key: wrong"):
        for path in ("/v1/messages", "/v1/models", "/health", "/admin", "/nothing"):
            answers += [asked(fcc, header, KEY, JSON, path=path), asked(fcc, header, method="GET", path=path)]
    names = {name for answer in answers for name in answer.headers}
    assert not {name for name in names if name.startswith("access-control")}
    assert "set-cookie" not in names
    assert "server" not in names


def test_a_clients_token_opens_no_administration(serve: Callable[..., Served], tmp_path: Path) -> None:
    app = application(tmp_path, POLICY, [])
    app.env = {**app.env, "LAPTOP": "the-token-of-the-laptop"}
    app.gate.access = app.access()
    served = serve(app)
    laptop = "X-Api-Key: the-token-of-the-laptop"
    assert asked(served, laptop, JSON).status == 200
    for method, path in (
        ("GET", "/admin/api/state"),
        ("GET", "/admin/api/sessions"),
        ("POST", "/admin/api/reload"),
    ):
        assert asked(served, laptop, JSON, method=method, path=path).status == 403


def test_what_changes_anything_is_a_post(fcc: Served) -> None:
    for path in ("/admin/reload", "/admin/api/reload", "/admin/api/reset", "/admin/api/rollback"):
        for method in ("GET", "HEAD", "PUT", "DELETE"):
            assert asked(fcc, KEY, method=method, path=path).status == 405, (method, path)


@pytest.mark.parametrize(
    ("words", "host", "token"),
    [
        (("fcc", "serve", "--port", "0"), "0.0.0.0", ""),
        (("fcc", "serve", "--port", "0"), "::", "fifteen-letters"),
        (("uvicorn", "fcc.server:app", "--port", "0"), "0.0.0.0", "short"),
    ],
)
def test_a_network_is_not_served_without_a_token_worth_the_name(
    tmp_path: Path, words: tuple[str, ...], host: str, token: str
) -> None:
    (tmp_path / "routes.toml").write_text(POLICY)
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "FCC_CONFIG": str(tmp_path / "routes.toml")}
    env["ANTHROPIC_AUTH_TOKEN"] = token
    done = subprocess.run(
        [sys.executable, "-m", *words, "--host", host],
        env=env,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode != 0
    assert open_door(host) in done.stderr
    assert "listening" not in done.stdout


def scope_of(server: Any, *headers: tuple[bytes, bytes]) -> dict[str, Any]:
    return {
        "method": "GET",
        "path": "/v1/models",
        "http_version": "1.1",
        "server": server,
        "headers": [(b"host", b"localhost"), (b"x-api-key", TOKEN.encode()), *headers],
    }


@pytest.mark.parametrize(
    "server", [("192.168.1.7", 1), ("::ffff:10.0.0.1", 1), ("/run/fcc.sock", None), None]
)
def test_each_request_is_asked_where_it_came_in_whoever_started_the_server(
    tmp_path: Path, server: Any
) -> None:
    """A launcher that binds everything without telling us: what comes over a network is refused all the same."""
    app: App = application(tmp_path, POLICY, [])
    app.env = {"ANTHROPIC_AUTH_TOKEN": "short"}
    app.gate.access = app.access()
    scope = scope_of(server)
    scope["headers"][1] = (b"x-api-key", b"short")
    with pytest.raises(HttpError) as refused:
        admit(scope, app.gate.access)
    assert refused.value.status == 403
    assert admit({**scope, "server": ("127.0.0.1", 1)}, app.gate.access) == ""


def test_forwarding_headers_change_nothing() -> None:
    async def test() -> None:
        async with world('route rest answer "served"') as here:
            forwarded = {
                "x-forwarded-for": "10.0.0.1",
                "x-forwarded-host": "evil.example",
                "forwarded": "for=10.0.0.1",
            }
            assert (await here.post(message(), **forwarded)).status_code == 200
            assert (await here.post(message(), **forwarded, **{"x-api-key": "x"})).status_code == 401
            assert not any(b"10.0.0.1" in line for line in here.lines)

    run(test())


def hostile_requests() -> Iterable[bytes]:
    head = b"Host: localhost\r\nX-Api-Key: " + TOKEN.encode() + b"\r\n"
    yield b"GET /\xff\xfe HTTP/1.1\r\n" + head + b"Connection: close\r\n\r\n"
    yield b"GET /%ff%00%0d%0aSet-Cookie:x HTTP/1.1\r\n" + head + b"Connection: close\r\n\r\n"
    yield b"GET /a?\xff HTTP/1.1\r\n" + head + b"Connection: close\r\n\r\n"
    yield b"GET / HTTP/1.1\r\n" + head + b"X\0Y: 1\r\nConnection: close\r\n\r\n"
    yield b"GET / HTTP/1.1\r\n" + head + b"X-A: a\0b\r\nConnection: close\r\n\r\n"
    yield b"GET / HTTP/9.9\r\n" + head + b"Connection: close\r\n\r\n"
    yield b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    yield b"GET / HTTP/1.1\r\n" + head + b"Upgrade: websocket\r\nConnection: Upgrade, close\r\n\r\n"
    yield b"GET / HTTP/1.1\r\n" + head + b"Upgrade: h2c\r\nConnection: Upgrade, close\r\n\r\n"


@pytest.mark.parametrize("request_", list(hostile_requests()))
def test_odd_requests_get_an_answer_and_the_server_lives(
    fcc: Served, lines: list[bytes], request_: bytes
) -> None:
    data = fcc.send(request_)
    assert data.startswith((b"HTTP/1.1 2", b"HTTP/1.1 4")), data[:200]
    assert b"set-cookie" not in data.lower().partition(b"\r\n\r\n")[0]
    assert asked(fcc, method="GET", path="/health").status == 200
    assert not any(b'"crash"' in line for line in lines)


def test_the_gate_is_passed_by_no_other_scope(tmp_path: Path) -> None:
    """A WebSocket is no way around it: there is none."""
    app = application(tmp_path, POLICY, [])

    async def test() -> None:
        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        async def receive() -> Any:
            return {"type": "websocket.connect"}

        await app({"type": "websocket", "path": "/v1/messages", "headers": []}, receive, send)
        assert not sent

    asyncio.run(test())
