"""Where requests go and what they carry: the client chooses no upstream, and nothing of it that is not meant leaves."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import pytest

from providers.failures import Failure
from providers.provider import build
from rules.settings import ProviderTable
from support.exchanges import KEY, answered, ask_of, provider_at, request_of
from support.upstream import Peer, Upstream, answer, openai_answer, raw
from support.world import TOKEN, message, run, world

RULES = 'route typed when model is "a/*" use requested\nroute rest use a/one, retry 0'
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


@contextmanager
def trap() -> Generator[tuple[int, list[bytes]]]:
    """A port that nobody may come to, and what came."""
    caught: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def catch() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                connection.settimeout(1)
                with connection:
                    try:
                        caught.append(connection.recv(4096))
                    except OSError:
                        caught.append(b"")

        threading.Thread(target=catch, daemon=True).start()
        yield server.getsockname()[1], caught


def test_the_client_cannot_choose_the_upstream() -> None:
    async def test() -> None:
        with trap() as (port, caught):
            evil = f"http://127.0.0.1:{port}/v1"
            async with world(RULES, a=Upstream(openai_answer("hi"))) as here:
                fields = ("base_url", "api_base", "api_key", "url", "endpoint", "proxy", "target", "provider")
                body = message(
                    **dict.fromkeys(fields, evil),
                    extra_body={"base_url": evil},
                )
                headers = {f"x-{name.replace('_', '-')}": evil for name in fields if name != "api_key"}
                for path in ("/v1/messages", "/v1/chat/completions"):
                    response = await here.post({**body, "input": "hi"}, path, **headers)
                    assert response.status_code == 200, response.text
                assert (
                    await here.post(body, f"/v1/messages?base_url={evil}&api_base={evil}")
                ).status_code == 200
                for model in (
                    evil,
                    f"a/../{evil}",
                    f"a@127.0.0.1:{port}/m",
                    f"//127.0.0.1:{port}/m",
                    f"a/{evil}",
                ):
                    assert (await here.post(message(model=model))).status_code == 200
                generation = here.app.house.generation
                assert generation is not None
                (upstream,) = generation.providers.values()
                assert upstream.setup.base_url != evil
            assert caught == []

    run(test())


def test_a_models_name_stays_in_the_body_and_cannot_change_the_path() -> None:
    async def test() -> None:
        upstream = Upstream(openai_answer("hi"))
        async with world(RULES, a=upstream) as here:
            for model in ("a/../../admin", "a/x?y=z#f", "a/x%2f..%2fy", "a/x\r\nx-evil: 1", "a/\x00"):
                assert (await here.post(message(model=model))).status_code == 200
            assert {request.path for request in upstream.requests} == {"/v1/chat/completions"}
            assert not any("x-evil" in request.headers for request in upstream.requests)

    run(test())


@pytest.mark.parametrize("model", ["../../v1/secret", "x?key=1", "x#y", "x/../..", "x:y\r\nz", "%2e%2e/x"])
def test_a_models_name_in_a_path_is_one_part_of_it(model: str) -> None:
    """Gemini's address holds the model."""

    async def test() -> None:
        async with Upstream(answer(500, b"{}")) as upstream:
            table = ProviderTable(dialect="gemini", base_url=upstream.url, key=KEY)
            provider = build("w", table, {}, {}, {})
            exchange = provider.open(request_of(), ask_of(provider, model))
            with pytest.raises(Failure):
                await exchange.start()
            await provider.aclose()
            for request in upstream.requests:
                path, _, query = request.path.partition("?")
                assert path.startswith("/v1/")
                assert ".." not in path.split("/")
                assert path.endswith((":streamGenerateContent", ":generateContent"))
                assert query in ("", "alt=sse")

    run(test())


def test_credentials_cookies_and_forwarding_headers_of_a_client_stay_here() -> None:
    sent = {
        "authorization": f"Bearer {TOKEN}",
        "cookie": "session=secret-cookie",
        "x-forwarded-for": "10.1.2.3",
        "x-forwarded-host": "internal.example",
        "x-real-ip": "10.1.2.3",
        "forwarded": "for=10.1.2.3",
        "via": "1.1 internal",
        "referer": "https://internal.example/page",
        "x-custom": "anything",
        "x-session-id": "session-of-mine",
        "anthropic-dangerous-direct-browser-access": "true",
        "anthropic-organization": "org-secret",
        "x-goog-api-key": "other-secret",
        "user-agent": "claude-cli/9.9 secret-agent",
    }

    async def test() -> None:
        a, b = Upstream(openai_answer("hi")), Upstream(answer(500, b"{}"))
        rules = 'route b when model is "b" use b/m, retry 0\nroute rest use a/one, retry 0'
        table = '[models."b/m"]\ndialect = "anthropic"\n'
        async with world(rules, table, a=a, b=b) as here:
            beta = {"anthropic-beta": "a-beta-2026-01-01", "anthropic-version": "2023-06-01"}
            assert (await here.post(message(), **sent, **beta)).status_code == 200
            await here.post(message(model="b"), **sent, **beta)
        allowed = {"host", "content-type", "accept", "accept-encoding", "user-agent", "content-length"}
        assert set(a.requests[0].headers) <= allowed
        assert set(b.requests[0].headers) <= allowed | {"anthropic-version", "anthropic-beta"}
        carried = json.dumps([request.headers for request in (*a.requests, *b.requests)])
        for name, value in sent.items():
            assert value not in carried, name
        assert TOKEN not in carried

    run(test())


def test_headers_of_an_upstream_are_not_passed_on() -> None:
    hostile = (
        "set-cookie: a=b",
        "x-evil: 1",
        "location: http://evil.example",
        "access-control-allow-origin: *",
    )
    ours = {
        "date",
        "content-type",
        "content-length",
        "request-id",
        "x-fcc-route",
        "x-fcc-target",
        "x-fcc-attempts",
    }

    async def test() -> None:
        for behaviour in (
            answer(200, b'{"choices":[{"message":{"content":"hi"},"finish_reason":"stop"}]}', *hostile),
            answer(429, b'{"error":{"message":"slow"}}', "retry-after: 7", *hostile),
            answer(500, b"{}", "retry-after: 1\x01evil", *hostile),
        ):
            async with world(RULES, "[defaults]\nwait = 0\n", a=Upstream(behaviour)) as here:
                response = await here.post(message())
                assert set(response.headers) <= ours | {"retry-after", "x-should-retry"}
                assert response.headers.get("retry-after", "7").isdigit()

    run(test())


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(status: int) -> None:
    async def test() -> None:
        with trap() as (port, caught):
            async with Upstream(answer(status, b"", f"location: http://127.0.0.1:{port}/latest")) as upstream:
                provider = provider_at(upstream.url)
                outcome = await answered(provider)
                await provider.aclose()
            assert outcome.failure is not None
            assert outcome.failure.kind == "not_found"
            assert caught == []

    run(test())


@pytest.mark.parametrize(
    ("url", "allow_http"),
    [
        ("http://models.example/v1", False),
        ("http://192.168.1.9:8000/v1", False),
        ("http://169.254.169.254/v1", True),
        ("https://169.254.169.254/v1", False),
        ("https://169.254.169.254./v1", False),
        ("http://①⑥⑨.②⑤④.①⑥⑨.②⑤④/v1", True),
        ("http://[::ffff:169.254.169.254]/v1", True),
        ("http://[64:ff9b::a9fe:a9fe]/v1", True),
        ("http://[2002:a9fe:a9fe::]/v1", True),
        ("http://[fd00:ec2::254]/v1", True),
        ("http://[fd20:ce::254]/v1", True),
        ("http://[fd00:c1::a9fe:a9fe]/v1", True),
        ("http://168.63.129.16/v1", True),
        ("http://100.100.100.200/v1", True),
        ("http://2852039166/v1", True),
        ("http://0xa9fea9fe/v1", True),
        ("http://0251.0376.0251.0376/v1", True),
        ("https://metadata.google.internal/v1", False),
        ("https://user:pass@models.example/v1", False),
        ("https://models.example\\@evil.example/v1", False),
        ("https://models.example/v1?key=secret", False),
        ("file:///etc/passwd", True),
        ("gopher://127.0.0.1/v1", True),
        ("http://localhost\t/v1", True),
    ],
)
def test_addresses_that_nothing_is_sent_to(url: str, allow_http: bool) -> None:
    table = ProviderTable(dialect="openai-chat", base_url=url, key=KEY, allow_http=allow_http)
    provider = build("w", table, {}, {}, {})
    assert provider.keys == ()
    assert provider.missing is not None
    assert KEY not in provider.missing


def test_no_proxy_of_the_machine_stands_before_loopback() -> None:
    async def test() -> None:
        with trap() as (port, caught):
            names = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "all_proxy")
            env = dict.fromkeys(names, f"http://user:secret@127.0.0.1:{port}")
            async with Upstream(openai_answer("hi")) as upstream:
                table = ProviderTable(dialect="openai-chat", base_url=upstream.url, key=KEY)
                provider = build("w", table, {}, env, {})
                outcome = await answered(provider)
                await provider.aclose()
            assert outcome.text == "hi"
            assert caught == []

    run(test())


@pytest.mark.parametrize("dialect", ["openai-chat", "anthropic", "openai-responses", "gemini"])
def test_an_image_by_address_is_never_fetched_by_us(dialect: str) -> None:
    async def test() -> None:
        with trap() as (port, caught):
            url = f"http://127.0.0.1:{port}/image.png"
            content: list[dict[str, Any]] = [
                {"type": "image", "source": {"type": "url", "url": url}},
                {"type": "document", "source": {"type": "url", "url": url}},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}},
                {"type": "text", "text": "what is it?"},
            ]
            table = f'[models."a/one"]\ndialect = "{dialect}"\ndocuments = true\n'
            async with world(RULES, table, a=Upstream(answer(500, b"{}"))) as here:
                await here.post(message(messages=[{"role": "user", "content": content}]))
                await here.post(
                    message(messages=[{"role": "user", "content": content}]), "/v1/messages/count_tokens"
                )
            assert caught == []

    run(test())


@pytest.mark.parametrize("value", ["a\r\nx-evil: 1", "a\nb", "a\0b", "\x1b[2J", "é"])
def test_configured_values_that_would_break_a_header_are_refused(value: str) -> None:
    for table in (
        ProviderTable(dialect="openai-chat", base_url="https://m.example/v1", key=f"sk-{value}x"),
        ProviderTable(
            dialect="openai-chat", base_url="https://m.example/v1", key=KEY, headers={"x-a": value}
        ),
        ProviderTable(
            dialect="openai-chat", base_url="https://m.example/v1", key=KEY, headers={f"x{value}": "a"}
        ),
    ):
        provider = build("w", table, {}, {}, {})
        assert provider.keys == ()
        assert provider.missing is not None


def test_an_upstream_that_answers_somebody_else_is_not_believed() -> None:
    """A second answer in the same packet would be the next request's."""
    one = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s"
    good = b'{"choices":[{"message":{"content":"good"},"finish_reason":"stop"}]}'
    evil = good.replace(b"good", b"evil")
    smuggled = raw(one % (len(good), good) + one % (len(evil), evil), then="keep")

    async def honest(peer: Peer) -> None:
        await answer(200, good)(peer)

    async def test() -> None:
        async with world(RULES, a=Upstream(smuggled, honest)) as here:
            for _ in range(3):
                response = await here.post(message())
                assert response.json()["content"][0]["text"] == "good"

    run(test())
