"""The TOML tables of routes.toml, each key declared once with type, default and doc.

The dataclass fields are the declaration: lint, the JSON schema, the docs and the running server read them.
A field's `doc` is in its metadata; `seconds` fields accept a number of seconds or a duration such as `"30s"`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


def key(default: Any, doc: str, **extra: Any) -> Any:
    """A documented field. `seconds=True`: a duration; `share=True`: a percentage such as `"20%"`;
    `least`, `most`: bounds of a number; `env=True`: `"env:NAME"` is read from the environment;
    `secret=True`: it has to be."""
    if callable(default):
        return field(default_factory=default, metadata={"doc": doc, **extra})
    return field(default=default, metadata={"doc": doc, **extra})


@dataclass(frozen=True, slots=True)
class Server:
    """`[server]`: where fcc listens and whom it lets in."""

    host: str = key("127.0.0.1", "address to listen on")
    port: int = key(8082, "port to listen on; 0 takes a free one", least=0, most=65535)
    token: str | None = key(
        None,
        'what clients must send, as "env:NAME"; default: ANTHROPIC_AUTH_TOKEN, else one made at first start',
        env=True,
        secret=True,
    )
    hosts: tuple[str, ...] = key((), "names besides the loopback names that a Host header may carry")
    public_metrics: bool = key(False, "serve /metrics without a token")


@dataclass(frozen=True, slots=True)
class Client:
    """`[clients.NAME]`: one more token, and the name the fact `client` has when it is used."""

    token: str = key("", 'the token, as "env:NAME"', env=True, secret=True)


@dataclass(frozen=True, slots=True)
class ProviderTable:
    """`[providers.NAME]`: a provider of one's own, or changes to a preset of that name. None: as it says."""

    dialect: Literal["openai-chat", "anthropic", "openai-responses", "gemini"] | None = key(
        None, "wire dialect the endpoint speaks"
    )
    base_url: str | None = key(None, "address of the endpoint, up to and including its version part")
    auth: Literal["bearer", "x-api-key", "x-goog-api-key", "none"] | None = key(
        None, "header that carries the key"
    )
    headers: Mapping[str, str] | None = key(None, "headers to add to every request")
    stream: Literal["always", "as asked", "never"] | None = key(
        None, "whether upstream is asked for a stream: always, when the client asked for one, or never"
    )
    allow_http: bool = key(False, "allow http:// to a host that is not loopback")
    verify: bool = key(True, "check the TLS certificate")
    failures: tuple[Mapping[str, Any], ...] = key(
        (), 'rows that name a failure: { status = 400, text = "DEGRADED", kind = "overloaded" }'
    )
    # Last, because the field hides the function `key` from the lines below it.
    key: str | tuple[str, ...] | None = key(
        None,
        'key as "env:NAME", or a list of them, used in turn; "" sends no key',
        env=True,
        secret=True,
    )


@dataclass(frozen=True, slots=True)
class ModelTable:
    """`[models."provider/model"]`: facts about a model. None: as the preset says, else the default."""

    context: int | None = key(None, "window in tokens; unknown: no check", least=1)
    output: int | None = key(None, "longest answer in tokens; max_tokens is clamped to it", least=1)
    images: bool | None = key(None, "can see images; default true")
    documents: bool | None = key(None, "can read PDF documents; default false")
    tools: bool | None = key(None, "can call tools; default true")
    thinking: Literal["never", "switchable", "always"] | None = key(
        None, "whether the model thinks before it answers; default switchable"
    )
    thinking_switch: (
        Literal[
            "none",
            "template",
            "template-thinking",
            "template-enable",
            "effort",
            "reasoning",
            "type",
            "system-line",
            "budget",
            "adaptive",
        ]
        | None
    ) = key(None, "how thinking is switched; none: it cannot be")
    replay: Literal["drop", "reasoning_content", "reasoning", "think-tags"] | None = key(
        None, "how earlier thinking is sent back; default drop"
    )
    continues: bool | None = key(None, "can go on from a partial answer; default false")
    dialect: Literal["openai-chat", "anthropic", "openai-responses", "gemini"] | None = key(
        None, "dialect for this model, where it differs from the provider's"
    )
    first_party: bool | None = key(
        None, "is Anthropic's own API or hands through to it, signatures and betas included; default false"
    )
    extra: Mapping[str, Any] | None = key(None, "fields to add to the request body")
    drop: tuple[str, ...] | None = key(None, "fields to leave out of the request body")
    price_in: float | None = key(None, "price of a million prompt tokens", least=0)
    price_out: float | None = key(None, "price of a million answer tokens", least=0)


@dataclass(frozen=True, slots=True)
class Defaults:
    """`[defaults]`: the clocks, and what holds when a step says nothing."""

    connect: float = key(5.0, "connect, TLS included", seconds=True)
    write: float = key(30.0, "sending the request", seconds=True)
    start: float = key(30.0, "headers and first content, while another candidate is left", seconds=True)
    start_last: float = key(120.0, "headers and first content, for the last candidate", seconds=True)
    stall_before: float = key(60.0, "silence before content", seconds=True)
    stall: float = key(120.0, "silence after content", seconds=True)
    finish: float = key(600.0, "the whole answer", seconds=True)
    hold: float = key(10.0, "how long the response head is held back", seconds=True)
    ping: float = key(10.0, "silence towards the client before a ping", seconds=True)
    wait: float = key(10.0, "longest wait when the whole chain is blocked", seconds=True)
    attempts: int = key(4, "most attempts a request may take", least=1)
    retry: int = key(1, "tries on the same target after a 5xx or a reset", least=0)
    thinking: bool | str = key(True, 'false switches thinking off everywhere; "env:NAME" reads it', env=True)
    rescue: bool = key(True, "go on with another candidate after a cut")


@dataclass(frozen=True, slots=True)
class Reload:
    """`[reload]`: how the running server follows the file."""

    watch: bool = key(True, "follow the file while serving")
    guard: float | None = key(
        None, "refuse a file under which more than this share of recent traffic would move", share=True
    )


@dataclass(frozen=True, slots=True)
class State:
    """`[state]`: where limits and health are shared between processes."""

    redis: str | None = key(None, 'Redis address, as "env:REDIS_URL"', env=True)
    limits_per_worker: bool = key(
        False, "let several workers serve without Redis, each with every limit of its own"
    )


@dataclass(frozen=True, slots=True)
class Ledger:
    """`[ledger]`: where sessions and decisions are kept."""

    path: str | None = key(None, "SQLite file; default: in the user's data folder")
    days: int = key(30, "how long rows are kept", least=1)


@dataclass(frozen=True, slots=True)
class Settings:
    """All tables of the file."""

    server: Server = field(default_factory=Server)
    clients: Mapping[str, Client] = field(default_factory=dict)
    providers: Mapping[str, ProviderTable] = field(default_factory=dict)
    models: Mapping[str, ModelTable] = field(default_factory=dict)
    defaults: Defaults = field(default_factory=Defaults)
    reload: Reload = field(default_factory=Reload)
    state: State = field(default_factory=State)
    ledger: Ledger = field(default_factory=Ledger)
