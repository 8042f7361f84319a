"""What a request costs: `python benchmarks/run.py [--rounds 3] [--requests 400]`.

Prints its set-up, then for fcc and for the floor (`baseline.py`) CPU microseconds of the whole server process, added
time to the first token, memory, and cold start, each beside its target. CPU time is read from the kernel, so it is
steadier than wall time on a shared machine. Loopback only; about a minute.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

HERE = Path(__file__).parent
TOKEN = "benchmark-token-0123456789"
TICK = os.sysconf("SC_CLK_TCK")

POLICY = """rules = '''
alias model = up/{model}
health *  3 failures in 30s, rest 30s
limit  *  1000000 per minute
{extra}
chain main = model then up/other
route small when model is "*haiku*" and tokens > 100M use main
route typed when model is "up/*" use requested
route rest use main
'''
[providers.up]
dialect = "openai-chat"
base_url = "http://127.0.0.1:{port}/v1"
key = ""
stream = "as asked"
"""


@dataclass
class Server:
    name: str
    process: subprocess.Popen[bytes]
    port: int
    cold: float
    """Seconds from the start to the first good answer."""

    def cpu(self) -> float:
        """Seconds of CPU used so far by the process and those it waited for."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:15])) / TICK

    def memory(self) -> float:
        """Proportional set size in MB."""
        for line in Path(f"/proc/{self.process.pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
        raise ValueError("no Pss line")


def request(model: str, *, stream: bool, size: int = 0) -> bytes:
    """A request as Claude Code sends it: `size` bytes of system text and tools, or a small one."""
    body: dict[str, Any] = {"model": f"up/{model}", "max_tokens": 1024, "stream": stream}
    body["messages"] = [{"role": "user", "content": "Say hello."}]
    if size:
        schema = {"type": "object", "properties": {"path": {"type": "string", "description": "x" * 300}}}
        tool = {"description": "reads a file " * 60, "input_schema": schema}
        body["tools"] = [{"name": f"Tool{index}", **tool} for index in range(size // 1500)]
        left = size - len(json.dumps(body))
        body["system"] = [{"type": "text", "text": "You are an agent. " * (left // 18)}]
    return json.dumps(body).encode()


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def started(
    name: str, command: list[str], port: int, probe: bytes, env: dict[str, str] | None = None
) -> Server:
    began = time.perf_counter()
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, **(env or {})}
    )
    head = f"POST /v1/messages HTTP/1.1\r\nhost: 127.0.0.1\r\nx-api-key: {TOKEN}\r\ncontent-type: application/json\r\n"
    raw = head.encode() + b"connection: close\r\ncontent-length: %d\r\n\r\n" % len(probe) + probe
    while time.perf_counter() - began < 30:
        try:
            with socket.create_connection(("127.0.0.1", port), 1) as one:
                one.sendall(raw)
                if one.recv(65536).startswith(b"HTTP/1.1 200"):
                    return Server(name, process, port, time.perf_counter() - began)
        except OSError:
            time.sleep(0.005)
    process.kill()
    raise SystemExit(f"{name} did not answer")


async def ask(client: aiohttp.ClientSession, url: str, body: bytes) -> float:
    """Seconds to the first content; the answer is read to its end."""
    began, first = time.perf_counter(), 0.0
    async with client.post(url, data=body) as answer:
        assert answer.status == 200, await answer.text()
        async for data in answer.content.iter_any():
            if not first and b"text" in data:
                first = time.perf_counter() - began
    return first


async def cost(server: Server, body: bytes, count: int, width: int = 4) -> float:
    """CPU microseconds a request."""
    headers = {"x-api-key": TOKEN, "content-type": "application/json"}
    async with aiohttp.ClientSession(headers=headers) as client:
        url = f"http://127.0.0.1:{server.port}/v1/messages"

        async def several(number: int) -> None:
            for _ in range(number):
                await ask(client, url, body)

        await asyncio.gather(*(several(10) for _ in range(width)))
        before = server.cpu()
        await asyncio.gather(*(several(count // width) for _ in range(width)))
        return (server.cpu() - before) / (count // width * width) * 1e6


async def first_token(url: str, body: bytes, path: str) -> list[float]:
    """Milliseconds to the first token with eight streams at once."""
    headers = {"x-api-key": TOKEN, "content-type": "application/json"}
    async with aiohttp.ClientSession(headers=headers) as client:
        times: list[float] = []

        async def several() -> None:
            for _ in range(25):
                times.append(await ask(client, url + path, body) * 1000)

        await asyncio.gather(*(several() for _ in range(8)))
        return sorted(times[16:])


def percentile(values: list[float], share: float) -> float:
    return values[min(int(len(values) * share), len(values) - 1)]


WORK: list[tuple[str, Callable[[], bytes], float | None]] = [
    ("small request, µs", lambda: request("whole", stream=False), 450),
    ("67 KB request, µs", lambda: request("whole", stream=False, size=67_000), 800),
    ("200-chunk stream, µs", lambda: request("burst-200", stream=True), 1200),
    ("1-chunk stream, µs", lambda: request("burst-1", stream=True), None),
]


def row(name: str, target: object, *values: str) -> None:
    print(
        f"| {name:<28} | {target!s:>8} | " + " | ".join(f"{value:>16}" for value in values) + " |", flush=True
    )


def compare(servers: list[Server], upstream: int, rounds: int, count: int) -> None:
    row("figure", "target", *(server.name for server in servers))
    row("-" * 28, "-" * 8, *("-" * 16 for _ in servers))
    for name, make, target in WORK:
        found: list[list[float]] = [[] for _ in servers]
        for _ in range(rounds):
            for index, server in enumerate(servers):
                found[index].append(asyncio.run(cost(server, make(), count)))
        spans = (f"{statistics.median(one):.0f} [{min(one):.0f}-{max(one):.0f}]" for one in found)
        row(name, target or "–", *spans)
    chat = json.dumps({"model": "drip-20", "stream": True, "messages": []}).encode()
    direct = asyncio.run(first_token(f"http://127.0.0.1:{upstream}", chat, "/v1/chat/completions"))
    for share, target in ((0.5, 0.8), (0.99, 3)):
        added = []
        for server in servers:
            body = request("drip-20", stream=True)
            times = asyncio.run(first_token(f"http://127.0.0.1:{server.port}", body, "/v1/messages"))
            added.append(f"{percentile(times, share) - percentile(direct, share):.2f}")
        row(f"added first token p{share * 100:.0f}, ms", target, *added)
    row("memory after load, MB", "70 idle", *(f"{server.memory():.0f}" for server in servers))
    row("cold start, s", 0.8, *(f"{server.cold:.2f}" for server in servers))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--requests", type=int, default=400)
    parser.add_argument(
        "--routes", type=int, default=50, help="routes in fcc's policy before the one that matches"
    )
    options = parser.parse_args()
    print(
        f"{platform.platform()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, Python {sys.version.split()[0]}"
    )
    print(
        f"{options.rounds} rounds of {options.requests} requests, 4 at once; {options.routes} routes; medians [range]\n"
    )
    upstream = subprocess.Popen(
        [sys.executable, HERE / "upstream.py"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert upstream.stdout is not None
    assert upstream.stdin is not None
    port = int(upstream.stdout.readline())
    servers: list[Server] = []
    try:
        with tempfile.TemporaryDirectory() as folder:
            extra = "\n".join(
                f'route r{i} when model is "never-{i}-*" use main' for i in range(options.routes)
            )
            policy = Path(folder) / "routes.toml"
            policy.write_text(POLICY.format(model="whole", port=port, extra=extra))
            own, other = free_port(), free_port()
            probe = request("whole", stream=False)
            state = {"ANTHROPIC_AUTH_TOKEN": TOKEN, "XDG_STATE_HOME": folder, "XDG_DATA_HOME": folder}
            serve = [sys.executable, "-m", "fcc", "serve", "--config", str(policy), "--port", str(own)]
            servers.append(started("fcc", serve, own, probe, state))
            print(f"idle memory of fcc: {servers[0].memory():.0f} MB\n")
            floor = [sys.executable, str(HERE / "baseline.py"), f"http://127.0.0.1:{port}/v1", str(other)]
            servers.append(started("floor", floor, other, probe))
            compare(servers, port, options.rounds, options.requests)
    finally:
        for server in servers:
            server.process.send_signal(signal.SIGTERM)
            server.process.wait(10)
        upstream.stdin.close()
        upstream.wait(10)


if __name__ == "__main__":
    main()
