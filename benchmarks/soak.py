"""Does anything grow? `python benchmarks/soak.py [--minutes 15] [--streams 40]`.

A real server under streams that never pause, of which one in twenty meets a fault of its upstream and one in twenty
is left by its client. Every second the process is looked at from outside; its asyncio tasks are counted from inside,
by a signal. Prints how memory grows after the warm-up, and tasks, descriptors and sockets before and after.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import signal
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import aiohttp

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from support.process import Process, serving  # noqa: E402
from support.upstream import (  # noqa: E402
    OPENAI_END,
    Behaviour,
    Peer,
    Upstream,
    answer,
    cut_after,
    openai_chunk,
    raw,
    reset,
)

FAULTY = LEFT = 0.05
"""Shares of requests that meet a fault, and that are left by their client."""
MOST_GROWTH = 1.0
"""MB in ten minutes."""
WARM_UP = 0.2
"""Share of the time that does not count, at most two minutes."""
RULES = "route rest use a/m then b/m, retry 0"
PIECES = [openai_chunk(f"word{index} ") for index in range(20)]
FAULTS: tuple[Behaviour, ...] = (
    reset,
    answer(500, b'{"error":{"message":"boom"}}'),
    answer(200, b"<html>", "content-type: text/html"),
    cut_after(b""),
    cut_after(PIECES[0], rst=True),
    raw(b"garbage\r\n\r\n"),
)
INSIDE = """
import asyncio, os, signal, sys
def tell(*_):
    with open(sys.argv[1], "w") as file:
        file.write(str(len(asyncio.all_tasks())))
signal.signal(signal.SIGUSR1, tell)
from fcc.cli import main
sys.exit(main(sys.argv[2:]))
"""
"""`fcc`, which writes the number of its tasks into a file when it is sent SIGUSR1."""


@dataclass(frozen=True, slots=True)
class Look:
    """The server at one moment. `at` in seconds, `resident` in MB."""

    at: float
    resident: float
    descriptors: int
    sockets: int
    tasks: int


@dataclass(frozen=True, slots=True)
class Result:
    """`growth`: MB in ten minutes; `answered`, `failed` and `left` count requests."""

    growth: float
    before: Look
    after: Look
    answered: int
    failed: int
    left: int

    def good(self) -> bool:
        same = (
            abs(self.after.tasks - self.before.tasks) <= 2
            and abs(self.after.descriptors - self.before.descriptors) <= 2
        )
        return self.growth < MOST_GROWTH and same


class Load:
    """Clients that ask and ask again. `seed` decides who meets what."""

    def __init__(self, fcc: Process, seed: int) -> None:
        self.fcc = fcc
        self.random = random.Random(seed)
        self.over = False
        self.counts = {"answered": 0, "failed": 0, "left": 0}

    async def client(self, session: aiohttp.ClientSession) -> None:
        while not self.over:
            number = sum(self.counts.values())
            body = {
                "model": "claude-opus-5-5",
                "max_tokens": 100,
                "stream": True,
                "messages": [{"role": "user", "content": f"request {number}"}],
            }
            headers = {**self.fcc.headers, "x-session-id": f"session-{number}"}
            with contextlib.suppress(aiohttp.ClientError):
                self.counts[await self.ask(session, body, headers)] += 1

    async def ask(self, session: aiohttp.ClientSession, body: dict[str, Any], headers: Any) -> str:
        async with session.post(f"{self.fcc.address}/v1/messages", json=body, headers=headers) as response:
            leaves = self.random.random() < LEFT
            heard = b""
            async for data in response.content.iter_any():
                heard += data
                if leaves:
                    response.close()
                    return "left"
        return "answered" if b"message_stop" in heard else "failed"


def upstream(seed: int) -> Upstream:
    chance = random.Random(seed)

    async def behave(peer: Peer) -> None:
        if chance.random() < FAULTY:
            await chance.choice(FAULTS)(peer)
            peer.fin()
            return
        await peer.stream_head()
        for piece in PIECES:
            await peer.chunk(piece)
            await asyncio.sleep(0.005)
        await peer.chunk(OPENAI_END)
        await peer.chunk(b"")

    return Upstream(behave)


async def look(fcc: Process, told: Path, began: float) -> Look:
    clear(told)
    fcc.running.send_signal(signal.SIGUSR1)
    for _ in range(250):
        if content(told):
            break
        await asyncio.sleep(0.02)
    links = opened(fcc)
    sockets = sum(link.startswith("socket:") for link in links)
    return Look(time.monotonic() - began, fcc.resident(), len(links), sockets, int(content(told) or -1))


def clear(path: Path) -> None:
    path.write_text("")


def content(path: Path) -> str:
    return path.read_text()


def opened(fcc: Process) -> list[str]:
    """What the descriptors of the process are."""
    folder = Path(f"/proc/{fcc.running.pid}/fd")
    links = []
    for name in os.listdir(folder):
        with contextlib.suppress(OSError):
            links.append(os.readlink(folder / name))
    return links


def slope(looks: list[Look]) -> float:
    """MB in ten minutes, by least squares."""
    mean_at = sum(one.at for one in looks) / len(looks)
    mean = sum(one.resident for one in looks) / len(looks)
    spread = sum((one.at - mean_at) ** 2 for one in looks)
    return 600 * sum((one.at - mean_at) * (one.resident - mean) for one in looks) / spread if spread else 0.0


async def soak(seconds: float, streams: int, *, seed: int = 1, say: Any = None) -> Result:
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "tasks"
        began = time.monotonic()
        a, b = upstream(seed), upstream(seed + 1)
        inside = ("-c", INSIDE, str(told))
        async with serving(RULES, words=("--quiet",), python=inside, a=a, b=b) as fcc:
            load = Load(fcc, seed)
            await burst(load, streams, 1.0)
            before = await settled(fcc, told, began, (a, b))
            load.over, load.counts = False, dict.fromkeys(load.counts, 0)
            watching = asyncio.create_task(watch(fcc, told, began, seconds, say))
            await burst(load, streams, seconds)
            looks = await watching
            after = await settled(fcc, told, began, (a, b))
        start = looks[0].at + min(seconds * WARM_UP, 120.0)
        return Result(slope([one for one in looks if one.at >= start]), before, after, **load.counts)


async def burst(load: Load, streams: int, seconds: float) -> None:
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:
        clients = [asyncio.create_task(load.client(session)) for _ in range(streams)]
        await asyncio.sleep(seconds)
        load.over = True
        await asyncio.gather(*clients)


async def watch(fcc: Process, told: Path, began: float, seconds: float, say: Any) -> list[Look]:
    looks = []
    end = time.monotonic() + seconds - 0.5
    while time.monotonic() < end:
        looks.append(await look(fcc, told, began))
        if say is not None and len(looks) % 30 == 0:
            say(f"{looks[-1].at:6.0f} s  {looks[-1].resident:6.1f} MB  {looks[-1].tasks} tasks")
        await asyncio.sleep(1.0)
    return looks


async def settled(fcc: Process, told: Path, began: float, upstreams: tuple[Upstream, ...]) -> Look:
    """The server once nobody asks and nothing is left open."""
    for one in upstreams:
        one.hang_up()
    now = await look(fcc, told, began)
    for _ in range(20):
        await asyncio.sleep(0.25)
        before, now = now, await look(fcc, told, began)
        if (before.tasks, before.descriptors) == (now.tasks, now.descriptors) and now.sockets <= 6:
            break
    return now


def report(result: Result, seconds: float, streams: int) -> str:
    before, after = result.before, result.after
    asked = result.answered + result.failed + result.left
    return "\n".join(
        [
            f"{streams} streams for {seconds / 60:.1f} min: {asked:,} requests, {result.answered:,} answered, "
            f"{result.failed:,} failed, {result.left:,} left",
            f"memory    {result.growth:+.2f} MB in 10 min after the warm-up "
            f"({before.resident:.1f} MB before, {after.resident:.1f} MB after); target under {MOST_GROWTH:g}",
            f"tasks     {before.tasks} before, {after.tasks} after",
            f"open      {before.descriptors} before, {after.descriptors} after "
            f"(sockets {before.sockets} and {after.sockets})",
        ]
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=15.0)
    parser.add_argument("--streams", type=int, default=40)
    parser.add_argument("--json", action="store_true", help="one object and nothing else")
    chosen = parser.parse_args()
    seconds = chosen.minutes * 60
    say = None if chosen.json else lambda line: print(line, flush=True)
    result = asyncio.run(soak(seconds, chosen.streams, say=say))
    print(json.dumps(asdict(result)) if chosen.json else report(result, seconds, chosen.streams))
    return 0 if result.good() else 1


if __name__ == "__main__":
    sys.exit(main())
