"""A checked policy: names resolved, ready to be compiled and run. Plain frozen values, no behaviour.

`Policy` is what `rules.policy.load` hands to the engine. A *plan* is a resolved sequence: chains are inlined,
aliases replaced, options that a sequence sets for all its steps pushed down onto the steps. Times are seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from rules.nodes import Condition, Effort, Expect, GroupKind, Health, Limit, Span
from rules.settings import Settings


class StepOptions(msgspec.Struct, frozen=True):
    """Options of one step. None means the default of the runtime applies."""

    thinking: bool | None = None
    effort: Effort | None = None
    budget: int | None = None
    start: float | None = None
    stall: float | None = None
    finish: float | None = None
    retry: int | None = None
    on: frozenset[str] | None = None
    """Failure kinds for which this step is a fallback; None: for all."""


class Single(msgspec.Struct, frozen=True):
    """One model. `provider` and `model` are empty for `requested`, filled in from the request."""

    provider: str
    model: str
    options: StepOptions
    span: Span

    @property
    def id(self) -> str:
        return f"{self.provider}/{self.model}" if self.provider else "requested"


class GroupOf(msgspec.Struct, frozen=True):
    """Members asked in an order decided at run time; each member is itself a plan (a chain may be a member)."""

    kind: GroupKind
    members: tuple[Plan, ...]
    weights: tuple[float, ...]
    """Percent per member, for `split`; empty otherwise."""
    after: float | None
    """Seconds before the next member of a `race` is asked as well."""
    options: StepOptions
    span: Span


Plan = tuple[Single | GroupOf, ...]


class UsePlan(msgspec.Struct, frozen=True):
    plan: Plan
    chain: str | None
    """Name of the chain, when the action was `use NAME` alone."""


class LocalAnswer(msgspec.Struct, frozen=True):
    pass


class TextAnswer(msgspec.Struct, frozen=True):
    text: str


class Refusal(msgspec.Struct, frozen=True):
    status: int
    reason: str


PolicyAction = UsePlan | LocalAnswer | TextAnswer | Refusal


class PolicyRoute(msgspec.Struct, frozen=True):
    """A route, or an offer read as a route at its own place in the file (then `offer` is set)."""

    name: str
    condition: Condition | None
    """As it is written, and what its action asks for: see `rules.local`."""
    action: PolicyAction
    span: Span
    offer: str | None = None
    """The plain id (`zen/minimax-m2.5-free`, or a chain's name) that an offer makes routable."""


class Offered(msgspec.Struct, frozen=True):
    """One entry of the model picker. `id` is plain: `provider/model` or a chain's name; the server dresses it."""

    id: str
    label: str | None
    thinking: Literal["client", "without"]
    """`without`: the entry is the no-thinking variant."""
    plan: Plan


class Policy(msgspec.Struct, frozen=True):
    routes: tuple[PolicyRoute, ...]
    """In file order; the first whose condition holds takes the request."""
    chains: Mapping[str, Plan]
    aliases: Mapping[str, str]
    health: tuple[Health, ...]
    limits: tuple[Limit, ...]
    offers: tuple[Offered, ...]
    expects: tuple[Expect, ...]
    settings: Settings
