"""Where the other processes are met: as `[state] redis` of the policy in force says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from engine.state import State
from providers.provider import Provider
from rules.settings import State as StateTable
from rules.values import variable_of

if TYPE_CHECKING:
    from engine.shared.shared import Shared

Heard = Callable[[bool, str], None]
"""Whether they can be reached from now on, and why not."""


def address(table: StateTable, env: Mapping[str, str]) -> str:
    """The address of Redis, a secret; "" when none is configured, or its variable is unset."""
    said = table.redis or ""
    variable = variable_of(said)
    return said if variable is None else env.get(variable, "")


class Meeting:
    """Joins and leaves the other processes as the policy changes. Without an address it costs nothing."""

    def __init__(self, state: State, workers: int, heard: Heard) -> None:
        self._state = state
        self._workers = workers
        self._heard = heard
        self._at = ""
        self._shared: Shared | None = None

    async def follow(self, at: str, providers: Mapping[str, Provider]) -> None:
        """Meets at the address from now on, "": nowhere. Never raises."""
        if at != self._at:
            await self.aclose()
            self._at = at
            self._shared = self._met(at)
            if self._shared is not None:
                self._shared.know(providers)
                await self._shared.start()
                self._state.others = self._shared
        elif self._shared is not None:
            self._shared.know(providers)

    async def aclose(self) -> None:
        """Leaves them."""
        shared, self._shared, self._state.others, self._at = self._shared, None, None, ""
        if shared is not None:
            await shared.aclose()

    def _met(self, at: str) -> Shared | None:
        if not at:
            return None
        from engine.shared.link import Link, unusable
        from engine.shared.shared import Shared

        reason = unusable(at)
        if reason is not None:
            self._heard(False, reason)
            return None
        return Shared(Link(at), self._state, self._heard, self._workers)
