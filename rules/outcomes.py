"""What becomes of a request under each route of a policy, as plain data that can be compared.

Two outcomes are the same when nothing that happens to a request tells them apart: who is asked, in which order and
with which options, when each of them rests and how fast it may be asked. Names of routes, chains and aliases are kept
for people and take no part in it.

`requested` stands for the model the client named, so what applies to it depends on that name. A route with such a step
is several cases, one for each pair of `health` and `limit` statements that may be the first to match.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import msgspec
from msgspec.structs import replace

from rules.globs import matches
from rules.literals import quote
from rules.model_facts import NOWHERE, steps
from rules.nodes import And, Condition, FactName, Health, Is, Limit, Value
from rules.policy_types import (
    GroupOf,
    LocalAnswer,
    Plan,
    Policy,
    PolicyAction,
    PolicyRoute,
    Refusal,
    Single,
    StepOptions,
    TextAnswer,
    UsePlan,
)
from rules.settings import Defaults


class Case(msgspec.Struct, frozen=True, eq=False, dict=True):
    """A route, or the part of one in which the same statements apply to `requested`; or that no route takes it."""

    name: str | None
    """As it is shown; an offer by the id it offers. None: no route."""
    route: PolicyRoute
    """Its condition is that of the case."""
    action: str | None
    chain: tuple[Mapping[str, Any], ...]
    offer: bool = False

    @cached_property
    def outcome(self) -> dict[str, Any]:
        """`{"route", "action", "chain"}`."""
        return {"route": self.name, "action": self.action, "chain": list(self.chain)}

    @cached_property
    def key(self) -> str:
        """Equal for equal outcomes, whatever the names."""
        said = None if isinstance(self.route.action, UsePlan) else self.action
        return json.dumps([said, self.chain], sort_keys=True)

    @cached_property
    def where(self) -> str:
        """Equal when the same models are asked in the same order, or the same is answered without one."""
        said = None if isinstance(self.route.action, UsePlan) else self.action
        return json.dumps([said, [_target(step) for step in self.chain]])


def cases(policy: Policy, *, defaults: bool = True) -> tuple[Case, ...]:
    """Every case in the order in which they are tried; the last one takes what no route takes.

    With `defaults` an option that says what `[defaults]` says is left out: it changes nothing.
    """
    known = policy.settings.defaults if defaults else None
    found = [case for route in policy.routes for case in _of(route, policy, known)]
    nothing = PolicyRoute("", None, TextAnswer(""), NOWHERE)
    return (*found, Case(None, nothing, None, ()))


def action_text(action: PolicyAction) -> str:
    """The action as it would be written."""
    match action:
        case LocalAnswer():
            return "answer locally"
        case TextAnswer():
            return f"answer {quote(action.text)}"
        case Refusal():
            return f"refuse {action.status} {quote(action.reason)}"
        case UsePlan():
            return f"use {action.chain or ' then '.join(_names(action.plan))}"


def _names(plan: Plan) -> Iterator[str]:
    for step in plan:
        if isinstance(step, Single):
            yield step.id
        else:
            members = ", ".join(" then ".join(one.id for one in steps(member)) for member in step.members)
            yield f"{step.kind} ({members})"


# --- cases --------------------------------------------------------------------------------------------------------


def _of(route: PolicyRoute, policy: Policy, defaults: Defaults | None) -> Iterator[Case]:
    name = route.name if route.offer is None else f"offer {route.offer}"
    written = action_text(route.action)
    if not isinstance(route.action, UsePlan):
        yield Case(name, route, written, (), route.offer is not None)
        return
    plan = route.action.plan
    open_ = any(not step.provider for step in steps(plan))
    for health, limit in _pairs(policy) if open_ else [(None, None)]:
        shape = _Shape(policy, defaults, health, limit)
        condition = _narrowed(route.condition, health, limit)
        yield Case(
            name,
            replace(route, condition=condition),
            written,
            shape.plan(plan),
            route.offer is not None,
        )


def _pairs(policy: Policy) -> Iterator[tuple[Health | None, Limit | None]]:
    """The statements that may apply to a model nothing is known of, in the order in which the first match wins."""
    for health in _till_all(policy.health):
        for limit in _till_all(policy.limits):
            yield health, limit


def _till_all(statements: Sequence[Any]) -> list[Any]:
    """None at the end, for models that none of them names; nothing comes after `*`."""
    found: list[Any] = []
    for one in statements:
        found.append(one)
        if one.glob.text == "*":
            return found
    return [*found, None]


def _narrowed(condition: Condition | None, *statements: Health | Limit | None) -> Condition | None:
    named = [one.glob.text for one in statements if one is not None and one.glob.text != "*"]
    fact = FactName("model", None, NOWHERE)
    items = [Is(fact, Value(glob, "glob", NOWHERE), NOWHERE) for glob in dict.fromkeys(named)]
    parts = ([] if condition is None else [condition]) + items
    return And(tuple(parts), NOWHERE) if len(parts) > 1 else parts[0] if parts else None


# --- plans --------------------------------------------------------------------------------------------------------


class _Shape(msgspec.Struct, frozen=True):
    """How the steps of one case look. `health` and `limit` are those of `requested`."""

    policy: Policy
    defaults: Defaults | None
    health: Health | None
    limit: Limit | None

    def plan(self, plan: Plan) -> tuple[dict[str, Any], ...]:
        return tuple(self._step(step) for step in plan)

    def _step(self, step: Single | GroupOf) -> dict[str, Any]:
        if isinstance(step, GroupOf):
            return {
                "group": step.kind,
                "members": [list(self.plan(member)) for member in step.members],
                "weights": list(step.weights),
                "after": step.after,
            }
        health, limit = self.health, self.limit
        if step.provider:
            health = next((one for one in self.policy.health if matches(one.glob.text, step.id)), None)
            limit = next((one for one in self.policy.limits if matches(one.glob.text, step.id)), None)
        return {
            "target": step.id,
            "thinking": thinking_text(step.options),
            "options": _said(step.options, self.defaults),
            "health": None if health is None else _health(health),
            "limit": None if limit is None else _limit(limit),
        }


def thinking_text(options: StepOptions) -> str:
    """`client`: as the client asks; else what the step says, `with` (and how much) or `without`."""
    if options.thinking is None:
        return "client"
    if not options.thinking:
        return "without"
    much = options.effort or options.budget
    return f"with {much}" if much else "with"


def _said(options: StepOptions, defaults: Defaults | None) -> dict[str, Any]:
    """Options that are set; `retry` and `finish` only where they differ from the default."""
    found: dict[str, Any] = {}
    for name in ("start", "stall", "finish", "retry"):
        value = getattr(options, name)
        usual = None if defaults is None or name in ("start", "stall") else getattr(defaults, name)
        if value is not None and value != usual:
            found[name] = value
    if options.on is not None:
        found["on"] = sorted(options.on)
    return found


def _health(one: Health) -> dict[str, Any]:
    return {
        "failures": one.failures,
        "window": one.window,
        "rest": one.rest,
        "rest_up_to": one.rest_up_to,
    }


def _limit(one: Limit) -> dict[str, Any]:
    """`shared` names the bucket that several models have in common."""
    return {
        "count": one.count,
        "per": one.per if one.count is not None else None,
        "counts": one.counts,
        "at_once": one.at_once,
        "wait": one.wait,
        "for_each": one.for_each,
        "shared": None if one.each else one.glob.text,
    }


def _target(step: Mapping[str, Any]) -> Any:
    if "target" in step:
        return step["target"]
    return [step["group"], [[_target(one) for one in member] for member in step["members"]]]
