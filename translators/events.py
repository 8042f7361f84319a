"""Canonical events: what a model says, whichever dialect it said it in.

A reader turns upstream bytes into these, a writer turns these into client bytes. They carry no block indexes and no
message ids: numbering, opening and closing blocks is the writer's work, so that no reader can get the order wrong.
Names and meaning follow the Anthropic Messages API (docs.claude.com/en/api/messages-streaming).

A reader's output is, in order:
Start? (Text | Thinking | Signature | Redacted | Tool | Citation | Opaque | Break | Progress | Usage)*
then exactly one Finish or Fault, after which it yields nothing.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

StopReason = Literal[
    "end_turn",
    "max_tokens",
    "stop_sequence",
    "tool_use",
    "pause_turn",
    "refusal",
    "model_context_window_exceeded",
    "compaction",
]


class Usage(msgspec.Struct, gc=False):
    """Token counts so far. None: not reported (yet). `input` excludes cached tokens, `output` includes thinking."""

    input: int | None = None
    output: int | None = None
    cache_read: int | None = None
    cache_write: int | None = None
    thinking: int | None = None
    extra: dict[str, Any] | None = None
    """Fields of an Anthropic usage object that are passed on as they are (`server_tool_use`, `service_tier`, …)."""


class Start(msgspec.Struct, gc=False):
    """The upstream has begun to answer; not content."""

    usage: Usage | None = None


class Text(msgspec.Struct, gc=False):
    """A piece of visible text, never empty."""

    text: str


class Thinking(msgspec.Struct, gc=False):
    """A piece of thinking, never empty."""

    text: str


class Signature(msgspec.Struct, gc=False):
    """Signature of the thinking just said; closes that thinking block."""

    signature: str


class Redacted(msgspec.Struct, gc=False):
    """A whole redacted_thinking block."""

    data: str


class Tool(msgspec.Struct, gc=False):
    """A whole tool call. `input` is the text of one JSON object, checked; `id` is the upstream's, possibly empty."""

    id: str
    name: str
    input: str


class Citation(msgspec.Struct, gc=False):
    """A citation that belongs to the text block being said."""

    citation: dict[str, Any]


class Opaque(msgspec.Struct, gc=False):
    """A whole block that has no twin elsewhere (server tools and their results), as the final block object."""

    block: dict[str, Any]


class Break(msgspec.Struct, gc=False):
    """The block being said is over: what follows starts a new one, even of the same kind."""


class Progress(msgspec.Struct, gc=False):
    """The upstream is saying something that is held until it is whole (tool arguments).

    Not content and never written to a client, but a sign of life: `start within` and `stall after` heed it.
    """


class Finish(msgspec.Struct, gc=False):
    """The answer is complete."""

    reason: StopReason
    stop_sequence: str | None = None
    usage: Usage = msgspec.field(default_factory=Usage)
    details: dict[str, Any] | None = None
    """`stop_details` of a refusal."""


class Fault(msgspec.Struct, gc=False):
    """The answer failed. `kind` is a failure kind of `providers.failures`; `retry_after` in seconds."""

    kind: str
    message: str
    status: int | None = None
    type: str | None = None
    """The upstream's own error type or code, verbatim."""
    retry_after: float | None = None


Event = (
    Start
    | Text
    | Thinking
    | Signature
    | Redacted
    | Tool
    | Citation
    | Opaque
    | Break
    | Progress
    | Usage
    | Finish
    | Fault
)

CONTENT = (Text, Thinking, Redacted, Tool, Opaque)
"""The first of these commits the answer to its candidate."""
