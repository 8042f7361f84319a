"""The registry of dialects: the one door into the translators for everyone who speaks to an upstream."""

from __future__ import annotations

from typing import Protocol

from translators.events import Event
from translators.profile import Dialect
from translators.request import Request
from translators.wire import Target, WireRequest


class Reader(Protocol):
    """Upstream bytes in, canonical events out. Any split of the same bytes gives the same events.

    It recognises by itself whether it is fed SSE or one JSON document, whatever was asked for or announced. After
    `Finish` or `Fault` it yields nothing more. A Fault that the upstream itself reported has `kind` "" and carries
    status, type and message for `providers` to classify; structural ones say `malformed`, `empty` or `cut`.
    """

    def feed(self, data: bytes) -> list[Event]: ...

    def close(self) -> list[Event]:
        """The upstream's body has ended."""
        ...


class Speaker(Protocol):
    """A dialect towards an upstream: a module with these two functions."""

    def write_request(self, request: Request, target: Target) -> WireRequest: ...

    def reader(self, request: Request, target: Target, wire: WireRequest) -> Reader: ...


def speaker(dialect: Dialect) -> Speaker:
    """The module that speaks `dialect`. Raises KeyError for one that is not built."""
    from translators import anthropic, gemini, openai_chat, openai_responses

    return {
        "anthropic": anthropic,
        "openai-chat": openai_chat,
        "openai-responses": openai_responses,
        "gemini": gemini,
    }[dialect]
