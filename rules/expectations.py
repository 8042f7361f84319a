"""The `expect` statements of a policy, each put to the policy itself: which route takes its request, who is tried."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from functools import cached_property

import msgspec

from rules import given
from rules.catalogue import Catalogue
from rules.evaluate import Failing, deciding, first_failing, holds
from rules.given import GivenFacts
from rules.globs import bits
from rules.local import implied
from rules.model_facts import Models, steps
from rules.names import REQUESTED
from rules.nodes import Expect, Test
from rules.policy_types import Plan, Policy, PolicyRoute, UsePlan
from rules.rows import Compiled, compile_routes
from rules.simulate import USUAL_FAILURE, Simulated, World, tried
from rules.walk import tests


class Result(msgspec.Struct, frozen=True):
    """What became of one `expect`."""

    expect: Expect
    view: GivenFacts
    route: PolicyRoute | None
    """The route that takes the request; None: no route does."""
    tried: tuple[str, ...] | None
    """The models that would be asked, as `provider/model`; None when the route asks none."""
    wanted: tuple[str, ...] | None
    """Those the statement names; None when it names none."""
    blocking: Failing | None
    """Why the expected route did not take the request, when its own condition does not hold."""

    @property
    def right_route(self) -> bool:
        return self.route is not None and self.route.name == self.expect.route.text and not self.route.offer

    @property
    def holds(self) -> bool:
        return self.right_route and (self.wanted is None or self.wanted == self.tried)


class Expectations:
    """A policy, and the names its expectations use."""

    def __init__(self, policy: Policy, catalogue: Catalogue) -> None:
        self.policy = policy
        self.catalogue = catalogue
        self._models = Models(policy.settings, catalogue)
        self._aliases: dict[str, str] = {}
        for name, model in policy.aliases.items():
            self._aliases.setdefault(model, name)

    def results(self) -> list[Result]:
        return [self.result(expect) for expect in self.policy.expects]

    def result(self, expect: Expect) -> Result:
        view = given.from_nodes(expect.given)
        route = self._taken(view)
        named = self._named.get(expect.route.text, [])
        blocking = first_failing(named[0].condition, view) if named and route not in named else None
        asked = None
        if route is not None and isinstance(route.action, UsePlan):
            asked = tuple(tried(route.action.plan, self.world(view, self.states(expect, view))))
        wanted = None
        if expect.targets is not None:
            wanted = tuple(one for ref in expect.targets for one in self.models(ref.text, view))
        return Result(expect, view, route, asked, wanted, blocking)

    @cached_property
    def _compiled(self) -> Compiled:
        """One look-up for each fact, since thousands of expectations may be put to thousands of routes."""
        return compile_routes(self.policy.routes)

    @cached_property
    def _named(self) -> dict[str, list[PolicyRoute]]:
        found: dict[str, list[PolicyRoute]] = {}
        for route in self.policy.routes:
            if not route.offer:
                found.setdefault(route.name, []).append(route)
        return found

    def _taken(self, view: GivenFacts) -> PolicyRoute | None:
        """The first route whose condition holds."""
        compiled = self._compiled
        for box in bits(compiled.boxes_of(view)):
            route = compiled.routes[compiled.owner[box]]
            if not compiled.inexact >> box & 1 or holds(route.condition, view):
                return route
        return None

    def world(self, view: GivenFacts, states: Mapping[str, Simulated]) -> World:
        settings = self.policy.settings
        return World(
            view,
            self._models.of,
            states,
            lambda provider: provider in settings.providers or provider in self.catalogue,
            settings.defaults.attempts,
        )

    def states(self, expect: Expect, view: GivenFacts) -> dict[str, Simulated]:
        """Of a chain each of its models; of a model said twice the last holds."""
        found: dict[str, Simulated] = {}
        for one in expect.worlds:
            failure = USUAL_FAILURE if one.failure is None else one.failure.text
            for model in self.models(one.ref.text, view):
                found[model] = Simulated(one.state, failure)
        return found

    def models(self, text: str, view: GivenFacts) -> tuple[str, ...]:
        """What a reference comes to: a model, or the models of a chain in the order of the file."""
        if text == REQUESTED:
            return (view.model,)
        if text in self.policy.chains:
            return _once(self.policy.chains[text])
        return (self.policy.aliases.get(text, text),)

    def problem(self, result: Result) -> str | None:
        """What happened instead, in words; None when the expectation holds."""
        if result.holds:
            return None
        if not result.right_route:
            return f"{self._way(result)}, not to `{result.expect.route.text}`"
        if result.tried is None:
            return f"`{result.expect.route.text}` asks no model"
        return f"{self.sequence(result.tried)} would be tried, not {self.sequence(result.wanted or ())}"

    def _way(self, result: Result) -> str:
        if result.route is None:
            return "no route takes the request"
        return f"the request goes to `{result.route.name}`"

    def sequence(self, models: Iterable[str]) -> str:
        return ", ".join(map(self.called, models)) or "nobody"

    def called(self, model: str) -> str:
        """The short name of a model, where it has one."""
        return self._aliases.get(model, model)

    def unreached(self, results: list[Result]) -> list[PolicyRoute]:
        """Routes that take no request of any `expect`."""
        reached = {id(one.route) for one in results}
        return [one for one in self.policy.routes if not one.offer and id(one) not in reached]

    def undecided(self, results: list[Result]) -> list[tuple[PolicyRoute, Test]]:
        """Tests that decided nothing: whatever they had said, every request would have gone the same way."""
        decided: set[int] = set()
        place = {id(route): number for number, route in enumerate(self.policy.routes)}
        open_ = list(enumerate(self.policy.routes))
        """Routes with a test that decided nothing yet: soon there are few."""
        for result in results:
            last = len(place) if result.route is None else place[id(result.route)]
            looked = bisect_right(open_, last, key=lambda one: one[0])
            left = []
            for number, route in open_[:looked]:
                decided.update(map(id, deciding(route.condition, result.view)))
                if any(id(test) not in decided for test in tests(route.condition)):
                    left.append((number, route))
            open_[:looked] = left
        routes = [one for one in self.policy.routes if not one.offer]
        return [
            (one, test)
            for one in routes
            for test in tests(one.condition)
            if id(test) not in decided and not implied(test)
        ]


def _once(plan: Plan) -> tuple[str, ...]:
    return tuple(dict.fromkeys(step.id for step in steps(plan)))
