"""The application: routes, gate and the life of the policy, as one FastAPI app.

The hot paths are plain ASGI endpoints taken before FastAPI's own middleware and routing; FastAPI serves
everything else. `uvicorn fcc.server:app` works too: the attribute is made when somebody asks for it.
"""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from engine.generation import House
from fcc import __version__, errors
from fcc.auth import Access, Token, access, server_token
from fcc.environment import environment, find_config, state_folder
from fcc.gate import Gate
from fcc.log import Log, fitting
from fcc.messages import CountTokens, InFlight, Messages
from fcc.reload import Follower
from fcc.routes import router
from rules.policy import Loaded
from rules.settings import Settings
from translators.clients import CLIENTS


class App(FastAPI):
    """The server around one house.

    `path` is the policy file, `env` the environment keys and tokens come from, `state` the folder of the
    token that is made when none is configured, `bound` the host the launcher bound ("" when somebody else
    did).
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
        super().__init__(
            title="fcc",
            version=__version__,
            docs_url=None,
            redoc_url=None,
            redirect_slashes=False,
            lifespan=living,
        )
        self.house = house
        self.path = path
        self.env = env
        self.token_folder = state or state_folder()
        self.bound = bound
        self.token: Token | None = None
        """The server's own; None before the first policy."""
        self.log = log or fitting(env)
        self.follower = Follower(house, path, self.heard)
        in_flight = InFlight()
        self.hot: dict[str, Messages | CountTokens] = {
            path: Messages(house, self.log, client, in_flight) for path, client in CLIENTS.items()
        }
        self.hot["/v1/messages/count_tokens"] = CountTokens()
        self.gate = Gate(self.inside, self.access(), self.log)
        self._add_routes()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await self.gate(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)

    async def inside(self, scope: Any, receive: Any, send: Any) -> None:
        """Behind the gate."""
        hot = self.hot.get(scope["path"]) if scope["method"] == "POST" else None
        if hot is not None:
            await hot(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)

    def _add_routes(self) -> None:
        for path, endpoint in self.hot.items():
            self.router.routes.append(Route(path, endpoint, methods=["POST"]))
        self.include_router(router)
        self.add_exception_handler(HTTPException, http_error)
        self.add_exception_handler(RequestValidationError, invalid)
        self.add_exception_handler(Exception, crashed)

    def settings(self) -> Settings:
        generation = self.house.generation
        return generation.policy.settings if generation else Settings()

    def access(self) -> Access:
        """Who may come in under the policy of this moment; nobody before there is one. Raises OSError when a
        token has to be made and cannot be kept.
        """
        if self.house.generation is None:
            return Access(())
        token = server_token(self.settings(), self.env, self.token_folder)
        if self.token is None or token.value != self.token.value:
            self.token = token
        return access(self.settings(), self.env, self.token, self.bound)

    def heard(self, loaded: Loaded) -> None:
        """A file was read: say what is wrong with it, or serve by it."""
        generation = self.house.generation
        self.log.policy(loaded, generation.id if generation else "")
        self.gate.access = self.access()


@contextlib.asynccontextmanager
async def living(app: FastAPI) -> AsyncIterator[None]:
    """From start to stop: load the policy unless the launcher did, follow the file, close what is open."""
    assert isinstance(app, App)
    if app.house.generation is None:
        await app.follower.load()
        if app.house.generation is None:
            raise RuntimeError(f"fcc cannot serve without a valid policy: {app.path}")
    if app.house.generation.policy.settings.reload.watch:
        app.follower.start()
    yield
    await app.follower.stop()
    await app.house.aclose()


async def http_error(request: Request, error: Exception) -> Response:
    """404, 405 and whatever a route raises, in the envelope."""
    assert isinstance(error, HTTPException)
    message = str(error.detail)
    if error.status_code in (404, 405):
        message = f"{request.method} {request.scope['path'][:200]}: {message.lower()}"
    return failure(request, error.status_code, message, error.headers)


async def invalid(request: Request, error: Exception) -> Response:
    """A query parameter that cannot be read."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    return failure(request, 400, f"{first['loc'][-1]}: {first['msg']}")


async def crashed(request: Request, error: Exception) -> Response:
    """What a route did not expect; the gate logs it."""
    return failure(request, 500, "internal error, see the log of fcc")


def failure(request: Request, status: int, message: str, headers: Any = None) -> Response:
    wording = errors.wording_at(request.scope["path"])
    body = wording(errors.type_of(status), message, request.scope["fcc"].request_id)
    return Response(body, status, headers, "application/json")


@functools.cache
def default_app() -> App:
    """The app that `uvicorn fcc.server:app` serves: configuration and token found as `fcc serve` finds them."""
    path = find_config(None, os.environ)
    env = environment(path)
    return App(House(path=str(path), env=env), path, env)


def __getattr__(name: str) -> Any:
    if name == "app":
        return default_app()
    raise AttributeError(name)
