"""What a client speaks: how its request is read, its answer written, and its errors worded.

One object a dialect, so that the hot path has one shape for all of them. `at` finds the dialect of an address, also
for requests that are refused before anyone reads them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from fcc import errors
from translators.anthropic_request import read_request
from translators.anthropic_writer import MessageCollector, StreamWriter
from translators.events import Event
from translators.request import Request


class Writer(Protocol):
    """A streamed answer in the client's dialect."""

    def begin(self) -> bytes: ...
    def feed(self, events: list[Event]) -> bytes: ...
    def ping(self) -> bytes: ...


class Collector(Protocol):
    """The same answer as one document."""

    def feed(self, events: list[Event]) -> None: ...
    def message(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Dialect:
    read_request: Callable[[bytes, Mapping[str, str]], Request]
    """Raises translators.request.RequestError."""
    writer: Callable[..., Writer]
    """Takes the request, `message_id` and `input_estimate`."""
    collector: Callable[..., Collector]
    error: Callable[[str, str, str], bytes]
    """Type, message and request id → the body of an error."""
    error_event: Callable[[str, str, str], bytes]
    """The same within a stream, as its last piece."""


ANTHROPIC = Dialect(read_request, StreamWriter, MessageCollector, errors.envelope, errors.event)

MESSAGES = "/v1/messages"
PATHS: Mapping[str, Dialect] = {MESSAGES: ANTHROPIC}
"""Address → dialect, for every address that a run answers."""


def at(path: str) -> Dialect:
    """The dialect of an address; Anthropic's for those that have none of their own."""
    return PATHS.get(path, ANTHROPIC)
