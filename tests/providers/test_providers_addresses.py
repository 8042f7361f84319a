"""Where a key may be sent, and which way."""

from __future__ import annotations

import pytest

from providers.addresses import is_loopback, is_metadata, objection
from providers.provider import joined
from providers.proxies import proxy_for
from rules.lint import addresses as lint


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST",
        "127.0.0.1",
        "127.9.9.9",
        "::1",
        "[::1]",
        "0.0.0.0",
        "10.0.0.1",
        "example.org",
        "",
        "::2",
    ],
)
def test_lint_and_transport_agree_on_loopback(host: str) -> None:
    assert is_loopback(host) is lint.is_loopback(host)


@pytest.mark.parametrize(
    ("host", "refused"),
    [
        ("169.254.169.254", True),
        ("169.254.170.2", True),
        ("::ffff:169.254.169.254", True),
        ("[fe80::1]", True),
        ("fe80::1%eth0", True),
        ("fd00:ec2::254", True),
        ("100.100.100.200", True),
        ("metadata.google.internal", True),
        ("Metadata.Google.Internal.", True),
        ("127.0.0.1", False),
        ("192.168.1.10", False),
        ("models.example", False),
    ],
)
def test_metadata_services(host: str, refused: bool) -> None:
    assert is_metadata(host) is refused


@pytest.mark.parametrize(
    ("url", "allow_http", "said"),
    [
        ("https://models.example/v1", False, None),
        ("http://127.0.0.1:8000/v1", False, None),
        ("http://[::1]:8000", False, None),
        ("http://models.example/v1", True, None),
        ("http://models.example/v1", False, "in clear"),
        ("http://169.254.169.254/latest", True, "metadata"),
        ("https://metadata.google.internal/", True, "metadata"),
        ("ftp://models.example", True, "no address"),
        ("models.example", True, "no address"),
        ("https://", True, "no address"),
        ("https://a b/", True, "no address"),
        ("https://a\r\nhost: b/", True, "no address"),
        ("https://a:99999/", True, "no address"),
        ("https://[::1/", True, "no address"),
        ("https://user:pass@models.example/", True, "credentials"),
        ("https://models.example/?key=1", True, "query"),
    ],
)
def test_objections(url: str, allow_http: bool, said: str | None) -> None:
    found = objection(url, allow_http=allow_http)
    assert (found is None) if said is None else (found is not None and said in found)


@pytest.mark.parametrize(
    ("base", "path", "whole"),
    [
        ("https://a/v1", "/chat/completions", "https://a/v1/chat/completions"),
        ("https://a/v1/", "/chat/completions", "https://a/v1/chat/completions"),
        ("https://a", "/v1/messages", "https://a/v1/messages"),
        ("https://a/v1", "/v1/messages", "https://a/v1/messages"),
        ("https://a/v1/", "/v1/messages", "https://a/v1/messages"),
        ("https://a/zen/v1", "/v1/messages", "https://a/zen/v1/messages"),
        ("https://a/anthropic", "/v1/messages", "https://a/anthropic/v1/messages"),
        ("https://a/v1", "/responses", "https://a/v1/responses"),
        ("https://a/v1beta", "/models/x:generateContent", "https://a/v1beta/models/x:generateContent"),
    ],
)
def test_addresses_are_joined_without_doubling(base: str, path: str, whole: str) -> None:
    assert joined(base, path) == whole


PROXIES = {"HTTPS_PROXY": "http://proxy:3128", "no_proxy": "internal.example, .corp.example,10.0.0.5"}


@pytest.mark.parametrize(
    ("url", "env", "proxy"),
    [
        ("https://models.example/v1", {}, None),
        ("https://models.example/v1", PROXIES, "http://proxy:3128"),
        ("http://models.example/v1", PROXIES, None),
        ("http://models.example/v1", {"all_proxy": "proxy:1"}, "http://proxy:1"),
        ("https://127.0.0.1/v1", PROXIES, None),
        ("http://localhost:1/v1", {"HTTP_PROXY": "http://proxy"}, None),
        ("https://internal.example/v1", PROXIES, None),
        ("https://a.corp.example/v1", PROXIES, None),
        ("https://10.0.0.5/v1", PROXIES, None),
        ("https://notinternal.example/v1", PROXIES, "http://proxy:3128"),
        ("https://models.example/v1", {"HTTPS_PROXY": "http://proxy", "NO_PROXY": "*"}, None),
    ],
)
def test_proxies(url: str, env: dict[str, str], proxy: str | None) -> None:
    assert proxy_for(url, env) == proxy


def test_a_proxy_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="HTTPS_PROXY is not the address of an HTTP proxy"):
        proxy_for("https://models.example", {"HTTPS_PROXY": "socks5://proxy:1"})
