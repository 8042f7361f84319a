"""Syntax tree to policy: names resolved, chains inlined, options pushed down to the single models.

Meant for documents without error-level findings, but total: what a finding already complains of (an unknown
name, a chain that loops or is too large) is left out of its plan rather than raised.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from rules import nodes
from rules.local import answerable
from rules.names import REQUESTED, Names, env_models, statements_of
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

NOTHING = StepOptions()


def resolve(document: Document, settings: Settings, env: Mapping[str, str]) -> Policy:
    """The policy a document means; `env` is what `env NAME` reads. Offers become routes at their place."""
    plans = Plans(Names(document, env))
    routes: list[PolicyRoute] = []
    offers: list[Offered] = []
    for statement in document.statements:
        if isinstance(statement, nodes.Route):
            action = plans.action(statement.action)
            condition = statement.condition
            if isinstance(action, LocalAnswer):
                condition = answerable(condition, statement.action.span)
            routes.append(PolicyRoute(statement.name.text, condition, action, statement.span))
        elif isinstance(statement, nodes.Offer):
            for thing in plans.things(statement):
                routes.extend(_offer_route(plans, thing, statement.span))
                offers.extend(_offered(plans, thing, statement))
    names = plans.names
    return Policy(
        routes=tuple(routes),
        chains=plans.chains,
        aliases={name: model for name in names.aliases if (model := names.model(name))},
        health=statements_of(document, nodes.Health),
        limits=statements_of(document, nodes.Limit),
        offers=tuple(offers),
        expects=statements_of(document, nodes.Expect),
        settings=settings,
    )


class Plans:
    """What references, sequences and actions come to. Chains come first, those they use before them."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self._resolved: dict[str, Plan] = {}
        for name in names.order:
            self._resolved[name] = self.sequence(names.chains[name].sequence)
        self.chains = {name: self._resolved[name] for name in names.chains}

    def of(self, text: str, place: Span, options: StepOptions = NOTHING) -> Plan:
        """The plan of one reference under the options of its step; empty for an unknown name."""
        if text == REQUESTED:
            return (Single("", "", options, place),)
        model = self.names.model(text)
        if model is not None:
            provider, _, name = model.partition("/")
            return (Single(provider, name, options, place),)
        return tuple(_under(step, options) for step in self._resolved.get(text, ()))

    def sequence(self, sequence: nodes.Sequence) -> Plan:
        if self.names.too_large(sequence):
            return ()
        listed = self.names.listed(sequence)
        if listed and sequence.variable is not None:
            options = _options(sequence.env_options)
            place = sequence.variable.span
            return tuple(one for text in listed for one in self.of(text, place, options))
        return tuple(one for step in sequence.steps for one in self._step(step))

    def _step(self, step: nodes.Step) -> Plan:
        options = _options(step.options)
        target = step.target
        if isinstance(target, nodes.Ref):
            return self.of(target.text, target.span, options)
        found = [(member, self.of(member.ref.text, member.ref.span, options)) for member in target.members]
        known = [(member, plan) for member, plan in found if plan]
        if not known:
            return ()
        weights = tuple(member.weight or 0.0 for member, _ in known) if target.kind == "split" else ()
        after = next((member.after for member, _ in known if member.after is not None), None)
        members = tuple(plan for _, plan in known)
        return (GroupOf(target.kind, members, weights, after, options, target.span),)

    def action(self, action: nodes.Action) -> PolicyAction:
        if isinstance(action, nodes.AnswerLocally):
            return LocalAnswer()
        if isinstance(action, nodes.AnswerText):
            return TextAnswer(action.text)
        if isinstance(action, nodes.Refuse):
            return Refusal(action.status, action.reason)
        return UsePlan(self.sequence(action.sequence), self._chain_alone(action.sequence))

    def _chain_alone(self, sequence: nodes.Sequence) -> str | None:
        """The chain's name when the sequence is that chain and nothing else."""
        first = sequence.steps[0]
        alone = len(sequence.steps) == 1 and sequence.variable is None and not first.options.spans
        text = first.target.text if alone and isinstance(first.target, nodes.Ref) else ""
        return text if text in self.names.chains else None

    def things(self, offer: nodes.Offer) -> tuple[nodes.Ref, ...]:
        """What an offer offers; `env NAME` is read here."""
        if offer.variable is None:
            return offer.things
        place = offer.variable.span
        return tuple(nodes.Ref(text, place) for text in env_models(self.names.env, offer.variable.text))

    def identity(self, thing: nodes.Ref) -> tuple[str, Plan] | None:
        """The plain id an offer is known by, and its plan; None for what is no model, alias or chain."""
        plan = self.of(thing.text, thing.span)
        if thing.text == REQUESTED or not plan:
            return None
        return self.names.model(thing.text) or thing.text, plan


def _offer_route(plans: Plans, thing: nodes.Ref, place: Span) -> list[PolicyRoute]:
    """Asking for the id takes the plan. Ids hold no wildcard, so an id is its own glob."""
    found = plans.identity(thing)
    if found is None:
        return []
    name, plan = found
    test = Is(FactName("model", None, thing.span), Value(name, "glob", thing.span), thing.span)
    chain = thing.text if thing.text in plans.names.chains else None
    return [PolicyRoute(f"offer {thing.text}", test, UsePlan(plan, chain), place, offer=name)]


def _offered(plans: Plans, thing: nodes.Ref, offer: nodes.Offer) -> list[Offered]:
    """The entries of the model picker: one, or two with the variant that does not think."""
    found = plans.identity(thing)
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
    if not options.spans:
        return NOTHING
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
    thinking = own if own.thinking is not None else shared
    return StepOptions(
        thinking=thinking.thinking,
        effort=thinking.effort,
        budget=thinking.budget,
        start=shared.start if own.start is None else own.start,
        stall=shared.stall if own.stall is None else own.stall,
        finish=shared.finish if own.finish is None else own.finish,
        retry=shared.retry if own.retry is None else own.retry,
        on=shared.on if own.on is None else own.on,
    )
