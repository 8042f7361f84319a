"""A new server takes the port over while clients stream, and nothing is lost. FCC_LONG=1 does it 24 times."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from fcc.handover import Door, door, passable, predecessor
from support.load import load, slowly, whole
from support.upstream import Upstream
from support.world import message, policy, until

TOKEN = "a-token-that-is-long-enough"
TIMES = 24 if os.environ.get("FCC_LONG") == "1" else 2
BOUND = 300.0

pytestmark = pytest.mark.skipif(not hasattr(socket, "send_fds"), reason="sockets are not passed on there")


@pytest.fixture
def home() -> Iterator[Path]:
    """Short, as addresses of Unix sockets must be."""
    with tempfile.TemporaryDirectory(prefix="fcc") as folder:
        yield Path(folder)


async def started(home: Path, *words: str) -> tuple[Process, str]:
    """A server that accepts, and its address."""
    env = {"PATH": os.environ["PATH"], "HOME": str(home), "ANTHROPIC_AUTH_TOKEN": TOKEN}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "fcc",
        "serve",
        "--config",
        "routes.toml",
        "-q",
        *words,
        cwd=home,
        env=env,
        stdout=PIPE,
    )
    try:
        assert process.stdout is not None
        line = await process.stdout.readline()
        assert line.startswith(b"fcc listening on http://")
    except BaseException:
        if process.returncode is None:
            process.kill()
        await process.wait()
        raise
    return process, line.decode().split()[-1]


@pytest.mark.parametrize(("workers", "times"), [("1", TIMES), ("2", 1)])
def test_nothing_is_lost_when_a_new_server_takes_over(home: Path, workers: str, times: int) -> None:
    async def test() -> None:
        async with asyncio.timeout(BOUND), Upstream(slowly(0.1)) as upstream:
            rules = policy("route rest use a/one", "[state]\nlimits_per_worker = true\n", a=upstream)
            (home / "routes.toml").write_text(rules)
            former: list[Process] = []
            running, url = await started(home, "--port", "0", "--workers", workers)
            port = url.rpartition(":")[2]
            try:
                async with load(url, TOKEN, message(), clients=6) as clients:
                    for number in range(times):
                        await until(lambda: clients.answered >= 6 * (number + 1))  # noqa: B023 - awaited at once
                        former.append(running)
                        running, again = await started(
                            home, "--port", port, "--workers", workers, "--takeover"
                        )
                        assert again == url
                    assert await asyncio.gather(*(old.wait() for old in former)) == [0] * times
                assert clients.lost == []
                assert clients.answered > 6 * times
            finally:
                running.send_signal(signal.SIGTERM)
                await running.wait()

    asyncio.run(test())
    assert list(home.rglob("*.sock")) == []


def test_a_successor_that_fails_changes_nothing(home: Path) -> None:
    left: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        path = door(home, "127.0.0.1", 1)
        way_out = Door(path, listener, lambda: left.append("left"))
        assert way_out.open()
        assert path.stat().st_mode & 0o777 == 0o600
        found = predecessor(path)
        assert found is not None
        assert found.listener.getsockname() == listener.getsockname()
        found.listener.close()
        found.line.close()
        second = predecessor(path)
        assert second is not None
        assert left == []
        second.dismiss()
        assert left == ["left"]
        second.listener.close()
        way_out.close()
    assert not path.exists()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_whoever_stops_keeps_nobody_waiting_and_leaves_the_port(home: Path, workers: str) -> None:
    """While answers go on: a connection that is accepted would not be answered, and the port is somebody else's."""

    async def test() -> None:
        async with asyncio.timeout(BOUND), Upstream(slowly(0.5)) as upstream:
            rules = policy("route rest use a/one", "[state]\nlimits_per_worker = true\n", a=upstream)
            (home / "routes.toml").write_text(rules)
            running, url = await started(home, "--port", "0", "--workers", workers)
            port = int(url.rpartition(":")[2])
            async with httpx.AsyncClient(headers={"x-api-key": TOKEN}, trust_env=False, timeout=20) as client:
                answer = asyncio.create_task(client.post(f"{url}/v1/messages", json=message(stream=True)))
                await until(lambda: len(upstream.requests) > 0)
                running.send_signal(signal.SIGTERM)
                await until(lambda: refused(port))
                assert not answer.done()
                with socket.create_server(("127.0.0.1", port)):
                    assert whole((await answer).text)
            assert await running.wait() == 0

    asyncio.run(test())


def refused(port: int) -> bool:
    """A connection is refused, not kept waiting; one that came as the door was closed is reset."""
    with contextlib.suppress(ConnectionResetError):
        try:
            socket.create_connection(("127.0.0.1", port), 1.0).close()
        except ConnectionRefusedError:
            return True
    return False


def test_a_successors_door_is_not_closed(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        path = door(home, "::1", 1)
        old, new = Door(path, listener, lambda: None), Door(path, listener, lambda: None)
        assert old.open()
        assert new.open()
        old.close()
        assert path.exists()
        new.close()
        assert not path.exists()


def test_there_may_be_nobody_to_take_over_from(home: Path) -> None:
    assert predecessor(door(home, "127.0.0.1", 1)) is None
    deep = door(home / ("x" * 100), "127.0.0.1", 1)
    assert not passable(deep)
    assert predecessor(deep) is None
