"""Several workers behind one port: how they start, are replaced, and stop; and why they do not start."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import httpx
import pytest

from fcc import launch
from fcc.cli import main
from fcc.crew import processes
from fcc.crew.processes import Crew, Order
from support.process import Start, address_of, children, finished, starting
from support.redis_server import needs_redis, redis_server

POLICY = "rules = '''\nroute rest answer \"served\"\n'''\n[state]\nlimits_per_worker = true\n"
TOKEN = "a-token-that-is-long-enough"
ASKED = {"model": "x", "max_tokens": 10, "messages": [{"role": "user", "content": "hi"}]}
BOUND = 30.0

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sockets are not passed on there")


@pytest.fixture
def home() -> Iterator[Path]:
    """Short, as addresses of Unix sockets must be."""
    with tempfile.TemporaryDirectory(prefix="fcc") as folder:
        (Path(folder) / "routes.toml").write_text(POLICY)
        yield Path(folder)


@pytest.fixture
def start(home: Path) -> Iterator[Start]:
    """`start(*words)`: `fcc serve` on a free port, with more words on its command line."""
    with starting(home) as begin:

        def serve(*words: str, **env: str) -> subprocess.Popen[str]:
            serving = ("fcc", "serve", "--config", "routes.toml", "--log", "json", "--port", "0")
            return begin(*serving, *words, ANTHROPIC_AUTH_TOKEN=TOKEN, **env)

        yield serve


def ask(address: str) -> httpx.Response:
    return httpx.post(f"{address}/v1/messages", json=ASKED, headers={"x-api-key": TOKEN}, trust_env=False)


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + BOUND
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_they_serve_are_replaced_and_stop_together(start: Start) -> None:
    process = start("--workers", "2")
    address = address_of(process)
    assert {ask(address).status_code for _ in range(10)} == {200}
    before = children(process.pid)
    assert len(before) == 2
    killed = before.pop()
    os.kill(killed, signal.SIGKILL)
    assert {ask(address).status_code for _ in range(10)} == {200}
    until(lambda: len(children(process.pid) - {killed}) == 2)
    workers = children(process.pid)
    process.send_signal(signal.SIGTERM)
    code, out, err = finished(process)
    assert (code, out) == (0, "")
    assert all(gone(pid) for pid in workers)
    (ended,) = [row for row in map(json.loads, err.splitlines()) if row["event"] == "worker"]
    assert (ended["pid"], ended["exit"]) == (killed, -9)


@pytest.mark.parametrize("until_started", [0, 1, 2])
def test_told_to_stop_while_they_start_they_stop(start: Start, until_started: int) -> None:
    process = start("--workers", "2")
    until(lambda: len(children(process.pid)) >= until_started and handles(process.pid, signal.SIGTERM))
    process.send_signal(signal.SIGTERM)
    assert finished(process) == (0, "", "")


def handles(pid: int, number: signal.Signals) -> bool:
    """It has said what to do at a signal."""
    status = Path(f"/proc/{pid}/status").read_text()
    caught = int(next(line for line in status.splitlines() if line.startswith("SigCgt:")).split()[1], 16)
    return bool(caught >> (number - 1) & 1)


def test_a_worker_is_not_killed_while_it_may_still_answer() -> None:
    assert processes.ENDS_WITHIN > launch.LAME_DUCK + launch.DRAIN + launch.FAREWELL
    assert processes.ENDS_AT_ONCE_WITHIN > launch.FAREWELL


def test_a_worker_that_cannot_be_started_now_is_started_later(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The machine was out of memory or descriptors for a moment."""
    monkeypatch.setattr(processes, "BACK_OFF", (0.01,))
    begun, heard = list[int](), list[tuple[int, int, float]]()

    async def begin(*_: object, **__: object) -> None:
        begun.append(1)
        if len(begun) == 3:
            crew.stop()
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    async def test() -> None:
        nonlocal crew
        order = Order("routes.toml", "127.0.0.1", 0, 0, 1)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            crew = Crew(order, listener, mock.Mock(), lambda: None, lambda *told: heard.append(told))
            before = len(os.listdir("/proc/self/fd"))
            await asyncio.wait_for(crew._watch(None), 10)
            assert len(os.listdir("/proc/self/fd")) == before

    crew: Any = None
    monkeypatch.setattr(asyncio, "create_subprocess_exec", begin)
    asyncio.run(test())
    assert heard == [(0, -1, 0.01)] * 3
    assert "a worker could not be started: Resource temporarily unavailable" in capsys.readouterr().err


def test_workers_do_not_outlive_their_parent(start: Start) -> None:
    process = start("--workers", "2")
    address_of(process)
    workers = children(process.pid)
    assert [gone(pid) for pid in workers] == [False, False]
    process.kill()
    until(lambda: all(map(gone, workers)))
    assert [gone(pid) for pid in workers] == [True, True]


def test_all_of_them_follow_the_file(start: Start, home: Path) -> None:
    process = start("--workers", "2")
    address = address_of(process)
    assert "served" in ask(address).text
    (home / "routes.toml").write_text(POLICY.replace("served", "changed"))
    until(lambda: all("changed" in ask(address).text for _ in range(20)))


@needs_redis
def test_with_redis_nothing_needs_to_be_said(start: Start, home: Path) -> None:
    with redis_server(password="hunter2-hunter2") as server:
        (home / "routes.toml").write_text(POLICY.split("[state]")[0] + '[state]\nredis = "env:REDIS_URL"\n')
        process = start("--workers", "2", REDIS_URL=server.url)
        assert ask(address_of(process)).status_code == 200
        assert server.say("ZCARD", "fcc:processes") == b":2\r\n"
        process.send_signal(signal.SIGTERM)
        _, _, err = finished(process)
        assert server.say("ZCARD", "fcc:processes") == b":0\r\n"
    assert "hunter2" not in err


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("", "limits_per_worker = true"),
        ('[state]\nredis = "env:UNSET_URL"\n', "limits_per_worker = true"),
        ('[state]\nredis = "http://127.0.0.1"\n', "must begin with one of redis://"),
    ],
)
def test_why_they_do_not_start(
    home: Path, table: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "routes.toml").write_text(POLICY.split("[state]")[0] + table)
    monkeypatch.setattr(os, "environ", {"HOME": str(home)})
    monkeypatch.setattr(os, "umask", lambda mask: 0)
    words = ["serve", "--config", str(home / "routes.toml"), "--port", "0", "--workers", "2"]
    assert main(words) == 2
    assert said in capsys.readouterr().err
