"""What makes a provider what it is: routes.toml over the preset over the defaults, keys and proxy from the environment.

Nothing is raised: a provider that cannot be used has no keys and says in `missing` what to do about it, so that one
wrong table does not keep the others from serving.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Protocol

import msgspec
from msgspec.structs import fields

from providers.addresses import objection
from providers.keys import Key, read_keys
from providers.presets import Auth, Preset, StreamMode
from providers.proxies import proxy_for
from providers.rows import Row, rows_of
from translators.profile import Dialect, Profile

_NAME = re.compile(r"[A-Za-z0-9_-]+")
_FACTS = tuple(one.name for one in fields(Profile))


class Table(Protocol):
    """`[providers.NAME]`, as `rules.settings.ProviderTable` declares it."""

    @property
    def dialect(self) -> Dialect | None: ...
    @property
    def base_url(self) -> str | None: ...
    @property
    def auth(self) -> Auth | None: ...
    @property
    def headers(self) -> Mapping[str, str] | None: ...
    @property
    def stream(self) -> StreamMode | None: ...
    @property
    def allow_http(self) -> bool: ...
    @property
    def verify(self) -> bool: ...
    @property
    def failures(self) -> tuple[Mapping[str, Any], ...]: ...
    @property
    def key(self) -> str | tuple[str, ...] | None: ...


class Setup(msgspec.Struct, frozen=True):
    """Everything that makes a provider what it is. Equal set-ups can share one provider across a reload."""

    name: str
    base_url: str = ""
    dialect: Dialect | None = None
    """The user's word for all models; None: as the preset says."""
    auth: Auth | None = None
    headers: Mapping[str, str] = msgspec.field(default_factory=dict)
    own_headers: tuple[str, ...] = ()
    """Values of the headers that the user's table adds: they may be secrets."""
    stream: StreamMode = "always"
    verify: bool = True
    proxy: str | None = None
    poll: str | None = None
    failures: tuple[Row, ...] = ()
    preset: Preset | None = None
    models: Mapping[str, Mapping[str, Any]] = msgspec.field(default_factory=dict)
    """Facts the user states, by the provider's own id of the model."""
    keys: tuple[Key, ...] = ()
    missing: str | None = None


def setup_of(
    name: str,
    table: Table | None,
    models: Mapping[str, object],
    env: Mapping[str, str],
    preset: Preset | None,
) -> Setup:
    """The set-up of the provider `name`.

    `table`: its table in routes.toml. `models`: the file's model tables, by `name/model` or by the model alone; a field
    that is None says nothing. `env`: where keys and proxies come from.
    """
    try:
        return _setup(name, table, models, env, preset)
    except ValueError as error:
        return Setup(name, preset=preset, missing=f"{name} cannot be used: {error}")


def _setup(
    name: str,
    table: Table | None,
    models: Mapping[str, object],
    env: Mapping[str, str],
    preset: Preset | None,
) -> Setup:
    own_url = table.base_url if table is not None else None
    base_url = own_url or (preset.base_url if preset is not None else None)
    if base_url is None:
        raise ValueError("it is no preset, and no table says its `base_url`")
    problem = objection(base_url, allow_http=table is not None and table.allow_http)
    if problem is not None:
        raise ValueError(problem)
    auth = (table.auth if table is not None else None) or (preset.auth if preset is not None else None)
    variables = preset.key_variables if preset is not None else ()
    written = "" if auth == "none" else table.key if table is not None else None
    keys, missing = read_keys(written, variables, env)
    stream = (table.stream if table is not None else None) or (
        preset.stream if preset is not None else "always"
    )
    return Setup(
        name,
        base_url=base_url,
        dialect=table.dialect if table is not None else None,
        auth=auth,
        headers=_headers(table, preset),
        own_headers=tuple((table.headers or {}).values()) if table is not None else (),
        stream=stream,
        verify=table is None or table.verify,
        proxy=proxy_for(base_url, env),
        poll=preset.poll if preset is not None and own_url is None else None,
        failures=(rows_of(table.failures) if table is not None else ())
        + (preset.failures if preset is not None else ()),
        preset=preset,
        models={model.removeprefix(f"{name}/"): _facts(facts) for model, facts in models.items()},
        keys=keys,
        missing=missing,
    )


def _headers(table: Table | None, preset: Preset | None) -> dict[str, str]:
    headers = dict(preset.headers) if preset is not None else {}
    if table is not None and table.headers is not None:
        headers |= table.headers
    for name, text in headers.items():
        if not sendable(text) or not _NAME.fullmatch(name):
            raise ValueError(
                f"the header {name!r} cannot be sent: it holds a line break or signs that headers have not"
            )
    return headers


def _facts(table: object) -> dict[str, Any]:
    """What a model table states: its fields that are not None."""
    return {name: value for name in _FACTS if (value := getattr(table, name, None)) is not None}


def sendable(text: str) -> bool:
    """Whether a header may have this value: one line of visible signs."""
    return text.isascii() and text.isprintable()
