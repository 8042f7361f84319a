"""The facts a condition may ask about: each declared once, with type, doc, example and how it is read.

Every fact is total: it always has a value, so a test is true or false and never an error. Lint, router, `explain`
and the docs all read this one table. `read` takes a `RequestView`, which computes nothing before it is asked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, Protocol

import msgspec

Kind = Literal["text", "word", "number", "flag", "set", "header", "clock"]

TASKS = (
    "main",
    "subagent",
    "compact",
    "search",
    "title",
    "suggestion",
    "quota_probe",
    "model_probe",
    "prefix",
    "filepaths",
    "classifier",
)
EFFORTS = ("none", "low", "medium", "high", "max")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class RequestView(Protocol):
    """A request, seen as facts. `engine.facts.Facts` implements it lazily."""

    @property
    def model(self) -> str: ...
    @property
    def task(self) -> str: ...
    @property
    def tokens(self) -> int: ...
    @property
    def max_tokens(self) -> int: ...
    @property
    def turns(self) -> int: ...
    @property
    def tools(self) -> int: ...
    @property
    def images(self) -> int: ...
    @property
    def documents(self) -> int: ...
    @property
    def thinking(self) -> bool: ...
    @property
    def stream(self) -> bool: ...
    @property
    def effort(self) -> str: ...
    @property
    def tool(self) -> frozenset[str]: ...
    @property
    def session(self) -> str: ...
    @property
    def client(self) -> str: ...
    @property
    def agent(self) -> str: ...
    @property
    def minute(self) -> int: ...
    @property
    def day(self) -> str: ...
    def header(self, name: str) -> str: ...


class Fact(msgspec.Struct, frozen=True):
    name: str
    kind: Kind
    doc: str
    example: str
    read: Callable[[RequestView], Any]
    words: tuple[str, ...] = ()
    """The closed set of values of a `word`."""


FACTS: dict[str, Fact] = {
    fact.name: fact
    for fact in (
        Fact(
            "model",
            "text",
            "the model id the client asked for, without picker prefix and thinking suffix",
            'model is "*haiku*"',
            lambda r: r.model,
        ),
        Fact(
            "task",
            "word",
            "what kind of request this is, recognised from its shape",
            "task in (title, quota_probe)",
            lambda r: r.task,
            TASKS,
        ),
        Fact(
            "tokens",
            "number",
            "estimated prompt tokens, tools and images included",
            "tokens > 120k",
            lambda r: r.tokens,
        ),
        Fact(
            "max_tokens",
            "number",
            "longest answer the client allows, in tokens",
            "max_tokens <= 1024",
            lambda r: r.max_tokens,
        ),
        Fact("turns", "number", "messages in the conversation", "turns > 100", lambda r: r.turns),
        Fact("tools", "number", "tools offered to the model", "tools = 0", lambda r: r.tools),
        Fact("images", "number", "images in the conversation", "images > 0", lambda r: r.images),
        Fact("documents", "number", "documents in the conversation", "documents > 0", lambda r: r.documents),
        Fact("thinking", "flag", "the client asked for thinking", "not thinking", lambda r: r.thinking),
        Fact("stream", "flag", "the client asked for a stream", "stream", lambda r: r.stream),
        Fact(
            "effort",
            "word",
            "how hard the client wants the model to think; none when it did not say",
            "effort in (high, max)",
            lambda r: r.effort,
            EFFORTS,
        ),
        Fact("tool", "set", "names of the tools offered", 'tool is "WebSearch"', lambda r: r.tool),
        Fact("session", "text", "session id", 'session is "0f3a*"', lambda r: r.session),
        Fact(
            "client", "text", "name of the key that authenticated", 'client is "laptop"', lambda r: r.client
        ),
        Fact("agent", "text", "user agent of the client", 'agent is "claude-cli/*"', lambda r: r.agent),
        Fact(
            "header",
            "header",
            "a request header, empty when absent",
            'header.x-team is "red"',
            lambda r: r.header,
        ),
        Fact(
            "time",
            "clock",
            "local time, in minutes after midnight",
            "time in 22:00..06:00",
            lambda r: r.minute,
        ),
        Fact("day", "word", "local day of the week", "day in (sat, sun)", lambda r: r.day, DAYS),
    )
}
