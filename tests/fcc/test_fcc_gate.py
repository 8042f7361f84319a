"""Who gets past the gate: hosts, origins, tokens and content types, over a real socket."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from fcc.auth import Access, bearer
from fcc.errors import HttpError
from fcc.gate import Gate, admit
from fcc.log import Log
from support.served import Served

TOKEN = "a-token-of-the-right-length"
OTHER = "another-clients-own-token"
ROUTES = (
    "/v1/messages",
    "/v1/messages/count_tokens",
    "/v1/models",
    "/v1/models/a/b",
    "/admin/reload",
    "/metrics",
    "/x",
)
METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH")
GOOD = (f"Authorization: Bearer {TOKEN}", f"authorization: bearer {TOKEN}", f"X-Api-Key: {TOKEN}")
BAD = (
    "X-Nothing: 1",
    "Authorization: Bearer wrong",
    f"Authorization: Basic {TOKEN}",
    f"Authorization: {TOKEN}",
    "Authorization: Bearer",
    f"Authorization: Bearer {TOKEN}x",
    f"Authorization: Bearer {TOKEN[:-1]}",
    "X-Api-Key: wrong",
    "X-Api-Key:",
    "X-Api-Key: \xff\xfe\xfd",
    f"Cookie: x-api-key={TOKEN}",
)


async def inner(scope: Any, receive: Any, send: Any) -> None:
    """Says who was let in; crashes at /crash."""
    if scope["type"] == "lifespan":
        while (message := await receive())["type"] != "lifespan.shutdown":
            await send({"type": message["type"] + ".complete"})
        await send({"type": "lifespan.shutdown.complete"})
        return
    if scope["path"] == "/crash":
        raise ValueError("a secret from the request")
    body = json.dumps({"client": scope["fcc"].client, "path": scope["path"]}).encode()
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]}
    )
    await send({"type": "http.response.body", "body": body})


class Outside:
    """The gate as the application: lifespan goes past it, as in the real one."""

    def __init__(self, log: Log) -> None:
        tokens = ((TOKEN.encode(), ""), (OTHER.encode(), "laptop"))
        self.gate = Gate(inner, Access(tokens, weak=False), log)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await (inner if scope["type"] == "lifespan" else self.gate)(scope, receive, send)


@pytest.fixture
def lines() -> list[bytes]:
    return []


@pytest.fixture
def gate(serve: Callable[..., Served], lines: list[bytes]) -> Served:
    return serve(Outside(Log(write=lines.append)))


def test_every_door_takes_the_same_tokens(gate: Served) -> None:
    for path in ROUTES:
        for method in METHODS:
            for header in GOOD:
                assert gate.ask(method, path, header).status == 200, (method, path, header)


def test_every_door_refuses_the_same_tokens(gate: Served) -> None:
    for path in ROUTES:
        for method in METHODS:
            for header in BAD:
                answer = gate.ask(method, path, header)
                assert answer.status == 401, (method, path, header)
                assert answer.headers["x-should-retry"] == "false"


def test_a_refusal_is_the_envelope(gate: Served) -> None:
    answer = gate.ask("POST", "/v1/messages", "X-Api-Key: wrong")
    body = json.loads(answer.body)
    assert body["type"] == "error"
    assert body["error"]["type"] == "authentication_error"
    assert body["request_id"] == answer.headers["request-id"]
    assert answer.headers["content-type"] == "application/json"


def test_the_name_of_a_client_is_its_tokens(gate: Served) -> None:
    answer = gate.ask("GET", "/v1/models", f"X-Api-Key: {OTHER}")
    assert json.loads(answer.body)["client"] == "laptop"


def test_two_credentials_must_agree(gate: Served) -> None:
    same = gate.ask("GET", "/v1/models", f"X-Api-Key: {TOKEN}", f"Authorization: Bearer {TOKEN}")
    assert same.status == 200
    for pair in ((TOKEN, OTHER), (OTHER, TOKEN), (TOKEN, "wrong"), ("wrong", TOKEN)):
        answer = gate.ask("GET", "/v1/models", f"X-Api-Key: {pair[0]}", f"Authorization: Bearer {pair[1]}")
        assert answer.status == 401, pair


@pytest.mark.parametrize("path", ["/", "/api/hello", "/health"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_greetings_need_no_token(gate: Served, method: str, path: str) -> None:
    assert gate.ask(method, path).status == 200
    assert gate.ask("POST", path).status == 401


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8082", "127.0.0.1", "127.0.0.1:1", "[::1]:8082"])
def test_own_names_are_hosts(gate: Served, host: str) -> None:
    assert gate.ask("GET", "/health", f"Host: {host}", host=False).status == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost.evil.example:8082",
        "",
        "192.168.1.7",
        "localhost/x?y",
        "a b",
    ],
)
def test_other_names_are_refused(gate: Served, host: str) -> None:
    answer = gate.ask("GET", "/health", f"Host: {host}", host=False)
    assert answer.status == 400
    assert json.loads(answer.body)["error"]["type"] == "invalid_request_error"


def test_a_request_without_host_is_refused(gate: Served) -> None:
    assert gate.ask("GET", "/health", host=False).status == 400


@pytest.mark.parametrize("name", ["Origin", "Content-Type", "X-Api-Key", "Authorization", "Content-Encoding"])
def test_what_decides_may_not_come_twice(gate: Served, name: str) -> None:
    answer = gate.ask("POST", "/v1/messages", f"{name}: {TOKEN}", f"{name}: {TOKEN}")
    assert answer.status in (400, 401)
    assert b"two " in answer.body


@pytest.mark.parametrize(
    "header",
    [
        "Origin: https://evil.example",
        "Origin: null",
        "Origin: http://localhost:3000",
        "Sec-Fetch-Site: cross-site",
    ],
)
def test_pages_of_others_are_refused(gate: Served, header: str) -> None:
    for method in ("GET", "POST"):
        assert gate.ask(method, "/v1/models", header, GOOD[0]).status == 403


def test_own_pages_may_ask(gate: Served) -> None:
    assert (
        gate.ask(
            "GET", "/v1/models", "Origin: http://localhost", "Sec-Fetch-Site: same-origin", GOOD[0]
        ).status
        == 200
    )


@pytest.mark.parametrize(
    "headers", [(), ("Origin: https://evil.example",), ("Origin: http://localhost", GOOD[0])]
)
def test_no_preflight_is_granted(gate: Served, headers: tuple[str, ...]) -> None:
    answer = gate.ask("OPTIONS", "/v1/messages", "Access-Control-Request-Method: POST", *headers)
    assert answer.status == 403
    assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
def test_a_form_cannot_ask(gate: Served, kind: str) -> None:
    assert gate.ask("POST", "/v1/messages", f"Content-Type: {kind}", GOOD[0], body=b"{}").status == 415


def test_a_compressed_body_is_refused(gate: Served) -> None:
    headers = ("Content-Type: application/json; charset=utf-8", GOOD[0])
    assert gate.ask("POST", "/v1/messages", "Content-Encoding: identity", *headers, body=b"{}").status == 200
    assert gate.ask("POST", "/v1/messages", "Content-Encoding: gzip", *headers, body=b"{}").status == 415


def test_a_crash_tells_nothing_of_the_request(gate: Served, lines: list[bytes]) -> None:
    answer = gate.ask("GET", "/crash", GOOD[0])
    assert answer.status == 500
    assert json.loads(answer.body)["error"]["type"] == "api_error"
    assert b"secret" not in answer.body
    row = json.loads(lines[-1])
    assert (row["event"], row["error"], row["request_id"]) == (
        "crash",
        "ValueError",
        answer.headers["request-id"],
    )
    assert b"secret" not in lines[-1]


def test_no_token_reaches_the_log(gate: Served, lines: list[bytes]) -> None:
    gate.ask("GET", "/v1/models", "X-Api-Key: my-own-secret")
    row = json.loads(lines[-1])
    assert (row["event"], row["status"], row["path"]) == ("refused", 401, "/v1/models")
    assert b"my-own-secret" not in lines[-1]


def scope_of(server: str, path: str = "/health") -> dict[str, Any]:
    return {
        "method": "GET",
        "path": path,
        "http_version": "1.1",
        "server": (server, 8082),
        "headers": [
            (b"host", f"[{server}]".encode() if ":" in server else server.encode()),
            (b"x-api-key", TOKEN.encode()),
        ],
    }


@pytest.mark.parametrize("server", ["192.168.1.7", "10.0.0.1", "::ffff:10.0.0.1", "fe80::1"])
def test_a_weak_token_opens_no_network(server: str) -> None:
    tokens = ((TOKEN.encode(), ""),)
    with pytest.raises(HttpError) as refused:
        admit(scope_of(server, "/v1/models"), Access(tokens, weak=True))
    assert refused.value.status == 403
    assert admit(scope_of(server, "/v1/models"), Access(tokens, weak=False)) == ""
    assert admit(scope_of("127.0.0.1", "/v1/models"), Access(tokens, weak=True)) == ""


def test_bearer_keeps_other_schemes_whole() -> None:
    assert bearer(b"Bearer  abc ") == b"abc"
    assert bearer(b"Basic abc") == b""
    assert bearer(b"abc") == b""
    assert bearer(None) is None
