"""`fcc serve` as a process of its own: what it prints, what it costs, and how long it keeps others waiting.

    async with serving("route rest use a/model", a=upstream) as fcc:
        before = fcc.memory()
        ...
        assert fcc.memory() - before < 16

Memory is the peak of the resident set since the last `forget_peak`, so that what was freed again counts too.

For tests of how it starts and ends there is `starting`, with processes as the standard library has them.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from support.upstream import Upstream
from support.world import TOKEN, message, policy

PATIENCE = 20.0
"""Seconds until a process that does not start or stop has failed."""
PULSE = """
import select, socket, sys, time
asking = b"GET /api/hello HTTP/1.1\\r\\nhost: localhost\\r\\n\\r\\n"
server = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 20)
longest = 0.0
for beat in range(1_000_000):
    began = time.perf_counter()
    server.sendall(asking)
    answer = b""
    while not answer.endswith(b"}"):
        piece = server.recv(65536)
        assert piece, "the server has closed the connection"
        answer += piece
    assert answer.startswith(b"HTTP/1.1 200"), answer
    if beat > 9:
        longest = max(longest, time.perf_counter() - began)
    if beat == 9:
        print("beating", flush=True)
    if select.select([sys.stdin], [], [], 0.005)[0]:
        break
print(longest)
"""
"""A process that asks for something small every five milliseconds until its input closes, then says the longest wait:
in a process of its own, so that a busy test does not count."""


@dataclass(eq=False)
class Pauses:
    """`longest`: seconds, once the watching is over."""

    longest: float = 0.0


@dataclass(eq=False)
class Process:
    """A running server; `folder` is its home, with everything it writes."""

    address: str
    folder: Path
    running: asyncio.subprocess.Process
    client: httpx.AsyncClient
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def port(self) -> int:
        return int(self.address.rpartition(":")[2])

    def forget_peak(self) -> None:
        """Peak memory is counted from now on."""
        Path(f"/proc/{self.running.pid}/clear_refs").write_text("5")

    def peak(self) -> float:
        """Most memory that was resident since `forget_peak`, in MB."""
        return self._status("VmHWM")

    def resident(self) -> float:
        """Memory that is resident now, in MB."""
        return self._status("VmRSS")

    def proc(self, name: str) -> bytes:
        """A file of the kernel about the process."""
        return Path(f"/proc/{self.running.pid}/{name}").read_bytes()

    def descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self.running.pid}/fd"))

    def _status(self, name: str) -> float:
        for line in self.proc("status").decode().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) / 1024
        raise ValueError(f"no {name}")

    async def post(self, text: str = "hi", **fields: object) -> httpx.Response:
        return await self.client.post("/v1/messages", json=message(text, **fields))

    @contextlib.asynccontextmanager
    async def watched(self) -> AsyncGenerator[Pauses, None]:
        """Sends small requests all the while the block runs; how slow they were is known after it."""
        pauses = Pauses()
        pulse = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", PULSE, str(self.port)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert pulse.stdout is not None
        await pulse.stdout.readline()
        try:
            yield pauses
        finally:
            out, _ = await pulse.communicate(b"")
            pauses.longest = float(out)

    def written(self) -> dict[Path, bytes]:
        """Every file in its home but the policy, stdout and stderr among them."""
        files = (path for path in self.folder.rglob("*") if path.is_file() and path.name != "routes.toml")
        return {path: path.read_bytes() for path in files}


@contextlib.asynccontextmanager
async def serving(
    rules: str,
    tables: str = "",
    *,
    env: Mapping[str, str] | None = None,
    words: tuple[str, ...] = (),
    text: str | None = None,
    python: tuple[str, ...] = ("-m", "fcc"),
    **upstreams: Upstream,
) -> AsyncGenerator[Process, None]:
    """`tables` is appended to the policy, or `text` is all of it; `words` are appended to the command;
    `python` is what the interpreter runs as `fcc`.
    """
    async with contextlib.AsyncExitStack() as stack:
        for upstream in upstreams.values():
            await stack.enter_async_context(upstream)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        path = folder / "routes.toml"
        path.write_text(text if text is not None else policy(rules, tables, **upstreams))
        clean = clean_environment(folder, {"ANTHROPIC_AUTH_TOKEN": TOKEN, **(env or {})})
        with (folder / "stderr").open("wb") as errors:
            running = await asyncio.create_subprocess_exec(
                *(sys.executable, *python, "serve", "--config", str(path), "--port", "0", *words),
                env=clean,
                cwd=folder,
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
            )
        try:
            address = await first_line(running, folder)
            headers = {"x-api-key": clean["ANTHROPIC_AUTH_TOKEN"]}
            client = httpx.AsyncClient(base_url=address, headers=headers, timeout=PATIENCE, trust_env=False)
            await stack.enter_async_context(client)
            yield Process(address, folder, running, client, headers)
        finally:
            await ended(running, folder)


async def first_line(running: asyncio.subprocess.Process, folder: Path) -> str:
    """The address in the line that says it listens."""
    assert running.stdout is not None
    async with asyncio.timeout(PATIENCE):
        line = await running.stdout.readline()
    address = listening_at(line.decode())
    assert address, (folder / "stderr").read_text()
    return address


async def ended(running: asyncio.subprocess.Process, folder: Path) -> None:
    """Stop it, by force if it takes too long; what it printed is kept in `folder`."""
    assert running.stdout is not None
    for stop in (running.terminate, running.terminate, running.kill):
        with contextlib.suppress(ProcessLookupError):
            stop()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(3.0):
                await running.wait()
                break
    (folder / "stdout").write_bytes(await running.stdout.read())


Start = Callable[..., subprocess.Popen[str]]


@contextlib.contextmanager
def starting(home: Path) -> Generator[Start, None, None]:
    """`start("fcc", "serve", …, NAME="value")`: `python -m …` in `home`, with an environment of its own. Everything
    still running is killed in the end.
    """
    running: list[subprocess.Popen[str]] = []

    def start(*words: str, **env: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", *words],
            env=clean_environment(home, env),
            cwd=home,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        return process

    yield start
    for process in running:
        process.kill()
        process.communicate()


def address_of(process: subprocess.Popen[str]) -> str:
    """The address in the line that says it listens."""
    assert process.stdout is not None
    address = listening_at(process.stdout.readline())
    assert address, process.communicate()
    return address


def finished(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Its status, and what it still had to say on stdout and stderr."""
    out, err = process.communicate(timeout=PATIENCE)
    return process.returncode, out, err


def children(pid: int) -> set[int]:
    """Processes that it has started, by id."""
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True)
    return {int(child) for child in found.stdout.split()}


def clean_environment(home: Path, env: Mapping[str, str]) -> dict[str, str]:
    """Nothing of ours but where programs are."""
    return {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONUNBUFFERED": "1", **env}


def listening_at(line: str) -> str:
    """The address in the first line of a server; "" for another line."""
    return line.split()[-1] if line.startswith("fcc listening on http://") else ""
