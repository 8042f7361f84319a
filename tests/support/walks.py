"""A walk through candidates, played to its end: what was heard, who was tried, how it failed."""

from __future__ import annotations

import pytest

from engine.candidates import Limit
from engine.chain import Chain
from engine.limits import LimitRule
from engine.outcome import ChainFailed
from providers.failures import Failure
from translators.events import Finish, Text

DOWN = Failure("server_error", "down", status=500)


def limited(
    count: int | None = None, window: float = 60.0, *, at_once: int | None = None, scope: str = ""
) -> Limit:
    """A limit of all that `a` offers."""
    return Limit(LimitRule(count, window, at_once=at_once), ("a/*", scope), scope)


async def heard(walk: Chain) -> str:
    """All text of the answer. Raises ChainFailed."""
    attempt, events = await walk.answer()
    try:
        while not isinstance(events[-1], Finish):
            events = [*events, *await attempt.more()]
    finally:
        await attempt.close()
    return "".join(event.text for event in events if isinstance(event, Text))


def kinds(walk: Chain) -> list[tuple[str, str | None]]:
    """Who was tried, and how that failed."""
    return [(one.target, one.failure) for one in walk.tried]


async def failed(walk: Chain) -> ChainFailed:
    """What a walk that nobody answers is given up with."""
    with pytest.raises(ChainFailed) as caught:
        await walk.answer()
    return caught.value
