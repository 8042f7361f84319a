"""Syntax tree to policy: names resolved, chains inlined, options pushed down to the single models.

Meant for documents without error-level findings, but total: what a finding already complains of (an unknown
name, a chain that loops) is left out of its plan rather than raised.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import TypeVar

from rules import nodes
from rules.nodes import Document, FactName, Is, Span, Value
from rules.policy_types import (
    GroupOf,
    LocalAnswer,
    Offered,
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
from rules.settings import Settings

REQUESTED = "requested"
NOTHING = StepOptions()
Statement = TypeVar("Statement", bound=nodes.Statement)


def env_models(env: Mapping[str, str], name: str) -> tuple[str, ...]:
    """The comma list in a variable, blanks trimmed, empty entries dropped; unset and empty are the same."""
    return tuple(entry for part in env.get(name, "").split(",") if (entry := part.strip()))


def resolve(document: Document, settings: Settings, env: Mapping[str, str]) -> Policy:
    """The policy a document means. `env` is what `env NAME` reads; of two statements of a name the first holds."""
    names = _Names(document, env)
    routes: list[PolicyRoute] = []
    offers: list[Offered] = []
    for statement in document.statements:
        if isinstance(statement, nodes.Route):
            action = names.action(statement.action)
            routes.append(PolicyRoute(statement.name.text, statement.condition, action, statement.span))
        elif isinstance(statement, nodes.Offer):
            for thing in names.things(statement):
                routes.extend(names.offer_route(thing, statement.span))
                offers.extend(names.offered(thing, statement))
    return Policy(
        routes=tuple(routes),
        chains={name: names.chain(name) for name in names.chains},
        aliases={name: model for name in names.aliases if (model := names.model(name))},
        health=_of(document, nodes.Health),
        limits=_of(document, nodes.Limit),
        offers=tuple(offers),
        expects=_of(document, nodes.Expect),
        settings=settings,
    )


def _of(document: Document, kind: type[Statement]) -> tuple[Statement, ...]:
    return tuple(statement for statement in document.statements if isinstance(statement, kind))


class _Names:
    """The aliases and chains of a document, and what they mean; each chain is resolved once."""

    def __init__(self, document: Document, env: Mapping[str, str]) -> None:
        self.env = env
        self.aliases: dict[str, nodes.Alias] = {}
        self.chains: dict[str, nodes.Chain] = {}
        for alias in _of(document, nodes.Alias):
            self.aliases.setdefault(alias.name.text, alias)
        for chain in _of(document, nodes.Chain):
            if chain.name.text not in self.aliases:
                self.chains.setdefault(chain.name.text, chain)
        self._plans: dict[str, Plan] = {}
        self._open: set[str] = set()

    def model(self, text: str) -> str | None:
        """`provider/model` for a model or an alias; None for anything else."""
        seen = set()
        while text in self.aliases and text not in seen:
            seen.add(text)
            text = self.aliases[text].model.text
        return text if "/" in text else None

    def chain(self, name: str) -> Plan:
        """The plan of a chain; empty where it loops."""
        if name not in self._plans:
            if name in self._open:
                return ()
            self._open.add(name)
            plan = self.sequence(self.chains[name].sequence)
            self._open.remove(name)
            self._plans[name] = plan
        return self._plans[name]

    def plan(self, text: str, place: Span, options: StepOptions = NOTHING) -> Plan:
        """The plan of a single reference under the options of its step."""
        if text == REQUESTED:
            return (Single("", "", options, place),)
        model = self.model(text)
        if model is not None:
            provider, _, name = model.partition("/")
            return (Single(provider, name, options, place),)
        if text in self.chains:
            return tuple(_under(step, options) for step in self.chain(text))
        return ()

    def sequence(self, sequence: nodes.Sequence) -> Plan:
        if sequence.variable is not None:
            listed = env_models(self.env, sequence.variable.text)
            if listed:
                options = _options(sequence.env_options)
                place = sequence.variable.span
                return tuple(one for text in listed for one in self.plan(text, place, options))
        return tuple(one for step in sequence.steps for one in self._step(step))

    def _step(self, step: nodes.Step) -> Plan:
        options = _options(step.options)
        if isinstance(step.target, nodes.Ref):
            return self.plan(step.target.text, step.target.span, options)
        found = [
            (member, self.plan(member.ref.text, member.ref.span, options)) for member in step.target.members
        ]
        known = [(member, plan) for member, plan in found if plan]
        if not known:
            return ()
        weights = tuple(member.weight or 0.0 for member, _ in known) if step.target.kind == "split" else ()
        afters = [member.after for member, _ in known if member.after is not None]
        members = tuple(plan for _, plan in known)
        after = afters[0] if afters else None
        return (GroupOf(step.target.kind, members, weights, after, options, step.target.span),)

    def action(self, action: nodes.Action) -> PolicyAction:
        if isinstance(action, nodes.AnswerLocally):
            return LocalAnswer()
        if isinstance(action, nodes.AnswerText):
            return TextAnswer(action.text)
        if isinstance(action, nodes.Refuse):
            return Refusal(action.status, action.reason)
        return UsePlan(self.sequence(action.sequence), self._named(action.sequence))

    def _named(self, sequence: nodes.Sequence) -> str | None:
        """The chain's name when the sequence is that chain and nothing else."""
        first = sequence.steps[0]
        alone = len(sequence.steps) == 1 and sequence.variable is None and not first.options.spans
        named = alone and isinstance(first.target, nodes.Ref) and first.target.text in self.chains
        return first.target.text if named and isinstance(first.target, nodes.Ref) else None

    def things(self, offer: nodes.Offer) -> tuple[nodes.Ref, ...]:
        if offer.variable is None:
            return offer.things
        place = offer.variable.span
        return tuple(nodes.Ref(text, place) for text in env_models(self.env, offer.variable.text))

    def _identity(self, thing: nodes.Ref) -> tuple[str, Plan] | None:
        """The plain id an offer is known by, and its plan; None for what is no model, alias or chain."""
        plan = self.plan(thing.text, thing.span)
        if thing.text == REQUESTED or not plan:
            return None
        return self.model(thing.text) or thing.text, plan

    def offer_route(self, thing: nodes.Ref, place: Span) -> list[PolicyRoute]:
        """The route an offer stands for: asking for the id takes the plan."""
        found = self._identity(thing)
        if found is None:
            return []
        name, plan = found
        fact = FactName("model", None, thing.span)
        test = Is(fact, Value(name, "glob", thing.span), thing.span)
        chain = thing.text if thing.text in self.chains else None
        return [PolicyRoute(f"offer {thing.text}", test, UsePlan(plan, chain), place, offer=name)]

    def offered(self, thing: nodes.Ref, offer: nodes.Offer) -> list[Offered]:
        """The entries of the model picker: one, or two with the variant that does not think."""
        found = self._identity(thing)
        if found is None:
            return []
        name, plan = found
        entries = []
        if offer.variants != "without":
            entries.append(Offered(name, offer.label, "client", plan))
        if offer.variants != "as is":
            entries.append(Offered(name, offer.label, "without", plan))
        return entries


def _options(options: nodes.Options) -> StepOptions:
    return StepOptions(
        thinking=None if options.thinking is None else options.thinking == "with",
        effort=options.effort,
        budget=options.budget,
        start=options.start,
        stall=options.stall,
        finish=options.finish,
        retry=options.retry,
        on=None if options.on is None else frozenset(word.text for word in options.on),
    )


def _under(step: Single | GroupOf, shared: StepOptions) -> Single | GroupOf:
    """A step of a chain under the options of the step that names the chain; its own win."""
    if shared == NOTHING:
        return step
    options = _merged(step.options, shared)
    if isinstance(step, Single):
        return replace(step, options=options)
    members = tuple(tuple(_under(one, shared) for one in member) for member in step.members)
    return replace(step, options=options, members=members)


def _merged(own: StepOptions, shared: StepOptions) -> StepOptions:
    thinks = ("thinking", "effort", "budget")
    missing = {}
    for field in fields(StepOptions):
        said = own.thinking if field.name in thinks else getattr(own, field.name)
        if said is None:
            missing[field.name] = getattr(shared, field.name)
    return replace(own, **missing)
