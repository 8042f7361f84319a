"""The composition root: a file becomes a policy, a router and live providers, and the house swaps to it.

    bytes ─▶ rules.policy.load ─▶ Policy ─▶ Router, Providers ─▶ Generation ─▶ one reference swapped

A running request keeps the generation it began with; a generation's own connections are closed when its last request
is over. State is keyed by names and survives. A file with errors, or one that `[reload] guard` holds back, changes
nothing but `problem`; one that says the same in other words changes nothing but the places of what it says.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.candidates import Candidate, Limit
from engine.facts import Facts
from engine.guard import RECENT, Held, guarded, held_back, same
from engine.health import HealthRule
from engine.limits import LimitRule
from engine.local import decided
from engine.router import Router
from engine.run import Run
from engine.shared.meeting import Heard, Meeting, address
from engine.sleep import slept
from engine.state import State
from providers.off_loop import LARGE, off_loop
from providers.presets import Preset, catalogue
from providers.provider import Provider, build
from rules.diagnostics import Diagnostic
from rules.globs import matches
from rules.policy import Loaded, load
from rules.policy_types import GroupOf, Plan, Policy, Single, UsePlan
from rules.render.json import entry
from translators.request import Request


def generation_id(data: bytes) -> str:
    """What tells one content of the file from another."""
    return hashlib.sha256(data).hexdigest()[:12]


MOST_CANDIDATES = 1_000
"""So many are kept; further models that clients type are looked up anew each time."""


@dataclass(eq=False)
class Generation:
    """One policy in force, and what it needs to run."""

    id: str
    policy: Policy
    providers: Mapping[str, Provider]
    presets: Mapping[str, Preset]
    loaded: Loaded
    """The file it was made from."""
    router: Router
    running: int = 0
    replaced: bool = False
    text: str = ""
    """Id of the file it is served by now: another one when only remarks, layout or names of aliases changed since."""
    over: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when it is replaced and its last request has ended."""
    _candidates: dict[object, Candidate] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.text = self.text or self.id

    def adopt(self, loaded: Loaded, policy: Policy, router: Router, text: str) -> None:
        """The same policy in another text: places are those of the new file from now on."""
        self.loaded, self.policy, self.router, self.text = loaded, policy, router, text

    def candidate(self, step: Single, asked: str) -> Candidate | None:
        """The candidate of a step; of `requested`, the model the client asked for, at a declared provider."""
        provider, model = step.provider, step.model
        if not provider:
            provider, _, model = asked.partition("/")
            if not model or provider not in self.providers:
                return None
        name = (provider, model, step.options)
        found = self._candidates.get(name)
        if found is None:
            found = self._build(provider, model, step)
            if step.provider or len(self._candidates) < MOST_CANDIDATES:
                self._candidates[name] = found
        return found

    def _build(self, provider: str, model: str, step: Single) -> Candidate:
        source, name = self.providers[provider], f"{provider}/{model}"
        return Candidate(
            name,
            source,
            model,
            source.profile(model),
            step.options,
            self._health(name),
            self._limit(name, source),
        )

    def _health(self, name: str) -> HealthRule | None:
        """The first health statement that names it. Without one it never rests."""
        for one in self.policy.health:
            if matches(one.glob.text, name):
                return HealthRule(one.failures, one.window, one.rest, one.rest_up_to)
        return None

    def _limit(self, name: str, provider: Provider) -> Limit | None:
        """The first limit statement that names it, else the preset's own limit, counted per key."""
        for one in self.policy.limits:
            if matches(one.glob.text, name):
                rule = LimitRule(
                    one.count, one.per or 60.0, one.counts == "tokens", one.at_once, one.wait or 0.0
                )
                bucket = (one.glob.text, name if one.each else "", one.for_each or "")
                return Limit(rule, bucket, one.for_each or "")
        preset = provider.limit
        if preset is None:
            return None
        rule = LimitRule(preset.count, preset.per, at_once=preset.at_once)
        return Limit(rule, (provider.name, name if preset.each else "", "preset"), "key")

    def enter(self) -> None:
        self.running += 1

    def leave(self) -> None:
        self.running -= 1
        if self.replaced and not self.running:
            self.over.set()

    def replace(self) -> None:
        self.replaced = True
        if not self.running:
            self.over.set()


@dataclass(frozen=True, slots=True)
class _Judged:
    """A file that was read, and what is to become of it."""

    loaded: Loaded
    router: Router | None
    """Of its policy, if that is to be served."""
    same: bool = False
    """Only its text differs from what is served."""
    held: str = ""


class House:
    """What serves: the generation in force, the state of the candidates, and the last file that was refused.

    `path` is for display in findings, `env` what keys and `env NAME` are read from; `refresh` brings it up to date
    before a file is taken.
    """

    def __init__(self, path: str, env: Mapping[str, str], refresh: Callable[[], None] = lambda: None) -> None:
        self.path = path
        self.env = env
        self._refresh = refresh
        self.generation: Generation | None = None
        self.problem: tuple[Diagnostic, ...] = ()
        """Findings of the last file, if it was refused."""
        self.last: Loaded | None = None
        """The last file, served or refused."""
        self.held = ""
        """Id of the last file, if only `[reload] guard` keeps it from being served."""
        self.recent: deque[Mapping[str, Any]] = deque(maxlen=RECENT)
        """Facts of the latest requests, as the ledger keeps them: what a new file is measured by."""
        self.state = State()
        self.workers = 1
        """How many processes of this machine serve by the same file."""
        self.heard: Heard = lambda back, why: None
        """Told when the other processes cannot be reached, and when they can again."""
        self._meeting: Meeting | None = None
        self._retired: set[Generation] = set()
        self._closing: set[asyncio.Task[None]] = set()

    def accept(self, data: bytes, *, confirmed: bool = False) -> Loaded:
        """Serve by this file from now on, if it is sound. Never raises on any bytes.

        `confirmed`: whatever `[reload] guard` says.
        """
        return self._take(data, self._judged(data, confirmed, tuple(self.recent)))

    async def accept_async(self, data: bytes, *, confirmed: bool = False, held: Held | None = None) -> Loaded:
        """The same, read in a thread so that running streams do not wait.

        `held`: another process has measured it, and holds it back.
        """
        await asyncio.to_thread(self._refresh)
        judged = await asyncio.to_thread(self._judged, data, confirmed, tuple(self.recent), held)
        loaded = self._take(data, judged)
        if self._meeting is not None:
            await self.meet()
        return loaded

    def status(self) -> dict[str, Any]:
        """What is served and what is wrong with the file, as JSON has it: `{"status", "generation", "text", "held",
        "problems", "warnings"}`. Findings are those of `fcc lint --format json`; `text` is the id of the file that
        is served, `held` of one that waits to be confirmed."""
        generation, last = self.generation, self.last

        def told(severity: str) -> list[dict[str, Any]]:
            return (
                [entry(last.source, one) for one in last.diagnostics if one.severity == severity]
                if last
                else []
            )

        return {
            "status": "degraded" if self.problem else "ok",
            "generation": generation.id if generation else "",
            "text": generation.text if generation else "",
            "held": self.held or None,
            "problems": told("error"),
            "warnings": told("warning"),
        }

    async def meet(self) -> None:
        """Shares limits and health with the other processes from now on, if the policy says where. Never raises."""
        if self._meeting is None:
            self._meeting = Meeting(self.state, self.workers, lambda back, why: self.heard(back, why))
        if self.generation is not None:
            at = address(self.generation.policy.settings.state, self.env)
            await self._meeting.follow(at, self.generation.providers)

    async def run(self, request: Request, *, client: str = "") -> Run:
        """The run of one request under the generation in force. Close it when it is over."""
        self.state.awake(slept())
        facts = Facts(request, client=client)
        if request.size > LARGE:
            await off_loop(request.size, facts.read_ahead)
        generation = self.generation
        if generation is None:
            raise RuntimeError("no policy has been accepted yet")
        return Run(generation, self.state, request, facts, *decided(generation.router, facts))

    async def aclose(self) -> None:
        """Drops every connection."""
        for task in self._closing:
            task.cancel()
        if self._meeting is not None:
            await self._meeting.aclose()
        if self.generation is not None:
            for provider in self.generation.providers.values():
                await provider.aclose()

    def _judged(
        self, data: bytes, confirmed: bool, recent: tuple[Mapping[str, Any], ...], held: Held | None = None
    ) -> _Judged:
        """Everything that takes time, and touches nothing."""
        loaded = load(data, path=self.path, env=self.env, catalogue=catalogue())
        old = self.generation.policy if self.generation is not None else None
        alike, name = False, ""
        if old is not None and loaded.policy is not None:
            alike = same(old, loaded.policy)
            if not alike and held is not None:
                loaded = held_back(loaded, held, generation_id(data))
            elif not alike and not confirmed:
                loaded = guarded(old, loaded, recent, generation_id(data))
            name = generation_id(data) if loaded.policy is None else ""
        return _Judged(loaded, Router(loaded.policy) if loaded.policy is not None else None, alike, name)

    def _take(self, data: bytes, judged: _Judged) -> Loaded:
        loaded = self.last = judged.loaded
        policy, router, old = loaded.policy, judged.router, self.generation
        self.held = judged.held
        if policy is None or router is None:
            self.problem = tuple(one for one in loaded.diagnostics if one.severity == "error")
            return loaded
        self.problem = ()
        if old is not None:
            self.state.blocks.pardon()
        presets = catalogue()
        providers = self._providers(policy, presets, old)
        if old is not None:
            self._forget_old_keys(old.providers, providers)
        if old is not None and judged.same and providers == old.providers:
            old.adopt(loaded, policy, router, generation_id(data))
            return loaded
        self.generation = Generation(generation_id(data), policy, providers, presets, loaded, router)
        if old is not None:
            self._retire(old)
        return loaded

    def _providers(
        self, policy: Policy, presets: Mapping[str, Preset], old: Generation | None
    ) -> dict[str, Provider]:
        """Those the policy declares or names; one that is as before keeps its connections."""
        settings = policy.settings
        found = {}
        named = set(_named(policy))
        if "" in named:
            named |= {name for name in presets if any(map(self.env.get, presets[name].key_variables))}
        for name in sorted({*settings.providers, *named} - {""}):
            models = {one: table for one, table in settings.models.items() if one.startswith(f"{name}/")}
            made = build(name, settings.providers.get(name), models, self.env, presets)
            before = old.providers.get(name) if old is not None else None
            found[name] = before if before is not None and before.same(made) else made
        return found

    def _forget_old_keys(self, old: Mapping[str, Provider], new: Mapping[str, Provider]) -> None:
        """Blocks are known by the places of keys: a new key in the place of one that is used up is not used up."""
        for name in old.keys() & new.keys():
            before, after = ({key.id: key for key in one[name].keys} for one in (old, new))
            for place in before.keys() | after.keys():
                if before.get(place) != after.get(place):
                    self.state.blocks.replaced(name, place)

    def _retire(self, old: Generation) -> None:
        old.replace()
        self._retired.add(old)
        task = asyncio.get_running_loop().create_task(self._close_when_over(old))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def _close_when_over(self, old: Generation) -> None:
        """Closes what no other generation uses: an answer that began long ago may hold on to what a later gave up."""
        await old.over.wait()
        self._retired.discard(old)
        living = [*self._retired, *([self.generation] if self.generation else [])]
        used = {id(provider) for one in living for provider in one.providers.values()}
        for provider in old.providers.values():
            if id(provider) not in used:
                await provider.aclose()


def _named(policy: Policy) -> Iterator[str]:
    """Providers of every model that the policy can ask; "" for `requested`, which may be any with a key."""
    plans = [*policy.chains.values(), *(offer.plan for offer in policy.offers)]
    plans += [route.action.plan for route in policy.routes if isinstance(route.action, UsePlan)]
    for plan in plans:
        yield from _of(plan)


def _of(plan: Plan) -> Iterator[str]:
    for step in plan:
        if isinstance(step, GroupOf):
            for member in step.members:
                yield from _of(member)
        else:
            yield step.provider
