"""Whom a chain would ask, one after the other, if everyone it asked failed: the walk of the engine, on paper.

Nothing is sent and no time passes. What is not said of a model is that it is healthy, free, and fails with
`USUAL_FAILURE` when it is asked; a model that is said to fail does so with its kind. As in the engine:

* a step with `on (…)` is asked only after a failure of these kinds; a model passed over because it rests or is limited
  counts as failed with what that stands for;
* who rests is passed over, but not in a chain of one; when nobody else could be asked, those that rest are, in order;
* who cannot serve the request is passed over; when nobody was asked, those that lack only eyes for it are;
* `auth`, `credit` and `certificate` put the provider aside, all its models with the one that was asked;
* after `overflow` only larger windows and steps `on (overflow)` are asked;
* `bad_request` from two providers ends the walk, and so do as many tries as a request may take: `retry N` adds N to
  them, and a model that fails with a kind that is tried again takes them.

What depends on the moment is fixed here: `least-loaded`, `rotate` and `race` go in the order of the file, `split`
begins with the heaviest member. Each provider is taken to have one key, and each model to be asked once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Literal

import msgspec

from rules.facts import RequestView
from rules.model_facts import ModelFacts
from rules.policy_types import GroupOf, Plan, Single

USUAL_FAILURE = "server_error"

HEALTH_FAILURES = frozenset({"timeout", "connection", "server_error", "empty", "malformed", "cut"})
"""What resting stands for: the kinds that count against health."""
LIMIT_FAILURES = frozenset({"rate_limit", "overloaded"})
"""What being limited stands for."""
RETRIED = frozenset({"connection", "server_error", "empty", "malformed", "cut"})
"""Failures after which `retry` has the same model asked again at once."""
PROVIDER_FAILURES = {
    "auth": "the key of {} was refused",
    "credit": "the key of {} was refused",
    "certificate": "the certificate of {} is not trusted",
}
"""What is said of the provider's other models."""

MARGIN = 1.15
"""How far above the window an estimate must lie before it is believed."""


class Simulated(msgspec.Struct, frozen=True):
    """What is said of one model."""

    state: Literal["resting", "limited", "failing"]
    failure: str = USUAL_FAILURE


class Considered(msgspec.Struct, frozen=True):
    """One model on the way: asked, or passed over and why."""

    target: str
    step: Single
    skipped: str | None = None


class World(msgspec.Struct):
    """What the walk has to know beside the plan."""

    view: RequestView
    facts: Callable[[Single], ModelFacts]
    """What is known of a model."""
    states: Mapping[str, Simulated] = msgspec.field(default_factory=dict)
    """By `provider/model`."""
    declared: Callable[[str], bool] = lambda provider: True
    """Whether there is such a provider, for `requested`."""
    attempts: int = 4
    """Tries that one request may take, beside those that `retry` adds."""


class _Pass(msgspec.Struct):
    """Why a model is passed over: the sentence, what it stands for in `on (…)`, and whether it may be reversed."""

    text: str
    means: frozenset[str] = frozenset()
    reversible: Literal["resting", "incapable", ""] = ""


def considered(plan: Plan, world: World) -> list[Considered]:
    """Every model of the plan, in the order in which the engine comes to them."""
    return _Walk(list(_candidates(plan, world)), world).run()


def tried(plan: Plan, world: World) -> list[str]:
    """The models that would be asked, in order, as `provider/model`."""
    return [one.target for one in considered(plan, world) if one.skipped is None]


def _candidates(plan: Plan, world: World) -> Iterator[tuple[str, Single]]:
    """Each model once: where it first stands."""
    seen: set[str] = set()
    for step in _ordered(plan):
        target = step.id
        if not step.provider:
            target = world.view.model
            provider, _, name = target.partition("/")
            if not name or not world.declared(provider):
                continue
        if target not in seen:
            seen.add(target)
            yield target, step


def _ordered(plan: Plan) -> Iterator[Single]:
    for step in plan:
        if isinstance(step, GroupOf):
            members = step.members
            if step.kind == "split" and step.weights:
                first = step.weights.index(max(step.weights))
                members = members[first:] + members[:first]
            for member in members:
                yield from _ordered(member)
        else:
            yield step


class _Walk:
    def __init__(self, candidates: list[tuple[str, Single]], world: World) -> None:
        self.candidates = candidates
        self.world = world
        self.happened: set[str] = set()
        self.asked: list[tuple[str, str]] = []
        """Model and the kind of its failure."""
        self.refused: dict[str, str] = {}
        """Provider → why it is not asked again."""
        self.window: int | None = None
        """The window that was too small: only larger ones are worth asking."""
        self.most = world.attempts + sum(step.options.retry or 0 for _, step in candidates)
        self.tries = 0

    def run(self) -> list[Considered]:
        found: list[tuple[Considered, _Pass | None]] = []
        for target, step in self.candidates:
            skip = self._pass(target, step)
            found.append((self._came_to(target, step, skip), skip))
        for reason in ("resting", "incapable"):
            if not self.asked and any(skip and skip.reversible == reason for _, skip in found):
                found = self._reversed(found, reason)
        return [one for one, _ in found]

    def _reversed(
        self, found: list[tuple[Considered, _Pass | None]], reason: str
    ) -> list[tuple[Considered, _Pass | None]]:
        """The same with those asked at the end that were passed over for this reason."""
        kept = [(one, skip) for one, skip in found if skip is None or skip.reversible != reason]
        for one, skip in found:
            if skip is not None and skip.reversible == reason:
                ended = self._ended() or self._key(one.step)
                kept.append((self._came_to(one.target, one.step, ended), ended))
        return kept

    def _came_to(self, target: str, step: Single, skip: _Pass | None) -> Considered:
        if skip is not None:
            self.happened |= skip.means
            return Considered(target, step, skip.text)
        state = self.world.states.get(target)
        failure = state.failure if state is not None and state.state == "failing" else USUAL_FAILURE
        self.asked.append((target, failure))
        self.tries += 1 + (step.options.retry or 0 if failure in RETRIED else 0)
        self.happened.add(failure)
        if failure in PROVIDER_FAILURES:
            provider = target.partition("/")[0]
            self.refused[provider] = PROVIDER_FAILURES[failure].format(provider)
        if failure == "overflow":
            self.window = self.world.facts(step).context
        return Considered(target, step)

    def _pass(self, target: str, step: Single) -> _Pass | None:
        """Why the model is not asked now; None when it is. In the order in which the engine looks."""
        only = step.options.on
        if ended := self._ended():
            return ended
        if only is not None and self.happened.isdisjoint(only):
            return _Pass(f"only asked after {' or '.join(sorted(only))}")
        return self._unfit(target, step) or self._key(step) or self._aside(target)

    def _ended(self) -> _Pass | None:
        if self.tries >= self.most:
            alone = len(self.asked) == self.most
            return _Pass(
                f"a request asks {self.most} models at most" if alone else f"{self.most} tries are used up"
            )
        wrong = {target.partition("/")[0] for target, failure in self.asked if failure == "bad_request"}
        return _Pass("two providers called the request itself wrong") if len(wrong) > 1 else None

    def _unfit(self, target: str, step: Single) -> _Pass | None:
        facts, view = self.world.facts(step), self.world.view
        if facts.context is not None and view.tokens > facts.context * MARGIN:
            text = f"prompt is too long: {view.tokens} tokens > {facts.context} maximum"
            return _Pass(text, frozenset({"overflow"}))
        meant = step.options.on is not None and "overflow" in step.options.on
        if (
            self.window is not None
            and not meant
            and facts.context is not None
            and facts.context <= self.window
        ):
            return _Pass(f"its window is no larger than the {self.window} tokens that were too few")
        if not facts.tools and view.tools:
            return _Pass("cannot call tools", frozenset({"bad_request"}))
        if not facts.images and view.images:
            return _Pass("cannot see images", frozenset({"bad_request"}), "incapable")
        if not facts.documents and view.documents:
            return _Pass("cannot read documents", frozenset({"bad_request"}), "incapable")
        return None

    def _key(self, step: Single) -> _Pass | None:
        provider = step.provider or self.world.view.model.partition("/")[0]
        return _Pass(self.refused[provider]) if provider in self.refused else None

    def _aside(self, target: str) -> _Pass | None:
        state = self.world.states.get(target)
        if state is None or state.state == "failing":
            return None
        if state.state == "limited":
            return _Pass("has reached its limit", LIMIT_FAILURES)
        if len(self.candidates) == 1:
            return None
        return _Pass("rests after failures", HEALTH_FAILURES, "resting")
