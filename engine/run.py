"""One request from its decision to its last event.

An async iterator of lists of canonical events: the first list is the commit point, before which failover is
invisible, and the last ends with Finish, or with Fault when an answer broke off and could not be rescued. Raises
ChainFailed when there is no answer at all.
"""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.attempt import Attempt, Tried
from engine.candidates import Ordering, ordered
from engine.chain import Chain
from engine.facts import Facts
from engine.outcome import ChainFailed
from engine.rescue import Continued, Differs, Repeated, Said, continuation
from engine.state import Skip, State
from providers.failures import Failure
from rules.policy_types import Plan, PolicyAction, PolicyRoute, Refusal, TextAnswer, UsePlan
from translators.events import Event, Fault, Finish, Start, Text, Usage
from translators.request import Request

if TYPE_CHECKING:
    from engine.generation import Generation

REFUSALS = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
}


@dataclass(slots=True)
class Run:
    """`route`, `target` and `attempts` are for headers and log, and complete once the run is over."""

    generation: Generation
    state: State
    request: Request
    facts: Facts
    decided: PolicyRoute | None
    local: list[Event] | None = None
    """The answer, when the route answers locally: what cannot be answered so is another route's."""
    target: str = ""
    chain: Chain | None = None
    _events: AsyncGenerator[list[Event], None] | None = None

    def __post_init__(self) -> None:
        self.generation.enter()

    @property
    def route(self) -> str:
        return self.decided.name if self.decided is not None else ""

    @property
    def attempts(self) -> list[Tried]:
        return self.chain.tried if self.chain is not None else []

    @property
    def skipped(self) -> list[tuple[str, Skip]]:
        """Candidates that were not asked, and why."""
        return self.chain.skipped if self.chain is not None else []

    @property
    def request_tokens(self) -> int:
        """Estimated tokens of the prompt."""
        return self.facts.tokens

    def __aiter__(self) -> AsyncGenerator[list[Event], None]:
        action = self.decided.action if self.decided is not None else None
        self._events = self._use(action) if isinstance(action, UsePlan) else self._play(action)
        return self._events

    async def aclose(self) -> None:
        """Ends the run wherever it is; the upstream's connection is dropped."""
        try:
            if self._events is not None:
                await self._events.aclose()
        finally:
            self.generation.leave()

    async def _play(self, action: PolicyAction | None) -> AsyncGenerator[list[Event], None]:
        """What needs no upstream."""
        if action is None:
            raise ChainFailed(
                404, "not_found_error", f"no route takes a request for `{self.request.asked[:200]}`"
            )
        if isinstance(action, Refusal):
            kind = REFUSALS.get(
                action.status, "invalid_request_error" if action.status < 500 else "api_error"
            )
            raise ChainFailed(action.status, kind, action.reason, should_retry=False)
        if isinstance(action, TextAnswer):
            yield [Start(), Text(action.text), Finish("end_turn", usage=self._spoken(action.text))]
        else:
            assert self.local is not None
            self.target = "local"
            yield self.local

    def _spoken(self, text: str) -> Usage:
        return Usage(input=self.facts.tokens, output=max(len(text) // 4, 1))

    async def _use(self, action: UsePlan) -> AsyncGenerator[list[Event], None]:
        self.chain = chain = self._walk(action.plan)
        attempt, events = await chain.answer()
        said = Said() if self._may_rescue() else None
        failure: Failure | None = None
        try:
            while True:
                self.target = attempt.slot.candidate.id
                yield events
                if isinstance(events[-1], Finish):
                    return
                if said is not None:
                    said.add(events)
                events = await attempt.more()
        except Failure as broken:
            failure = broken
        finally:
            await attempt.close(failure)
        assert failure is not None
        chain.broke(attempt, failure)
        if said is not None and not said.final:
            async with aclosing(self._rescued(chain, said, failure)) as rescued:
                async for events in rescued:
                    yield events
        else:
            yield [_fault(failure)]

    def _may_rescue(self) -> bool:
        return self.generation.policy.settings.defaults.rescue

    async def _rescued(self, chain: Chain, said: Said, failure: Failure) -> AsyncGenerator[list[Event], None]:
        """One more answer, if it can be joined to what was said; else the fault."""
        chain.request = continuation(self.request, said)
        chain.fitting = lambda candidate: candidate.profile.continues
        joint: Continued | Repeated = Continued(said)
        attempt: Attempt | None = None
        events: list[Event] = []
        try:
            try:
                attempt, events = await chain.answer(wait=False)
            except ChainFailed:
                chain.request, joint = self.request, Repeated(said)
                chain.fitting = None
                attempt, events = await chain.answer(wait=False)
            while True:
                new: list[Event] = [event for event in joint.feed(events) if not isinstance(event, Start)]
                if new:
                    self.target = attempt.slot.candidate.id
                    yield new
                if isinstance(events[-1], Finish):
                    return
                events = await attempt.more()
        except (ChainFailed, Differs):
            pass
        except Failure as second:
            assert attempt is not None
            await attempt.close(second)
        finally:
            if attempt is not None:
                await attempt.close()
        yield [_fault(failure)]

    def _walk(self, plan: Plan) -> Chain:
        state, generation, facts = self.state, self.generation, self.facts
        by = Ordering(
            candidate=lambda step: generation.candidate(step, self.request.model),
            load=state.load,
            turn=state.turn,
            session=lambda: facts.session or os.urandom(8).hex(),
        )
        return Chain(self.request, facts, ordered(plan, by), state, generation.policy.settings.defaults)


def _fault(failure: Failure) -> Fault:
    return Fault(failure.kind, failure.message, failure.status, failure.type, failure.retry_after)
