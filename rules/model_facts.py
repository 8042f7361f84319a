"""What is known of a model: the facts of its preset, and what `[models."ID"]` of the file says otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from rules.catalogue import Catalogue
from rules.nodes import Compare, FactName, Span, Value
from rules.policy_types import GroupOf, Plan, Policy, Single, UsePlan
from rules.settings import ModelTable, Settings

NOWHERE = Span(0, 0)
Ability = Literal["images", "documents", "tools"]
ABILITIES: tuple[Ability, ...] = ("images", "documents", "tools")


class ModelFacts(msgspec.Struct, frozen=True):
    """Facts of one model; the defaults are those of a model nothing is known of."""

    context: int | None = None
    images: bool = True
    documents: bool = False
    tools: bool = True
    thinking: Literal["never", "switchable", "always"] = "switchable"


def facts_of(step: Single, settings: Settings, catalogue: Catalogue) -> ModelFacts:
    """The facts by which the engine decides whether a step can serve a request."""
    preset = catalogue.get(step.provider)
    known = preset.profile(step.model) if preset is not None else ModelFacts()
    said = settings.models.get(step.id, ModelTable())
    return ModelFacts(
        known.context if said.context is None else said.context,
        known.images if said.images is None else said.images,
        known.documents if said.documents is None else said.documents,
        known.tools if said.tools is None else said.tools,
        known.thinking if said.thinking is None else said.thinking,
    )


class Models:
    """The facts of models, looked up once for each."""

    def __init__(self, settings: Settings, catalogue: Catalogue) -> None:
        self.settings = settings
        self.catalogue = catalogue
        self._known: dict[str, ModelFacts] = {}

    def of(self, step: Single) -> ModelFacts:
        found = self._known.get(step.id)
        if found is None:
            found = self._known[step.id] = facts_of(step, self.settings, self.catalogue)
        return found

    def window(self, plan: Plan) -> int | None:
        """The largest window among the steps, in tokens; None when that of a step is not known."""
        sizes = [self.of(step).context if step.provider else None for step in steps(plan)]
        known = [size for size in sizes if size is not None]
        return max(known, default=None) if len(known) == len(sizes) else None

    def questions(self, policy: Policy) -> Iterator[Compare]:
        """The tests that the checks of models ask about, beside those of the routes."""
        yield from map(some, ABILITIES)
        for route in policy.routes:
            if isinstance(route.action, UsePlan) and route.offer is None:
                size = self.window(route.action.plan)
                if size is not None:
                    yield longer(size)


def steps(plan: Plan) -> Iterator[Single]:
    """The single models of a plan, members of groups included, in the order of the file."""
    for step in plan:
        if isinstance(step, GroupOf):
            for member in step.members:
                yield from steps(member)
        else:
            yield step


def some(ability: Ability) -> Compare:
    """The test for a request that has any: `images > 0`."""
    return Compare(FactName(ability, None, NOWHERE), ">", Value(0, "number", NOWHERE), NOWHERE)


def longer(tokens: int) -> Compare:
    """The test for a prompt above so many tokens."""
    return Compare(FactName("tokens", None, NOWHERE), ">", Value(tokens, "number", NOWHERE), NOWHERE)
