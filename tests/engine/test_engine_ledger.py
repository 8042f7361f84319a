"""The ledger: rows are there when it says so, and a file that cannot be written holds nobody up."""

from __future__ import annotations

import asyncio
import errno
import os
import random
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from engine import ledger_journal, ledger_pages
from engine.decision import Decision
from engine.ledger import Ledger
from engine.ledger_file import forget, opened, opened_to_read, write
from engine.ledger_journal import Journal
from engine.ledger_tables import ASIDES, DECISIONS, TABLES, insert, ledger_tables
from engine.sessions import Sessions
from support.decisions import row
from support.ledgers import FOREVER, count
from support.world import run


def filled(path: Path, rows: list[Decision]) -> sqlite3.Connection:
    connection = opened(path)
    for start in range(0, len(rows), 500):
        write(connection, [(insert, DECISIONS, one) for one in rows[start : start + 500]])
    return connection


def test_columns_are_the_fields_of_a_decision() -> None:
    assert DECISIONS.names == Decision.__struct_fields__


def test_every_column_is_documented() -> None:
    listed = ledger_tables()
    assert [name for name, _, _ in listed] == [table.name for table in TABLES]
    assert all(doc and columns and all(meaning for _, _, meaning in columns) for _, doc, columns in listed)


def test_a_row_is_in_the_file_when_the_wait_is_over(tmp_path: Path) -> None:
    async def test() -> None:
        ledger = Ledger(tmp_path / "deep" / "ledger.sqlite", FOREVER)
        await ledger.opened()
        assert await ledger.remember(row(1, error="overloaded_error", status=529)) is True
        found = await ledger.read(ledger_pages.decision, "req_1")
        assert found is not None
        assert (found["status"], found["error"], found["stream"]) == (529, "overloaded_error", True)
        assert found["attempts"] == [
            {"target": "a/one", "failure": None, "after": 1.0, "ms": 900.0, "first_token_ms": 110.0}
        ]
        assert found["facts"]["tokens"] == 1200
        assert (ledger.path.stat().st_mode & 0o777) == 0o600
        await ledger.aclose()

    run(test())


def test_many_at_once_are_committed_together(tmp_path: Path) -> None:
    async def test() -> None:
        ledger = Ledger(tmp_path / "l", FOREVER)
        await ledger.opened()
        done = [ledger.remember(row(number, session=f"s{number % 7}")) for number in range(700)]
        await asyncio.gather(*done)
        await ledger.settled()
        assert count(ledger.path) == 700
        await ledger.aclose()
        assert ledger.lost == 0

    run(test())


def test_what_was_sent_last_is_kept_when_it_closes(tmp_path: Path) -> None:
    async def test() -> None:
        ledger = Ledger(tmp_path / "l", FOREVER)
        for number in range(50):
            ledger.remember(row(number))
        await ledger.aclose()
        assert count(ledger.path) == 50

    run(test())


def test_two_ledgers_share_a_file(tmp_path: Path) -> None:
    async def test() -> None:
        both = [Ledger(tmp_path / "l", FOREVER), Ledger(tmp_path / "l", FOREVER)]
        for number in range(200):
            await asyncio.gather(*(one.remember(row(number)) for one in both))
        for one in both:
            await one.aclose()
            assert one.problem is None
        connection = opened_to_read(tmp_path / "l")
        assert ledger_pages.sessions(connection)["sessions"][0]["requests"] == 400
        connection.close()

    run(test())


def random_rows(seed: int, number: int) -> list[Decision]:
    chance = random.Random(seed)
    return [
        row(
            index,
            session=f"s{chance.randrange(5)}",
            sub_agent=chance.choice(["", "", "a1", "a2"]),
            route=chance.choice(["rest", "quick"]),
            target=chance.choice(["a/one", "b/two", ""]),
            status=chance.choice([200, 200, 529, 499]),
            error=chance.choice([None, "overloaded_error"]),
            failovers=chance.randrange(3),
            tokens_in=chance.choice([None, 7, 100]),
            cache_read=chance.choice([None, 5]),
            first_token_ms=chance.choice([None, 10.0, 20.5]),
        )
        for index in range(number)
    ]


@pytest.mark.parametrize("seed", range(5))
def test_memory_and_file_say_the_same(tmp_path: Path, seed: int) -> None:
    rows = random_rows(seed, 200)
    memory = Sessions()
    for one in rows:
        memory.add(one)
    filled(tmp_path / "l", rows).close()
    connection = opened_to_read(tmp_path / "l")
    for order in ledger_pages.ORDERS:
        ours, theirs = memory.sessions(order), ledger_pages.sessions(connection, order)
        assert ours == theirs
    ours, theirs = memory.session("s1"), ledger_pages.session(connection, "s1")
    assert ours is not None
    assert theirs is not None
    assert {**ours, "sub_agents": 0, "decisions": 0} == {**theirs, "sub_agents": 0, "decisions": 0}
    assert [one["request"] for one in ours["decisions"]] == [one["request"] for one in theirs["decisions"]]
    assert {one["sub_agent"]: one["requests"] for one in ours["sub_agents"]} == {
        one["sub_agent"]: one["requests"] for one in theirs["sub_agents"]
    }
    connection.close()


def test_decisions_are_paged_without_gaps(tmp_path: Path) -> None:
    filled(tmp_path / "l", random_rows(1, 95)).close()
    connection = opened_to_read(tmp_path / "l")
    seen: list[int] = []
    before = None
    while True:
        page = ledger_pages.decisions(connection, limit=10, before=before)
        seen += [one["id"] for one in page["decisions"]]
        before = page["next"]
        if before is None:
            break
    assert seen == list(range(95, 0, -1))
    connection.close()


def test_memory_does_not_grow_with_sessions() -> None:
    memory = Sessions(most=10)
    for number in range(5_000):
        memory.add(row(number, session=f"s{number}", sub_agent=f"a{number}", target=f"a/{number}"))
    assert len(memory) == 10
    for number in range(500):
        memory.add(row(number, session="one", sub_agent=f"a{number}", target=f"a/{number}"))
    found = memory.session("one")
    assert found is not None
    assert found["requests"] == 500
    assert len(found["models"]) == len(found["sub_agents"]) == 50


def test_what_is_old_is_forgotten(tmp_path: Path) -> None:
    connection = filled(tmp_path / "l", [row(number, session=f"s{number}") for number in range(1_200)])
    write(connection, [(insert, ASIDES, ('["a","0"]', 500.0, "w", None, "", ""))])
    while forget(connection, oldest=1_000.0 + 1_100, now=5_000.0):
        pass
    for table in ("decisions", "sessions", "uses"):
        assert count(tmp_path / "l", table) == 100
    assert count(tmp_path / "l", "asides") == 0
    connection.close()


def test_what_is_too_much_is_forgotten(tmp_path: Path) -> None:
    connection = filled(tmp_path / "l", [row(number, session=f"s{number}") for number in range(3_000)])
    most = 1_000_000
    for _ in range(20):
        if not forget(connection, oldest=0.0, now=9e9, most_bytes=most):
            break
    left = count(tmp_path / "l")
    assert 100 < left < 2_500
    assert count(tmp_path / "l", "sessions") <= left + 1
    newest = ledger_pages.decision(opened_to_read(tmp_path / "l"), "req_2999")
    assert newest is not None
    connection.close()


def test_pages_are_quick_with_ten_thousand_sessions(tmp_path: Path) -> None:
    rows = [row(number, session=f"s{number % 10_000}", sub_agent=str(number % 3)) for number in range(12_000)]
    filled(tmp_path / "l", rows).close()
    connection = opened_to_read(tmp_path / "l")
    pages: list[Callable[[], Any]] = [
        *(
            lambda order=order: ledger_pages.sessions(connection, order, 100, 5_000)
            for order in ledger_pages.ORDERS
        ),
        lambda: ledger_pages.session(connection, "s77"),
        lambda: ledger_pages.decisions(connection, "s77"),
        lambda: ledger_pages.decisions(connection, limit=200, before=6_000),
        lambda: ledger_pages.decision(connection, "req_nobody"),
        lambda: ledger_pages.history(connection, 2_000.0, 200.0),
    ]
    for page in pages:
        assert min(timed(page) for _ in range(3)) < 0.2
    connection.close()


def timed(what: Callable[[], Any]) -> float:
    began = time.perf_counter()
    assert what() is not False
    return time.perf_counter() - began


def test_rows_of_a_process_that_died_are_adopted_once(tmp_path: Path) -> None:
    """Some were committed before it died, the last one was being written."""
    opened(tmp_path / "l").close()
    journal = Journal(tmp_path / "l")
    for number in range(30):
        assert journal.keep(number, row(number))
    (kept,) = tmp_path.glob("l.*.rows")
    data = kept.read_bytes()
    other = tmp_path / "l.1-dead.rows"
    other.write_bytes(data + data[:20])
    with closing(opened(tmp_path / "l")) as connection:
        write(connection, [(insert, DECISIONS, row(number)) for number in range(10)])

    async def test() -> None:
        ledger = Ledger(tmp_path / "l", FOREVER)
        await ledger.opened()
        assert count(ledger.path) == 30
        assert kept.exists(), "its process lives and holds the lock"
        assert not other.exists()
        await ledger.aclose()

    run(test())
    journal.committed(29)
    journal.close()
    assert list(tmp_path.glob("*.rows")) == []


def test_a_journal_does_not_grow_with_its_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_journal, "FULL", 2_000)
    journal = Journal(tmp_path / "l")
    for number in range(1, 201):
        assert journal.keep(number, row(number))
        journal.committed(number - 5)
        assert sum(path.stat().st_size for path in tmp_path.glob("*.rows")) < 8_000
    journal.committed(200)
    journal.close()
    assert list(tmp_path.iterdir()) == []


def test_half_a_row_is_the_last_of_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk was full for a moment: what comes behind it could not be told from its rest."""
    journal, whole = Journal(tmp_path / "l"), os.write
    assert journal.keep(1, row(1))
    monkeypatch.setattr(os, "write", lambda file, data: whole(file, data[: len(data) // 2]))
    assert not journal.keep(2, row(2))
    monkeypatch.undo()
    assert journal.keep(3, row(3))
    journal.close()
    kept = [one.request for rows in ledger_journal.orphans(tmp_path / "l") for one in rows]
    assert sorted(kept) == ["req_1", "req_3"]


def test_a_row_that_no_journal_takes_is_not_in_it(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "l")
    assert not journal.keep(1, row(1, facts={"max_tokens": 2**70}))
    assert not journal.keep(2, row(2, asked="\udcff"))
    assert journal.keep(3, row(3))
    journal.close()
    assert [one.request for rows in ledger_journal.orphans(tmp_path / "l") for one in rows] == ["req_3"]


def test_whoever_comes_second_for_an_orphan_lets_it_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Workers that start together look at the same files."""
    first, second = tmp_path / "l.1-a.rows", tmp_path / "l.2-b.rows"
    for path in (first, second):
        path.write_bytes(b"")

    def late(file: int, operation: int) -> None:
        first.unlink(missing_ok=True)  # adopted between the opening and the lock

    monkeypatch.setattr(ledger_journal.fcntl, "flock", late)
    assert list(ledger_journal.orphans(tmp_path / "l")) == [[]]
    assert list(tmp_path.glob("*.rows")) == []


@pytest.mark.parametrize("reason", [None, BlockingIOError()])
def test_a_journal_that_is_taken_for_an_orphan_is_begun_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reason: OSError | None
) -> None:
    journal = Journal(tmp_path / "l")

    def late(file: int, operation: int) -> None:
        if reason is not None:
            raise reason
        for path in tmp_path.glob("*.rows"):
            path.unlink()

    monkeypatch.setattr(ledger_journal.fcntl, "flock", late)
    assert not journal.keep(1, row(1))
    assert list(tmp_path.iterdir()) == []
    monkeypatch.undo()
    assert journal.keep(2, row(2))
    journal.close()


def test_where_nothing_can_be_locked_a_journal_is_kept_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        ledger_journal.fcntl, "flock", mock.Mock(side_effect=OSError(errno.ENOLCK, "no locks available"))
    )
    journal = Journal(tmp_path / "l")
    assert all(journal.keep(number, row(number)) for number in range(3))
    assert len(list(tmp_path.iterdir())) == 1
    journal.close()


def test_without_a_journal_the_commit_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Journal, "keep", lambda journal, number, row: False)

    async def test() -> None:
        ledger = Ledger(tmp_path / "l", FOREVER)
        await ledger.opened()
        assert await ledger.remember(row(1)) is True
        assert count(ledger.path) == 1
        await ledger.aclose()

    run(test())
