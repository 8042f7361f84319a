"""The application: gate, routes and the life of the policy.

The hot paths are plain ASGI endpoints and answered before FastAPI is asked; FastAPI serves everything else. It takes
longer to import than most of the rest and 9 MB, so it is built when it is first needed, in a thread.
`uvicorn fcc.server:app` works too: the attribute is made when somebody asks for it.
"""

from __future__ import annotations

import asyncio
import functools
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from engine.generation import House
from fcc import gate
from fcc.admin.alone import Alone
from fcc.auth import Access, Token, access, is_loopback, open_door, said_token, server_token
from fcc.books import Books
from fcc.dashboard.past import Past
from fcc.environment import data_folder, environment, find_config, ledger_path, state_folder
from fcc.greetings import Health, hello
from fcc.log import Log, fitting
from fcc.messages import CountTokens, InFlight, Messages
from fcc.opened import house_of
from fcc.reload import Follower
from rules.policy import Loaded
from rules.settings import Settings
from translators.clients import CLIENTS

if TYPE_CHECKING:
    from fastapi import FastAPI

    from fcc.metrics import Collector, Reading


class Crew(Protocol):
    """The processes that are one server: `fcc.admin.alone` for one, `fcc.crew.siblings` for several."""

    leads: bool
    """This process follows the policy file itself."""
    chronicles: bool
    """It writes into the ledger what it began with."""

    async def state(self, *, fresh: bool = True) -> dict[str, Any]:
        """As `fcc.admin.state.state_page`, of all; not `fresh`: of a moment ago."""
        ...

    async def figures(self) -> tuple[Reading, Collector | None]: ...

    async def reset(self, target: str | None) -> dict[str, Any]:
        """Forget why a model is put aside, or (None) all of them."""
        ...

    async def reload(self, by: str, confirm: str) -> dict[str, Any]: ...
    async def rollback(self, data: bytes, by: str) -> dict[str, Any]: ...

    async def settled(self) -> None:
        """What any of them has sent to the ledger is in there."""
        ...


class Hot(NamedTuple):
    """An address that is answered without FastAPI."""

    methods: frozenset[str]
    app: gate.App


class App:
    """The server around one house.

    `path` is the policy file, `env` the environment keys and tokens come from, `state` the folder of the
    token that is made when none is configured and of the ledger, `bound` the host the launcher bound ("" when
    somebody else did).
    """

    def __init__(
        self,
        house: House,
        path: Path,
        env: Mapping[str, str],
        *,
        state: Path | None = None,
        bound: str = "",
        log: Log | None = None,
    ) -> None:
        self.started = time.time()
        """Seconds since 1970."""
        self.house = house
        self.path = path
        self.env = env
        self.token_folder = state or state_folder()
        self.data_folder = state or data_folder()
        self.bound = bound
        self.token: Token | None = None
        """The server's own; None before the first policy."""
        self.log = log or fitting(env)
        house.heard = self.log.others
        self.follower = Follower(house, path, self.heard)
        self.follower.unwatched = self.log.unwatched
        self.books = Books(house, self.log)
        self.past = Past(self.token_folder)
        self.last: Loaded | None = house.generation.loaded if house.generation else None
        """The file as it was read last, served or refused."""
        self.crew: Crew = Alone(self)
        """All processes behind the port, as whoever asks one of them sees them."""
        self.hot = hot_paths(house, self.log, self.books)
        self.gate = gate.Gate(self.inside, self.access(), self.log)
        self._pages: asyncio.Task[FastAPI] | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await self.gate(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self.live(receive, send)

    async def inside(self, scope: Any, receive: Any, send: Any) -> None:
        """Behind the gate."""
        hot = self.hot.get(scope["path"])
        if hot is not None and scope["method"] in hot.methods:
            await hot.app(scope, receive, send)
        else:
            await (await self.pages())(scope, receive, send)

    async def pages(self) -> FastAPI:
        """Everything that is not hot, built once."""
        if self._pages is None:
            self._pages = asyncio.create_task(asyncio.to_thread(self._build))
        return await asyncio.shield(self._pages)

    def _build(self) -> FastAPI:
        from fcc.pages import build

        return build(self)

    async def live(self, receive: Any, send: Any) -> None:
        """From start to stop, as ASGI's lifespan has it (asgi.readthedocs.io/en/latest/specs/lifespan.html)."""
        await receive()
        if self.house.generation is None:
            await self.follower.load()
        if self.house.generation is None:
            message = f"fcc cannot serve without a valid policy: {self.path}"
            await send({"type": "lifespan.startup.failed", "message": message})
            return
        if self.bound and self.gate.access.weak and not is_loopback(self.bound):
            await send({"type": "lifespan.startup.failed", "message": f"fcc: {open_door(self.bound)}"})
            return
        await self.house.meet()
        await self.books.open(self.ledger_path(), self.settings().ledger.days)
        if self.last is not None:
            self.books.policy(self.last, "start", kept=self.crew.chronicles)
            self.keep(self.last)
        if self.crew.leads:
            self.follower.start(watch=self.settings().reload.watch)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.follower.stop()
        await self.house.aclose()
        await self.books.aclose()
        await send({"type": "lifespan.shutdown.complete"})

    def settings(self) -> Settings:
        generation = self.house.generation
        return generation.policy.settings if generation else Settings()

    def ledger_path(self) -> Path:
        """Read once, at the start."""
        return ledger_path(self.path, self.settings().ledger.path, self.data_folder)

    def access(self) -> Access:
        """Who may come in under the policy of this moment; nobody before there is one. Raises OSError when a
        token has to be made and cannot be kept.
        """
        if self.house.generation is None:
            return Access(())
        self.token = self.token_now(self.token)
        return access(self.settings(), self.env, self.token, self.bound)

    def token_now(self, before: Token | None) -> Token:
        """The one that is said now, else the one there is: a file that is gone or broken locks nobody out who is in.
        Raises OSError when there is none yet.
        """
        settings = self.settings()
        if said := said_token(settings, self.env):
            return before if before and before.value == said else Token(said, "said")
        if before and before.origin != "said":
            return before
        try:
            return server_token(settings, self.env, self.token_folder)
        except OSError:
            if before:
                return before
            raise

    def heard(self, loaded: Loaded) -> None:
        """A file was read: say what is wrong with it, or serve by it."""
        generation = self.house.generation
        self.log.policy(loaded, generation.id if generation else "")
        self.taken(loaded, self.follower.by)

    def taken(self, loaded: Loaded, by: str, *, kept: bool = True) -> None:
        """The house has judged a file. `kept`: the ledger is told of it."""
        self.last = loaded
        self.gate.access = self.access()
        self.books.policy(loaded, by, kept=kept)
        self.keep(loaded)

    def keep(self, loaded: Loaded) -> None:
        """The text of a policy that is served, to go back to."""
        generation = self.house.generation
        if generation is not None and generation.loaded is loaded:
            source = loaded.source
            self.past.keep(generation.id, source.text.encode("utf-8-sig" if source.bom else "utf-8"))


def hot_paths(house: House, log: Log, books: Books) -> dict[str, Hot]:
    """Address → what answers it."""
    post, get = frozenset({"POST"}), frozenset({"GET", "HEAD"})
    in_flight = InFlight()
    found = {
        path: Hot(post, Messages(house, log, client, in_flight, books)) for path, client in CLIENTS.items()
    }
    found["/v1/messages/count_tokens"] = Hot(post, CountTokens(in_flight))
    found["/"] = found["/api/hello"] = Hot(get, hello)
    found["/health"] = Hot(get, Health(house, books))
    return found


@functools.cache
def default_app() -> App:
    """The app that `uvicorn fcc.server:app` serves: configuration and token found as `fcc serve` finds them."""
    path = find_config(None, os.environ)
    env = environment(path)
    return App(house_of(path, env), path, env, bound=asked_of_uvicorn())


def asked_of_uvicorn() -> str:
    """The host that uvicorn's command line asks for; "" when it is not that which runs. Workers of uvicorn do not
    know; there the gate alone refuses what comes from a network.
    """
    import click

    context = click.get_current_context(silent=True)
    host = context.params.get("host") if context is not None else None
    return host if isinstance(host, str) else ""


def __getattr__(name: str) -> Any:
    if name == "app":
        return default_app()
    raise AttributeError(name)
