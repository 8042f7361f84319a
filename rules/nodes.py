"""The syntax tree of the routes language: frozen values, each with the span it came from.

Nothing here knows how a node is read, checked or run. A span is a half-open range of character offsets into
the text of the whole TOML file, so every node can point at the file's own line and column. Times are seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Thinking = Literal["with", "without"]
Effort = Literal["none", "low", "medium", "high", "max"]
GroupKind = Literal["least-loaded", "rotate", "split", "race"]
Operator = Literal[">", ">=", "<", "<=", "="]


@dataclass(frozen=True, slots=True)
class Span:
    """Half-open range `[start, end)` of character offsets into the file."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Word:
    """A name, glob, quoted text or other single word, with the place it stands at."""

    text: str
    span: Span


# --- sequences: who is asked, in which order ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Options:
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


@dataclass(frozen=True, slots=True)
class Ref:
    """A model (`provider/model/id`), alias, chain, or the word `requested`."""

    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Member:
    """One member of a group; `weight` in percent (`split`), `after` in seconds (`race`)."""

    ref: Ref
    weight: float | None = None
    after: float | None = None


@dataclass(frozen=True, slots=True)
class Group:
    kind: GroupKind
    members: tuple[Member, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Step:
    target: Ref | Group
    options: Options
    span: Span


@dataclass(frozen=True, slots=True)
class Sequence:
    steps: tuple[Step, ...]
    span: Span
    variable: Word | None = None
    """`env NAME else …`: the steps hold what follows `else`."""
    env_options: Options = field(default_factory=Options)


# --- conditions -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FactName:
    """`tokens`, or `header` with `key` `x-tenant` for `header.x-tenant` (keys are lower case)."""

    name: str
    key: str | None
    span: Span


@dataclass(frozen=True, slots=True)
class Value:
    """A literal: a number (k and M resolved), minutes after midnight for a clock, a word, or a quoted glob."""

    value: float | str
    kind: Literal["number", "clock", "word", "glob"]
    span: Span


@dataclass(frozen=True, slots=True)
class Is:
    """`FACT is "glob"`, `FACT is word`."""

    fact: FactName
    value: Value
    span: Span


@dataclass(frozen=True, slots=True)
class In:
    """`FACT in (…, …)`."""

    fact: FactName
    values: tuple[Value, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Within:
    """`FACT in A..B`: from A up to, not including, B. A clock range may pass midnight."""

    fact: FactName
    low: Value
    high: Value
    span: Span


@dataclass(frozen=True, slots=True)
class Compare:
    fact: FactName
    operator: Operator
    value: Value
    span: Span


@dataclass(frozen=True, slots=True)
class Flag:
    """A bare flag such as `thinking`."""

    fact: FactName
    span: Span


@dataclass(frozen=True, slots=True)
class Not:
    item: Condition
    span: Span


@dataclass(frozen=True, slots=True)
class And:
    items: tuple[Condition, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Or:
    items: tuple[Condition, ...]
    span: Span


Test = Is | In | Within | Compare | Flag
Condition = Test | Not | And | Or

# --- actions --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Use:
    sequence: Sequence
    span: Span


@dataclass(frozen=True, slots=True)
class AnswerLocally:
    span: Span


@dataclass(frozen=True, slots=True)
class AnswerText:
    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Refuse:
    status: int
    reason: str
    span: Span


Action = Use | AnswerLocally | AnswerText | Refuse

# --- statements -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Alias:
    name: Word
    model: Ref
    span: Span


@dataclass(frozen=True, slots=True)
class Chain:
    name: Word
    sequence: Sequence
    span: Span


@dataclass(frozen=True, slots=True)
class Health:
    glob: Word
    failures: int
    window: float
    rest: float
    rest_up_to: float | None
    span: Span


@dataclass(frozen=True, slots=True)
class Limit:
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


@dataclass(frozen=True, slots=True)
class Offer:
    things: tuple[Ref, ...]
    variable: Word | None
    """`offer env NAME`: the comma list of models in that environment variable, `things` then being empty."""
    variants: Literal["as is", "with and without", "without"]
    label: str | None
    span: Span


@dataclass(frozen=True, slots=True)
class Route:
    name: Word
    condition: Condition | None
    action: Action
    span: Span


@dataclass(frozen=True, slots=True)
class Given:
    """One fact of an `expect`: `model "x"`, `tokens 130k`, `thinking`, `header.x-a "v"`."""

    fact: FactName
    value: Value | None
    """None: a bare flag, true."""
    span: Span


@dataclass(frozen=True, slots=True)
class World:
    """One simulated state of an `expect`: `minimax resting`, `coder limited`, `glm failing timeout`."""

    ref: Ref
    state: Literal["resting", "limited", "failing"]
    failure: Word | None
    span: Span


@dataclass(frozen=True, slots=True)
class Expect:
    route: Word
    given: tuple[Given, ...]
    worlds: tuple[World, ...]
    targets: tuple[Ref, ...] | None
    span: Span


Statement = Alias | Chain | Health | Limit | Offer | Route | Expect


@dataclass(frozen=True, slots=True)
class Document:
    """All statements of `rules`, in file order."""

    statements: tuple[Statement, ...]
