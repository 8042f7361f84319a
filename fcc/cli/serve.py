"""`fcc serve`: the proxy, from the file to the first request and to its end."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fcc.opened import Opened, Unusable, host_of, opened, port_of

if TYPE_CHECKING:
    from fcc.server import App

UMASK = 0o077
"""What fcc writes is nobody else's to read."""


class LogFormat(StrEnum):
    """How requests are logged."""

    text = "text"
    json = "json"


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
    try:
        found = opened(config)
        app = ready_app(found, host_of(found, host), log.value if log else None, quiet=quiet)
        return listen(app, port_of(found, port), found.warnings, quiet=quiet)
    except Unusable as reason:
        print(f"fcc serve: {reason}", file=sys.stderr)
        return 2


def ready_app(found: Opened, address: str, log: str | None, *, quiet: bool) -> App:
    """The application around the policy. Raises Unusable."""
    from fcc.log import fitting
    from fcc.server import App

    try:
        app = App(found.house, found.path, found.env, bound=address, log=fitting(found.env, log, quiet=quiet))
    except OSError as error:
        raise Unusable(f"cannot keep a token: {error}; set ANTHROPIC_AUTH_TOKEN instead") from None
    app.follower.knows(found.data)
    return app


def listen(app: App, port: int, warnings: int, *, quiet: bool) -> int:
    """Serve until told to stop. Raises Unusable."""
    from fcc.auth import is_loopback
    from fcc.launch import Server
    from fcc.listen import CannotListen, listening, url

    if app.gate.access.weak and not is_loopback(app.bound):
        raise Unusable(open_door(app.bound))
    try:
        found = listening(app.bound, port)
    except CannotListen as error:
        raise Unusable(str(error)) from None

    def ready() -> None:
        announce(app, url(found), warnings, quiet=quiet)

    Server(app, ready).run([found])
    return 0


def open_door(host: str) -> str:
    return (
        f"{host or 'every address'} can be reached from the network, and whoever reaches fcc spends your "
        "keys: set ANTHROPIC_AUTH_TOKEN to a secret of 16 characters or more (so must each [clients] token be), or "
        "listen on 127.0.0.1"
    )


def announce(app: App, address: str, warnings: int, *, quiet: bool) -> None:
    """The line that scripts wait for, then how to use it."""
    from fcc.welcome import welcome

    try:
        print(f"fcc listening on {address}", flush=True)
        if not quiet:
            welcome(app, address, warnings)
    except OSError:
        return
