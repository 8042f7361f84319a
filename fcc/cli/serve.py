"""`fcc serve`: the proxy, from the file to the first request and to its end."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from fcc.cli.words import Reads, plain
from fcc.opened import Opened, Unusable, host_of, opened, port_of

if TYPE_CHECKING:
    import typer  # `fcc.cli.load` puts it here when it is needed

    from fcc.handover import Door, Predecessor
    from fcc.server import App

UMASK = 0o077
"""What fcc writes is nobody else's to read."""
MOST_PORTS = 65_535


def keep_private() -> None:
    """Nothing this process writes can be read by others, and it leaves no core with keys and prompts in it."""
    os.umask(UMASK)
    if os.name == "posix":
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


class LogFormat(StrEnum):
    """How requests are logged."""

    text = "text"
    json = "json"


def serve(
    config: Annotated[Path | None, typer.Option(metavar="PATH", help="the routes.toml to serve by")] = None,
    host: Annotated[str | None, typer.Option(help="address to listen on")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=MOST_PORTS, help="port; 0 takes a free one")] = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="processes behind the port")] = 1,
    takeover: Annotated[
        bool, typer.Option("--takeover", help="take the port over from the fcc that has it, if one does")
    ] = False,
    log: Annotated[
        LogFormat | None, typer.Option(help="text or json on stderr; text on a terminal, json elsewhere")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="say nothing but errors")] = False,
) -> int:
    """Run the proxy until it is told to stop: 0 when stopped, 2 when it could not start.

    Example: fcc serve --config routes.toml --port 0
    """
    keep_private()
    try:
        found = opened(config)
        may_share(found, workers)
        said = log.value if log else None
        app = ready_app(found, host_of(found, host), said, quiet=quiet)
        stand = Stand(app, found, quiet, said)
        stand.listen(port_of(found, port), takeover=takeover)
        return stand.alone() if workers == 1 else stand.together(workers)
    except Unusable as reason:
        print(f"fcc serve: {reason}", file=sys.stderr)
        return 2


PLAIN: dict[str, Reads] = {
    "--config": ("config", Path),
    "--host": ("host", str),
    "--port": ("port", int),
    "--log": ("log", LogFormat),
}
"""Options that need no Typer."""


def quick(words: Sequence[str]) -> int | None:
    """The usual call, without Typer: that takes a sixth of the time to the first answer. None: it is another one."""
    found = plain(words, PLAIN)
    if found is None or found.get("port", 0) > MOST_PORTS:
        return None
    return serve(**found)


def may_share(found: Opened, workers: int) -> None:
    """Whether so many processes may serve by this policy. Raises Unusable."""
    from engine.shared.meeting import address

    table = found.generation.policy.settings.state
    at = address(table, found.env)
    if at:
        from engine.shared.link import unusable

        if (reason := unusable(at)) is not None:
            raise Unusable(f"[state] redis: {reason}")
    elif workers > 1 and not table.limits_per_worker:
        raise Unusable(
            f"{workers} workers would each allow every limit in full: give them a Redis to share limits by "
            '([state] redis = "env:REDIS_URL"), or say limits_per_worker = true in [state]'
        )


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


def whose(host: str, port: int, takeover: bool) -> str:
    """What else there is to say of a port that is taken: by an fcc, maybe."""
    from fcc.checkup import answers

    if not answers(host, port):
        return ""
    if takeover:
        return (
            "; an fcc has it, but it keeps its state elsewhere or is another user's, so it does not hand over"
        )
    return "; an fcc has it, and `--takeover` replaces it without losing a request"


class Stand:
    """The place where an application serves: its socket, and who had it before."""

    def __init__(self, app: App, found: Opened, quiet: bool, log: str | None = None) -> None:
        self.app = app
        self.found = found
        self.quiet = quiet
        self.log = log
        self.listener: socket.socket
        self.before: Predecessor | None = None

    def listen(self, port: int, *, takeover: bool = False) -> None:
        """Bind, or take over. Raises Unusable."""
        from fcc.auth import is_loopback, open_door
        from fcc.handover import door, predecessor
        from fcc.listen import CannotListen, listening, place

        app = self.app
        if app.gate.access.weak and not is_loopback(app.bound):
            try:
                place(app.bound, port)
            except CannotListen as error:
                raise Unusable(str(error)) from None
            raise Unusable(open_door(app.bound))
        if takeover:
            self.before = predecessor(door(app.token_folder, app.bound, port))
        if self.before is not None:
            self.listener = self.before.listener
            return
        try:
            self.listener = listening(app.bound, port)
        except CannotListen as error:
            raise Unusable(f"{error}{whose(app.bound, port, takeover)}") from None

    def alone(self) -> int:
        """Serve in this process until told to stop."""
        from fcc.handover import Door
        from fcc.launch import Server

        def leave() -> None:
            server.should_exit = True

        def ready() -> None:
            self.accepting(way_out)

        def stopping() -> None:
            way_out.close()
            self.app.books.live.stop()

        way_out = Door(self.door, self.listener, leave)
        server = Server(self.app, ready, stopping=stopping)
        server.run([self.listener])
        way_out.close()
        return 0

    def together(self, workers: int) -> int:
        """Serve by several processes until told to stop. Raises Unusable."""
        from fcc.crew.hub import Hub
        from fcc.crew.processes import Crew, Failed, Order
        from fcc.handover import Door

        order = Order(str(self.found.path), self.app.bound, 0, 0, workers, self.log, self.quiet)

        async def main() -> None:
            loop = asyncio.get_running_loop()

            def leave() -> None:
                loop.call_soon_threadsafe(crew.stop)

            hub = Hub(self.app, self.found.data, workers)
            way_out = Door(self.door, self.listener, leave)
            crew = Crew(order, self.listener, hub, lambda: self.accepting(way_out), self.app.log.worker)
            crew.stopping = way_out.close
            try:
                await crew.run()
            finally:
                way_out.close()

        if sys.platform == "win32":
            raise Unusable("several workers need a system that passes sockets on; Windows does not")
        try:
            asyncio.run(main())
        except Failed as reason:
            raise Unusable(str(reason)) from None
        return 0

    def accepting(self, way_out: Door) -> None:
        """Connections are accepted: the predecessor may go, and a successor may come."""
        from fcc.listen import url

        if self.before is not None:
            self.before.dismiss()
        way_out.open()
        announce(self.app, url(self.listener), self.found.warnings, quiet=self.quiet)

    @property
    def door(self) -> Path:
        from fcc.handover import door

        return door(self.app.token_folder, self.app.bound, self.listener.getsockname()[1])


def announce(app: App, address: str, warnings: int, *, quiet: bool) -> None:
    """The line that scripts wait for, then how to use it."""
    from fcc.welcome import welcome

    try:
        print(f"fcc listening on {address}", flush=True)
        if not quiet:
            welcome(app, address, warnings)
    except OSError:
        return
