"""`fcc demo`: a failover to watch, with no key and no network."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from fcc.demo.server import Running
    from fcc.demo.show import Show


def demo(
    keep: Annotated[
        bool, typer.Option("--keep", help="leave the server running, to point Claude Code at")
    ] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="port of the server; 0 takes a free one")] = 0,
) -> int:
    """Show a failing model replaced while the answer streams: 0 when it came, 1 when not, 2 when it could not run.

    Example: fcc demo --keep
    """
    from fcc.listen import CannotListen

    try:
        with tempfile.TemporaryDirectory(prefix="fcc-demo-") as folder:
            return asyncio.run(play(Path(folder), port, keep=keep))
    except CannotListen as error:
        print(f"fcc demo: {error}", file=sys.stderr)
        return 2


async def play(folder: Path, port: int, *, keep: bool) -> int:
    """Upstreams, server and client in one process. Raises CannotListen."""
    from fcc.demo.policy import POLICY
    from fcc.demo.server import running
    from fcc.demo.show import Show
    from fcc.demo.upstream import Broken, Steady

    show = Show()
    show.heading("Two upstreams on this machine, one of them broken; no key, no network.")
    async with Broken(show.told) as broken, Steady(show.told) as steady:
        path = folder / "routes.toml"
        path.write_text(POLICY.format(broken=broken.port, steady=steady.port))
        for line in path.read_text().split("'''")[1].strip().splitlines():
            show.line(line, "green")
        async with running(path, show, port) as server:
            good = await ask(server, show)
            show.rest()
            if keep and good:
                await stay(server, folder, show)
    return 0 if good else 1


async def ask(server: Running, show: Show) -> bool:
    """One request as Claude Code sends it; whether its answer came whole."""
    from fcc.demo import client

    show.blank()
    show.heading(f"POST {server.address}/v1/messages")
    show.line(f'model claude-opus-5-5, stream: "{client.QUESTION}"')
    show.restart()
    last = ""
    async for last, data in client.ask(server.address, server.token.value):
        if last == "head":
            show.told(f"the response begins: {data['status']}, target {data.get('x-fcc-target')}", "")
        show.event(last, data)
    show.blank()
    return last == "message_stop"


async def stay(server: Running, folder: Path, show: Show) -> None:
    """Until Ctrl-C."""
    from fcc.welcome import exports

    show.blank()
    show.heading(
        "Still listening (Ctrl-C ends it). Every request gets this scripted answer. In another terminal:"
    )
    for line in exports(server.address, server.token, folder):
        show.line(line)
    show.line("claude")
    await server.over
