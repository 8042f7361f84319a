"""The gate: every HTTP request passes here before any route sees it.

It names the request, lets in the right hosts, origins, tokens and content types, and turns whatever escapes
a route into an error in the Anthropic envelope. Pure ASGI, one pass over the headers, nothing per chunk but
a test.

A browser page must not be able to spend the keys: names a DNS rebinding could use are refused by Host, other
origins by Origin and Sec-Fetch-Site, and no CORS header is ever sent.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import msgspec

from fcc import errors
from fcc.auth import Access, is_loopback
from fcc.dashboard.addresses import OPEN as DASHBOARD
from fcc.errors import HttpError
from fcc.log import Log

App = Callable[[Any, Any, Any], Awaitable[None]]

OPEN = frozenset({"/", "/api/hello", "/health"})
"""Paths that need no token, for GET and HEAD."""
METRICS = "/metrics"
"""Another one, if the policy says so."""

GUARDED = frozenset(
    {
        b"host",
        b"origin",
        b"sec-fetch-site",
        b"authorization",
        b"x-api-key",
        b"content-type",
        b"content-encoding",
    }
)
OWN_SITE = (b"same-origin", b"none")
"""What a browser says of a page of this server, and of an address that a person typed."""
CREDENTIALS = (b"authorization", b"x-api-key")


class Caller(msgspec.Struct):
    """Who asks: in `scope["fcc"]` for everything behind the gate."""

    request_id: str
    client: str = ""


class Gate:
    """ASGI middleware. `access` is replaced when the policy is."""

    def __init__(self, app: App, access: Access, log: Log) -> None:
        self.app = app
        self.access = access
        self.log = log

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        caller = Caller("req_" + os.urandom(12).hex())
        scope["fcc"] = caller
        name = (b"request-id", caller.request_id.encode())
        started = False

        def named(message: Any) -> Awaitable[None]:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message["headers"] = [*message.get("headers", ()), name]
            return send(message)

        try:
            caller.client = admit(scope, self.access)
            await self.app(scope, receive, named)
        except HttpError as error:
            self.log.refused(caller.request_id, scope["path"], error.status, error.message)
            wording = errors.wording_at(scope["path"])
            await errors.refuse(
                named, error.status, error.message, caller.request_id, error.headers, wording=wording
            )
        except Exception as error:
            self.log.crash(caller.request_id, scope["path"], error)
            if not started:
                await errors.refuse(named, 500, "internal error, see the log of fcc", caller.request_id)


def admit(scope: Any, access: Access) -> str:
    """Name of the client that may come in. Raises HttpError for everybody else."""
    seen = guarded(scope["headers"])
    own = scope.get("server") or ("", None)
    check_host(seen.get(b"host"), access, own[0], scope["http_version"])
    check_origin(seen)
    if scope["method"] == "OPTIONS":
        raise HttpError(403, "no other origin may ask, so there is nothing to ask beforehand")
    if access.weak and not is_loopback(own[0]):
        raise HttpError(
            403, "fcc serves a network only with a token of 16 characters or more: set ANTHROPIC_AUTH_TOKEN"
        )
    client = ""
    if not is_open(scope["path"], access) or scope["method"] not in ("GET", "HEAD"):
        client = check_token(seen, access)
    if scope["method"] == "POST":
        check_body_kind(seen)
    return client


def is_open(path: str, access: Access) -> bool:
    return path in OPEN or path in DASHBOARD or (access.public_metrics and path == METRICS)


def guarded(headers: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """The headers that decide. Raises HttpError when one of them comes twice: nobody can say which one
    counts.
    """
    seen: dict[bytes, bytes] = {}
    for name, value in headers:
        if name in GUARDED:
            if name in seen:
                raise HttpError(401 if name in CREDENTIALS else 400, f"two {name.decode()} headers")
            seen[name] = value
    return seen


def check_host(host: bytes | None, access: Access, own: str, version: str) -> None:
    """An address as Host is safe when it is the one connected to: rebinding needs a name."""
    if host is None:
        if version == "1.0":
            return
        raise HttpError(400, "no Host header")
    name, colon, port = host.rpartition(b":")
    if not colon or not port.isdigit():
        name = host
    name = name.lower()
    if name in access.hosts or name.strip(b"[]") == own.encode():
        return
    shown = errors.header_value(name.decode("latin-1")).decode()
    raise HttpError(400, f"unknown Host `{shown[:100]}`: name it in `[server] hosts` if it is this server")


def check_origin(seen: dict[bytes, bytes]) -> None:
    """Only pages of this very server may ask."""
    origin = seen.get(b"origin")
    if seen.get(b"sec-fetch-site", b"none").strip().lower() not in OWN_SITE:
        raise HttpError(403, "requests from other sites are refused")
    if origin is not None:
        scheme, _, place = origin.partition(b"://")
        if scheme in (b"http", b"https") and place == seen.get(b"host"):
            return
        raise HttpError(403, "requests from other origins are refused")


def check_token(seen: dict[bytes, bytes], access: Access) -> str:
    authorization, api_key = seen.get(b"authorization"), seen.get(b"x-api-key")
    client = access.client(authorization, api_key)
    if client is not None:
        return client
    if authorization is None and api_key is None:
        why = "no token: send `Authorization: Bearer` or `x-api-key` with the token that fcc shows at start"
    elif authorization is not None and api_key is not None:
        why = "Authorization and x-api-key must carry the same token, or only one of them must be sent"
    else:
        why = "this is not the token of fcc: it is ANTHROPIC_AUTH_TOKEN, or the one shown when fcc starts"
    raise HttpError(401, why, errors.NO_RETRY)


def check_body_kind(seen: dict[bytes, bytes]) -> None:
    """A form or plain text can be posted by any page; JSON cannot without a preflight, which is never
    granted.
    """
    kind = seen.get(b"content-type", b"application/json").partition(b";")[0].strip().lower()
    if kind != b"application/json":
        raise HttpError(415, "content-type must be application/json")
    if seen.get(b"content-encoding", b"identity").strip().lower() != b"identity":
        raise HttpError(415, "the body must not be compressed")
