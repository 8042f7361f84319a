"""A provider as the engine sees it.

build(name, table, models, env, presets) ─▶ Provider ─ open(request, ask) ─▶ Exchange
                                              start: write, connect, send, head
                                              read:  bytes ─▶ reader ─▶ events
                                              aclose
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from msgspec.structs import replace
from yarl import URL

from providers.exchange import Ask, Exchange
from providers.failures import Failure
from providers.keys import Key
from providers.presets import Auth, LimitDefault, Preset
from providers.secrets import Scrubber, Secret
from providers.sessions import conversation
from providers.setup import Setup, Table, sendable, setup_of
from providers.transport import Call, Outgoing, Transport
from translators.profile import DEFAULT, Dialect, Profile
from translators.request import Request
from translators.wire import Target, WireRequest

__all__ = ["Ask", "Exchange", "Key", "Provider", "build"]

_PASSED_ON = frozenset({"anthropic-version", "anthropic-beta"})
"""Headers that a translator may add."""
_POLL_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
_HELD_URLS = 256
_HELD_PROFILES = 1_000
"""Clients may name any number of models."""


def build(
    name: str,
    table: Table | None,
    models: Mapping[str, object],
    env: Mapping[str, str],
    presets: Mapping[str, Preset],
) -> Provider:
    """The provider `name`; see `setup_of`. Raises nothing: what is missing shows in `missing`."""
    preset = presets.get(name)
    return Provider(setup_of(name, table, models, env, preset))


class Provider:
    """`keys` is empty when none can be used, and `missing` says what to do about it."""

    def __init__(self, setup: Setup) -> None:
        self.name = setup.name
        self.keys = setup.keys
        self.missing = setup.missing
        self.setup = setup
        self._scrubber = Scrubber([*(key.secret for key in setup.keys), *map(Secret, setup.own_headers)])
        self._transports: dict[str, Transport] = {}
        self._profiles: dict[str, Profile] = {}
        self._headers: dict[tuple[str, Dialect], dict[str, str]] = {}
        self._urls: dict[str, URL] = {}

    @property
    def limit(self) -> LimitDefault | None:
        """What the preset knows of the provider's own limit."""
        return self.setup.preset.limit if self.setup.preset is not None else None

    def same(self, other: Provider) -> bool:
        """Whether `other` would do in all things as this one does."""
        return self.setup == other.setup

    def profile(self, model: str) -> Profile:
        """What is known of a model: the user's word, else the preset's, else the defaults."""
        profile = self._profiles.get(model)
        if profile is None:
            setup = self.setup
            profile = setup.preset.profile(model) if setup.preset is not None else DEFAULT
            stated = dict(setup.models.get(model, {}))
            if setup.dialect is not None:
                stated.setdefault("dialect", setup.dialect)
            if len(self._profiles) >= _HELD_PROFILES:
                self._profiles.clear()
            profile = self._profiles[model] = replace(profile, **stated)
        return profile

    def open(self, request: Request, ask: Ask) -> Exchange:
        """An exchange that has not begun: nothing is written or sent yet."""
        return Exchange(self, request, ask)

    async def aclose(self) -> None:
        """Drops the connections."""
        for transport in self._transports.values():
            await transport.aclose()

    def target(self, request: Request, ask: Ask) -> Target:
        mode = self.setup.stream
        return Target(
            ask.model,
            self.profile(ask.model),
            stream=request.stream if mode == "as asked" else mode == "always",
            thinking=ask.thinking,
            effort=ask.effort,
            budget=ask.budget,
            without=ask.without,
        )

    def call(self, request: Request, wire: WireRequest, ask: Ask) -> Call:
        dialect = self.profile(ask.model).dialect
        headers = self._headers.get((ask.key.id, dialect))
        if headers is None:
            headers = self._headers[ask.key.id, dialect] = self._fixed_headers(ask.key, dialect)
        if wire.headers or self._session_header is not None:
            added = {
                name: text for name, text in wire.headers.items() if name in _PASSED_ON and sendable(text)
            }
            headers = {**added, **headers}
            if self._session_header is not None:
                headers[self._session_header] = conversation(request)
        outgoing = Outgoing(self._url(wire.path), headers, wire.body)
        return self._transport(ask.key).call(outgoing, connect=ask.connect, write=ask.write, fresh=ask.fresh)

    def poll(self, call: Call, ask: Ask) -> Call | None:
        """The call that asks for what a 202 promised; None when it promised nothing."""
        promised = call.headers.get("nvcf-reqid", "")
        if self.setup.poll is None or call.status != 202 or not _POLL_ID.fullmatch(promised):
            return None
        headers = self._headers[ask.key.id, self.profile(ask.model).dialect]
        outgoing = Outgoing(URL(self.setup.poll.replace("{id}", promised)), headers, None, "GET")
        return self._transport(ask.key).call(outgoing, connect=ask.connect, write=ask.write)

    def look(self, path: str, key: Key, *, connect: float = 5.0) -> Call:
        """A call that asks for what is below the base address, and nothing of a model."""
        setup = self.setup
        dialect = setup.dialect or (setup.preset.dialect if setup.preset is not None else DEFAULT.dialect)
        headers = self._fixed_headers(key, dialect)
        if dialect == "anthropic":
            headers = {"anthropic-version": "2023-06-01", **headers}
        return self._transport(key).call(
            Outgoing(self._url(path), headers, None, "GET"), connect=connect, write=5.0
        )

    def told(self, failure: Failure) -> Failure:
        """The failure, without this provider's keys in what it says."""
        failure.message = self._scrubber.scrub(failure.message)
        failure.args = (failure.message,)
        return failure

    @property
    def _session_header(self) -> str | None:
        return self.setup.preset.session_header if self.setup.preset is not None else None

    def _transport(self, key: Key) -> Transport:
        transport = self._transports.get(key.id)
        if transport is None:
            setup = self.setup
            transport = self._transports[key.id] = Transport(verify=setup.verify, proxy=setup.proxy)
        return transport

    def _fixed_headers(self, key: Key, dialect: Dialect) -> dict[str, str]:
        headers = {
            "content-type": "application/json",
            "accept": "application/json",
            "accept-encoding": "identity",
            "user-agent": user_agent(),
        }
        auth = self.setup.auth or _AUTH[dialect]
        if key.secret and auth != "none":
            value = key.secret.reveal()
            headers |= {"authorization": f"Bearer {value}"} if auth == "bearer" else {auth: value}
        return headers | {name.lower(): text for name, text in self.setup.headers.items()}

    def _url(self, path: str) -> URL:
        url = self._urls.get(path)
        if url is None:
            if len(self._urls) >= _HELD_URLS:
                self._urls.clear()
            url = self._urls[path] = URL(joined(self.setup.base_url, path))
        return url


_AUTH: dict[Dialect, Auth] = {
    "openai-chat": "bearer",
    "openai-responses": "bearer",
    "anthropic": "x-api-key",
    "gemini": "x-goog-api-key",
}


def joined(base: str, path: str) -> str:
    """The address of `path` below a base address, which may or may not have the version that the path begins with."""
    base = base.rstrip("/")
    first = "/" + path.lstrip("/").partition("/")[0]
    if base.endswith(first) and path.startswith(first + "/"):
        path = path[len(first) :]
    return base + path


@cache
def user_agent() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return f"fcc/{version('fcc')}"
    except PackageNotFoundError:
        return "fcc"
