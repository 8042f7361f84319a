"""A decision explained: the route that takes a request, those passed over, and the models that would be asked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from engine.router import Router
from rules.catalogue import Catalogue
from rules.evaluate import plain, written
from rules.facts import RequestView
from rules.given import GivenError
from rules.lint.fcc207_unknown_failure import FAILURES
from rules.model_facts import Models, steps
from rules.outcomes import action_text
from rules.policy import Loaded
from rules.policy_types import Policy, Single, UsePlan
from rules.simulate import USUAL_FAILURE, Simulated, World, considered


class Explainer:
    """One policy, compiled once for any number of requests."""

    def __init__(self, policy: Policy, loaded: Loaded, catalogue: Catalogue) -> None:
        self.policy = policy
        self.source = loaded.source
        self.catalogue = catalogue
        self._facts = Models(policy.settings, catalogue)
        self.router = Router(policy)
        self.states: dict[str, Simulated] = {}

    def suppose(self, resting: Iterable[str], limited: Iterable[str], failing: Iterable[str]) -> None:
        """What to take for given of models, aliases and chains; `failing` as `MODEL` or `MODEL=KIND`.

        Raises GivenError for what is no model and no kind of failure.
        """
        said = [(name, Simulated("resting")) for name in resting]
        said += [(name, Simulated("limited")) for name in limited]
        for text in failing:
            name, _, kind = text.partition("=")
            if kind and kind not in FAILURES:
                raise GivenError(f"there is no failure `{kind}`; kinds are {', '.join(FAILURES)}")
            said.append((name, Simulated("failing", kind or USUAL_FAILURE)))
        for name, state in said:
            self.states |= dict.fromkeys(self._models(name), state)

    def _models(self, name: str) -> list[str]:
        if name in self.policy.chains:
            return [step.id for step in steps(self.policy.chains[name])]
        model = self.policy.aliases.get(name, name)
        if "/" not in model:
            raise GivenError(f"there is no model, alias or chain `{name}`")
        return [model]

    def explain(self, view: RequestView) -> dict[str, Any]:
        """`{"route", "action", "chain", "passed_over"}`, as `fcc explain --format json` prints it.

        Offers are not told among those passed over: the request asked for another model.
        """
        route = self.router.decide(view)
        action = None if route is None else route.action
        return {
            "route": None if route is None else route.name,
            "action": None if action is None else action_text(action),
            "chain": self._chain(action, view) if isinstance(action, UsePlan) else [],
            "passed_over": [
                {
                    "route": one.route.name,
                    "test": written(one.test, self.source.text),
                    "saw": _shown(one.test.fact.name, one.saw),
                }
                for one in self.router.explain(view)
                if one.route.offer is None
            ],
        }

    def _chain(self, action: UsePlan, view: RequestView) -> list[dict[str, Any]]:
        settings = self.policy.settings
        world = World(
            view,
            self._facts.of,
            self.states,
            lambda provider: provider in settings.providers or provider in self.catalogue,
            settings.defaults.attempts,
        )
        return [
            {"target": one.target, "thinking": _thinking(one.step), "skipped": one.skipped}
            for one in considered(action.plan, world)
        ]


def _thinking(step: Single) -> str:
    """`client`: as the client asks; else what the step says, `with` or `without`."""
    said = step.options.thinking
    return "client" if said is None else "with" if said else "without"


def _shown(fact: str, value: Any) -> Any:
    return f"{value // 60:02}:{value % 60:02}" if fact == "time" else plain(value)


def as_text(found: dict[str, Any]) -> str:
    """The same for people."""
    if found["route"] is None:
        lines = ["no route takes this request"]
    else:
        lines = [f"route {found['route']}: {found['action']}"]
    for one in found["chain"]:
        thinking = "" if one["thinking"] == "client" else f", {one['thinking']} thinking"
        mark, why = ("-", f": {one['skipped']}") if one["skipped"] else ("→", "")
        lines.append(f"  {mark} {one['target']}{thinking}{why}")
    if found["passed_over"]:
        lines.append("passed over:")
    for one in found["passed_over"]:
        lines.append(f"  {one['route']}: `{one['test']}` saw {one['saw']!r}")
    return "\n".join(lines)
