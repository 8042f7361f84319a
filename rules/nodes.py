"""The syntax tree of the routes language: frozen values, each with the span it came from.

Nothing here knows how a node is read, checked or run. A span is a half-open range of character offsets into
the text of the whole TOML file, so every node can point at the file's own line and column. Times are seconds.
"""

from __future__ import annotations

from typing import Literal

import msgspec

Thinking = Literal["with", "without"]
Effort = Literal["none", "low", "medium", "high", "max"]
GroupKind = Literal["least-loaded", "rotate", "split", "race"]
Operator = Literal[">", ">=", "<", "<=", "="]


class Span(msgspec.Struct, frozen=True):
    """Half-open range `[start, end)` of character offsets into the file."""

    start: int
    end: int


class Word(msgspec.Struct, frozen=True):
    """A name, glob, quoted text or other single word, with the place it stands at."""

    text: str
    span: Span


# --- sequences: who is asked, in which order ------------------------------------------------------------------


class Options(msgspec.Struct, frozen=True):
    """What may follow a step after a comma, or a whole sequence. None: not said."""

    thinking: Thinking | None = None
    effort: Effort | None = None
    budget: int | None = None
    """Thinking budget in tokens (`with thinking 8k`)."""
    start: float | None = None
    stall: float | None = None
    finish: float | None = None
    retry: int | None = None
    on: tuple[Word, ...] | None = None
    spans: tuple[tuple[str, Span], ...] = ()
    """Where each option that was said stands, by field name."""


class Ref(msgspec.Struct, frozen=True):
    """A model (`provider/model/id`), alias, chain, or the word `requested`."""

    text: str
    span: Span


class Member(msgspec.Struct, frozen=True):
    """One member of a group; `weight` in percent (`split`), `after` in seconds (`race`)."""

    ref: Ref
    weight: float | None = None
    after: float | None = None


class Group(msgspec.Struct, frozen=True):
    kind: GroupKind
    members: tuple[Member, ...]
    span: Span


class Step(msgspec.Struct, frozen=True):
    target: Ref | Group
    options: Options
    span: Span


class Sequence(msgspec.Struct, frozen=True):
    steps: tuple[Step, ...]
    span: Span
    variable: Word | None = None
    """`env NAME else …`: the steps hold what follows `else`."""
    env_options: Options = msgspec.field(default_factory=Options)


# --- conditions -----------------------------------------------------------------------------------------------


class FactName(msgspec.Struct, frozen=True):
    """`tokens`, or `header` with `key` `x-tenant` for `header.x-tenant` (keys are lower case)."""

    name: str
    key: str | None
    span: Span


class Value(msgspec.Struct, frozen=True):
    """A literal: a number (k and M resolved), minutes after midnight for a clock, a word, or a quoted glob."""

    value: float | str
    kind: Literal["number", "clock", "word", "glob"]
    span: Span


class Is(msgspec.Struct, frozen=True):
    """`FACT is "glob"`, `FACT is word`."""

    fact: FactName
    value: Value
    span: Span


class In(msgspec.Struct, frozen=True):
    """`FACT in (…, …)`."""

    fact: FactName
    values: tuple[Value, ...]
    span: Span


class Within(msgspec.Struct, frozen=True):
    """`FACT in A..B`: from A up to, not including, B. A clock range may pass midnight."""

    fact: FactName
    low: Value
    high: Value
    span: Span


class Compare(msgspec.Struct, frozen=True):
    fact: FactName
    operator: Operator
    value: Value
    span: Span


class Flag(msgspec.Struct, frozen=True):
    """A bare flag such as `thinking`."""

    fact: FactName
    span: Span


class Not(msgspec.Struct, frozen=True):
    item: Condition
    span: Span


class And(msgspec.Struct, frozen=True):
    items: tuple[Condition, ...]
    span: Span


class Or(msgspec.Struct, frozen=True):
    items: tuple[Condition, ...]
    span: Span


Test = Is | In | Within | Compare | Flag
Condition = Test | Not | And | Or

# --- actions --------------------------------------------------------------------------------------------------


class Use(msgspec.Struct, frozen=True):
    sequence: Sequence
    span: Span


class AnswerLocally(msgspec.Struct, frozen=True):
    span: Span


class AnswerText(msgspec.Struct, frozen=True):
    text: str
    span: Span


class Refuse(msgspec.Struct, frozen=True):
    status: int
    reason: str
    span: Span


Action = Use | AnswerLocally | AnswerText | Refuse

# --- statements -----------------------------------------------------------------------------------------------


class Alias(msgspec.Struct, frozen=True):
    name: Word
    model: Ref
    span: Span


class Chain(msgspec.Struct, frozen=True):
    name: Word
    sequence: Sequence
    span: Span


class Health(msgspec.Struct, frozen=True):
    glob: Word
    failures: int
    window: float
    rest: float
    rest_up_to: float | None
    span: Span


class Limit(msgspec.Struct, frozen=True):
    glob: Word
    count: int | None
    """None: only a concurrency cap."""
    per: float | None
    """Length of the sliding window in seconds."""
    counts: Literal["requests", "tokens"]
    each: bool
    for_each: Literal["session", "client"] | None
    at_once: int | None
    wait: float | None
    span: Span


class Offer(msgspec.Struct, frozen=True):
    things: tuple[Ref, ...]
    variable: Word | None
    """`offer env NAME`: the comma list of models in that environment variable, `things` then being empty."""
    variants: Literal["as is", "with and without", "without"]
    label: str | None
    span: Span


class Route(msgspec.Struct, frozen=True):
    name: Word
    condition: Condition | None
    action: Action
    span: Span


class Given(msgspec.Struct, frozen=True):
    """One fact of an `expect`: `model "x"`, `tokens 130k`, `thinking`, `header.x-a "v"`."""

    fact: FactName
    value: Value | None
    """None: a bare flag, true."""
    span: Span


class World(msgspec.Struct, frozen=True):
    """One simulated state of an `expect`: `minimax resting`, `coder limited`, `glm failing timeout`."""

    ref: Ref
    state: Literal["resting", "limited", "failing"]
    failure: Word | None
    span: Span


class Expect(msgspec.Struct, frozen=True):
    route: Word
    given: tuple[Given, ...]
    worlds: tuple[World, ...]
    targets: tuple[Ref, ...] | None
    span: Span


Statement = Alias | Chain | Health | Limit | Offer | Route | Expect


class Document(msgspec.Struct, frozen=True):
    """All statements of `rules`, in file order."""

    statements: tuple[Statement, ...]
