"""A ledger whose file is bad, locked, full or somebody else's: said once, no request waits, no row is lost."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from engine import ledger as ledger_module
from engine import ledger_pages, ledger_writer
from engine.ledger import PATIENCE, Ledger, Unreadable
from engine.ledger_file import NotALedger, opened, write
from engine.ledger_tables import GENERATIONS, VERSION
from support.decisions import row
from support.ledgers import FOREVER, count
from support.world import run, until


def corrupt(path: Path) -> Callable[[], None]:
    path.write_bytes(b"this is no database" * 1000)
    return path.unlink


def below_a_file(path: Path) -> Callable[[], None]:
    path.parent.rmdir()
    path.parent.write_text("not a folder")
    return path.parent.unlink


def a_folder(path: Path) -> Callable[[], None]:
    path.mkdir()
    return path.rmdir


def somebody_elses(path: Path) -> Callable[[], None]:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE photographs (name)")
    connection.close()
    return path.unlink


def of_tomorrow(path: Path) -> Callable[[], None]:
    connection = opened(path)
    connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    connection.close()
    return path.unlink


@pytest.mark.parametrize("spoil", [corrupt, below_a_file, a_folder, somebody_elses, of_tomorrow])
def test_a_bad_file_is_said_once_and_costs_no_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spoil: Callable[[Path], Callable[[], None]]
) -> None:
    failures: list[Exception] = []
    failed = ledger_writer.Writer._failed
    monkeypatch.setattr(ledger_writer, "AGAIN", 0.02)
    monkeypatch.setattr(
        ledger_writer.Writer, "_failed", lambda self, error: (failures.append(error), failed(self, error))
    )

    async def test() -> None:
        said: list[str | None] = []
        folder = tmp_path / "folder"
        folder.mkdir()
        mend = spoil(folder / "l")
        ledger = Ledger(folder / "l", FOREVER, said.append)
        await ledger.opened()
        before = asyncio.get_running_loop().time()
        for number in range(100):
            assert await ledger.remember(row(number)) is False
        assert asyncio.get_running_loop().time() - before < 1.0
        await until(lambda: len(failures) >= 3)
        assert len(said) == 1
        assert said[0] == ledger.problem
        with pytest.raises(Unreadable):
            await ledger.read(ledger_pages.sessions)
        mend()
        await until(lambda: ledger.problem is None)
        assert said[1:] == [None]
        await ledger.settled()
        assert count(ledger.path) == 100
        await ledger.aclose()

    run(test())


def test_another_applications_file_is_left_alone(tmp_path: Path) -> None:
    somebody_elses(tmp_path / "l")
    before = (tmp_path / "l").read_bytes()
    with pytest.raises(NotALedger, match="another application"):
        opened(tmp_path / "l")
    assert (tmp_path / "l").read_bytes() == before


def test_a_locked_file_delays_once_and_loses_nothing(tmp_path: Path) -> None:
    async def test() -> None:
        ledger = Ledger(tmp_path / "l", FOREVER)
        await ledger.remember(row(0))
        other = sqlite3.connect(tmp_path / "l", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        loop = asyncio.get_running_loop()
        began = loop.time()
        for number in range(1, 50):
            assert await ledger.remember(row(number)) is True
        assert loop.time() - began < PATIENCE * 10
        other.execute("ROLLBACK")
        other.close()
        await ledger.settled()
        assert count(tmp_path / "l") == 50
        await ledger.aclose()

    run(test())


def test_a_full_disk_is_survived(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_writer, "AGAIN", 0.05)
    monkeypatch.setattr(ledger_module, "MOST_WAITING", 20)
    full = True

    def on_a_full_disk(connection: Any, entries: Any) -> None:
        if full:
            raise sqlite3.OperationalError("database or disk is full")
        write(connection, entries)

    monkeypatch.setattr(ledger_writer, "write", on_a_full_disk)

    async def test() -> None:
        nonlocal full
        ledger = Ledger(tmp_path / "l", FOREVER)
        await ledger.opened()
        for number in range(50):
            await ledger.remember(row(number))
        await until(lambda: ledger.problem is not None)
        assert ledger.problem == "database or disk is full"
        assert ledger.lost == 30
        full = False
        await until(lambda: ledger.problem is None)
        assert await ledger.remember(row(99)) is True
        await ledger.settled()
        assert count(ledger.path) == 21
        await ledger.aclose()

    run(test())


def test_a_row_that_cannot_be_written_costs_no_other(tmp_path: Path) -> None:
    async def test() -> None:
        ledger = Ledger(tmp_path / "l", FOREVER)
        ledger.remember(row(0))
        ledger.put(GENERATIONS, 1.0, "id", True, "start", "no text: \udcff", [])
        ledger.put(GENERATIONS, 2**64, "id", True, "start", "path", [])
        ledger.remember(row(1))
        await ledger.settled()
        assert (ledger.problem, ledger.lost) == (None, 2)
        assert [count(tmp_path / "l", table) for table in ("decisions", "generations")] == [2, 0]
        await ledger.aclose()

    run(test())


def remove(folder: Path, names: str) -> None:
    for path in folder.glob(names):
        path.unlink()


@pytest.mark.parametrize("gone", ["l", "l*"])
def test_a_file_that_was_removed_is_made_again(tmp_path: Path, gone: str) -> None:
    async def test() -> None:
        ledger = Ledger(tmp_path / "l", FOREVER)
        await ledger.remember(row(0))
        await ledger.settled()
        remove(tmp_path, gone)
        await ledger.remember(row(1))
        found = await ledger.read(ledger_pages.decisions)
        assert [one["request"] for one in found["decisions"]] == ["req_1"]
        await ledger.aclose()
        assert count(tmp_path / "l") == 1

    run(test())


def test_a_file_that_is_being_made_is_nobody_elses(tmp_path: Path) -> None:
    """Workers that start together make one ledger."""
    with ThreadPoolExecutor(4) as pool:
        for number in range(25):
            together = threading.Barrier(4)

            def make(path: Path, together: threading.Barrier = together) -> None:
                together.wait(10)
                opened(path).close()

            made = [pool.submit(make, tmp_path / f"l{number}") for _ in range(4)]
            assert [one.exception() for one in made] == [None] * 4
