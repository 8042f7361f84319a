"""`fcc serve`: the proxy, from the file to the first request and to its end."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fcc.environment import environment, find_config

if TYPE_CHECKING:
    from fcc.server import App

UMASK = 0o077
"""What fcc writes is nobody else's to read."""


class LogFormat(StrEnum):
    """How requests are logged."""

    text = "text"
    json = "json"


class CannotServe(Exception):  # noqa: N818 - it is said to a person, not caught as a bug
    """The server cannot start; the text is for stderr."""


def serve(
    config: Annotated[Path | None, typer.Option(metavar="PATH", help="the routes.toml to serve by")] = None,
    host: Annotated[str | None, typer.Option(help="address to listen on")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="port; 0 takes a free one")] = None,
    log: Annotated[
        LogFormat | None, typer.Option(help="text or json on stderr; text on a terminal, json elsewhere")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="say nothing but errors")] = False,
) -> int:
    """Run the proxy until it is told to stop: 0 when stopped, 2 when it could not start.

    Example: fcc serve --config routes.toml --port 0
    """
    os.umask(UMASK)
    path = find_config(config, os.environ)
    try:
        env = environment(path)
        app = ready_app(path, env, host=host, log=log.value if log else None, quiet=quiet)
        return listen(app, env, host, port, quiet=quiet)
    except CannotServe as reason:
        print(reason, file=sys.stderr)
        return 2


def ready_app(path: Path, env: Mapping[str, str], *, host: str | None, log: str | None, quiet: bool) -> App:
    """The application around the policy at `path`. Raises CannotServe."""
    data = content(path)
    from engine.generation import House

    from fcc.log import fitting
    from fcc.report import findings, wants_colour

    house = House(path=str(path), env=env)
    loaded = house.accept(data)
    if loaded.policy is None:
        shown = findings(loaded, coloured=wants_colour())
        raise CannotServe(f"{shown}fcc serve: {path} cannot be served before this is mended")
    from fcc.server import App

    address = host or env.get("HOST") or loaded.policy.settings.server.host
    try:
        app = App(house, path, env, bound=address, log=fitting(env, log, quiet=quiet))
    except OSError as error:
        raise CannotServe(f"fcc serve: cannot keep a token: {error}; set ANTHROPIC_AUTH_TOKEN") from None
    app.follower.knows(data)
    return app


def content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise CannotServe(
            f"fcc serve: there is no file {path}; name one with --config, or make one with `fcc init`"
        ) from None
    except OSError as error:
        raise CannotServe(f"fcc serve: cannot read {path}: {error.strerror or error}") from None


def listen(app: App, env: Mapping[str, str], host: str | None, port: int | None, *, quiet: bool) -> int:
    """Serve until told to stop. Raises CannotServe."""
    from fcc.auth import is_loopback
    from fcc.launch import Server
    from fcc.listen import CannotListen, listening, url

    if app.gate.access.weak and not is_loopback(app.bound):
        raise CannotServe(open_door(app.bound))
    number = app.settings().server.port if port is None and not env.get("PORT") else given_port(port, env)
    try:
        found = listening(app.bound, number)
    except CannotListen as error:
        raise CannotServe(f"fcc serve: {error}") from None

    def ready() -> None:
        announce(app, url(found), quiet=quiet)

    Server(app, ready).run([found])
    return 0


def given_port(port: int | None, env: Mapping[str, str]) -> int:
    """`--port`, else `PORT`."""
    if port is not None:
        return port
    said = env["PORT"]
    if not (said.isascii() and said.isdigit() and int(said) < 65536):
        raise CannotServe(f"fcc serve: PORT is `{said[:40]}`, which is no port; it goes from 0 to 65535")
    return int(said)


def open_door(host: str) -> str:
    return (
        f"fcc serve: {host or 'every address'} can be reached from the network, and whoever reaches fcc spends your "
        "keys: set ANTHROPIC_AUTH_TOKEN to a secret of 16 characters or more (so must each [clients] token be), or "
        "listen on 127.0.0.1"
    )


def announce(app: App, address: str, *, quiet: bool) -> None:
    """The line that scripts wait for, then how to use it."""
    from fcc.welcome import welcome

    try:
        print(f"fcc listening on {address}", flush=True)
        if not quiet:
            welcome(app, address)
    except OSError:
        return
