"""What an admin asks of the whole server, where that is this process. `fcc.crew.siblings` is the other kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fcc.metrics import Collector, Reading
    from fcc.server import App


class Alone:
    """Implements `fcc.server.Crew`. What it needs is imported when somebody asks."""

    leads = True
    chronicles = True

    def __init__(self, app: App) -> None:
        self.app = app

    async def state(self, *, fresh: bool = True) -> dict[str, Any]:
        from fcc.admin.state import state_page

        return state_page(self.app)

    async def figures(self) -> tuple[Reading, Collector | None]:
        from fcc.admin.state import reading

        return reading(self.app), None

    async def reset(self, target: str | None) -> dict[str, Any]:
        from fcc.admin.acts import forget

        return {"reset": forget(self.app, target)}

    async def reload(self, by: str, confirm: str) -> dict[str, Any]:
        from fcc.admin.acts import reloaded

        loaded = await self.app.follower.load(again=True, by=by, confirm=confirm)
        return reloaded(self.app.house, loaded)

    async def rollback(self, data: bytes, by: str) -> dict[str, Any]:
        from fcc.admin.acts import rolled_back

        return rolled_back(self.app.house, await self.app.follower.serve(data, by))

    async def settled(self) -> None:
        """The ledger settles what this process has sent whenever it is read."""
