"""What is remembered of requests, from socket to file: before the answer ends, after a crash, and despite the file."""

from __future__ import annotations

import asyncio
import contextlib
import glob
import json
import os
import random
import signal
import sqlite3
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from engine import ledger_pages, ledger_writer
from engine.asides import Asides, mark_of
from engine.blocks import Aside
from engine.generation import House
from engine.ledger import Ledger
from engine.ledger_file import opened
from engine.ledger_tables import ASIDES
from rules.policy_types import UsePlan
from support.upstream import Peer, Upstream, answer, openai_answer
from support.world import TOKEN, World, message, policy, run, until, world

KILLS = 20 if os.environ.get("FCC_LONG") == "1" else 2
ONE = "route rest use a/one"
BOTH = "chain both = a/one then b/two, retry 0\nroute rest use both"


async def silent(peer: Peer) -> None:
    await peer.until_gone()


UNWELL = answer(500, b'{"error":{"message":"boom"}}')


def rows(here: World) -> list[dict[str, Any]]:
    """The decisions in the file, the oldest first, read as another process would."""
    with contextlib.closing(sqlite3.connect(here.app.ledger_path())) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute("SELECT * FROM decisions ORDER BY id")]


async def kept(here: World) -> list[dict[str, Any]]:
    """The same, once everything is committed."""
    assert here.app.books.ledger is not None
    await here.app.books.ledger.settled()
    return rows(here)


@pytest.mark.parametrize("stream", [True, False])
def test_the_row_is_there_when_the_answer_has_ended(stream: bool) -> None:
    async def test() -> None:
        async with world(BOTH, a=Upstream(UNWELL), b=Upstream(openai_answer("fine"))) as here:
            headers = {"x-session-id": "mine", "x-claude-code-agent-id": "agent-7", "user-agent": "tests/1"}
            response = await here.post(message(stream=stream), **headers)
            (row,) = await kept(here)
            assert row["request"] == response.headers["request-id"]
            assert (row["session"], row["sub_agent"], row["client"]) == ("mine", "agent-7", "")
            assert (row["route"], row["target"], row["status"], row["error"]) == ("rest", "b/two", 200, None)
            assert (row["failovers"], row["tokens_in"], row["tokens_out"]) == (1, 7, 2)
            assert row["generation"] == (await here.client.get("/health")).json()["generation"]
            assert 0 < row["first_token_ms"] <= row["ms"] < 30_000
            first, second = json.loads(row["attempts"])
            assert (first["target"], first["failure"]) == ("a/one", "server_error")
            assert (second["target"], second["failure"]) == ("b/two", None)
            assert 0 <= first["after"] <= second["after"] <= row["ms"]
            assert 0 < second["first_token_ms"] <= second["ms"] <= row["ms"] + 50
            facts = json.loads(row["facts"])
            assert facts["agent"] == "tests/1"
            assert facts["tokens"] > 0
            assert "images" not in facts

    run(test())


def test_a_refusal_and_a_failed_chain_are_remembered() -> None:
    async def test() -> None:
        rules = 'route no when max_tokens = 1 refuse 403 "no"\nroute rest use a/one, retry 0'
        async with world(rules, a=Upstream(UNWELL)) as here:
            assert (await here.post(message(max_tokens=1))).status_code == 403
            assert (await here.post(message())).status_code == 529
            assert (await here.post(b"{")).status_code == 400
            found = [(row["route"], row["status"], row["error"]) for row in await kept(here)]
            assert found == [("no", 403, "permission_error"), ("rest", 529, "overloaded_error")]

    run(test())


def test_a_client_that_leaves_is_remembered_as_such() -> None:
    async def test() -> None:
        async with world(ONE, a=Upstream(silent)) as here:
            with pytest.raises(httpx.ReadTimeout):
                await here.client.post("/v1/messages", json=message(), timeout=0.2)
            await here.logged()
            await until(lambda: len(rows(here)) == 1)
            assert (await kept(here))[0]["status"] == 499
            found = (await here.client.get("/admin/api/sessions")).json()["sessions"]
            assert found[0]["errors"] == 0

    run(test())


def test_nothing_private_is_in_the_file() -> None:
    async def test() -> None:
        prompt, hostile = "CANARY-of-the-prompt", "<script>alert(1)</script>\x1b[31m" + "x" * 220
        rules = 'route red when header.authorization is "*CANARY*" use a/one\nroute rest use a/one'
        async with world(rules, a=Upstream(openai_answer("CANARY-of-the-answer"))) as here:
            body = message(prompt, model=hostile, stream=True)
            headers = {"authorization": f"Bearer {TOKEN}", "x-session-id": "<b>" + "x" * 900}
            assert (await here.post(body, **headers)).status_code == 200
            ledger = here.app.books.ledger
            assert ledger is not None
            await ledger.settled()
            written = b"".join(
                path.read_bytes() for path in here.app.ledger_path().parent.glob("ledger.sqlite*")
            )
            assert (await kept(here))[0]["asked"].startswith("<script>")
            assert len((await kept(here))[0]["asked"]) == 200
            for secret in (b"CANARY-of", TOKEN.encode(), b"\x1b[31m", b"x" * 201):
                assert secret not in written

    run(test())


def test_a_file_that_cannot_be_written_changes_nothing_but_health(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(ledger_writer, "AGAIN", 0.05)
    bad = tmp_path / "bad"
    bad.write_bytes(b"no database" * 1000)

    async def test() -> None:
        table = f'[ledger]\npath = "{bad}"\n'
        async with world(ONE, table, a=Upstream(openai_answer("fine"))) as here:
            assert (await here.client.get("/health")).json()["status"] == "degraded"
            for _ in range(5):
                assert (await here.post(message(), **{"x-session-id": "s"})).status_code == 200
            assert sum(row["event"] == "ledger" for row in here.rows) == 1
            (session,) = (await here.client.get("/admin/api/sessions")).json()["sessions"]
            assert (session["session"], session["requests"]) == ("s", 5)
            state = (await here.client.get("/admin/api/state")).json()
            assert "ledger" in state["problems"][0]
            bad.unlink()
            await until(lambda: here.app.books.problem is None)
            assert (await here.client.get("/health")).json()["status"] == "ok"
            await until(lambda: len(rows(here)) == 5)

    run(test())


def test_a_locked_file_does_not_delay_answers() -> None:
    async def test() -> None:
        async with world(ONE, a=Upstream(openai_answer("fine"))) as here:
            await here.post(message())
            with contextlib.closing(sqlite3.connect(here.app.ledger_path(), isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                await here.post(message())
                began = asyncio.get_running_loop().time()
                for _ in range(10):
                    assert (await here.post(message())).status_code == 200
                assert asyncio.get_running_loop().time() - began < 5.0
                other.execute("ROLLBACK")
            await until(lambda: len(rows(here)) == 12)

    run(test())


RULES = "route rest use a/one then b/two"
"""Two models, so that none is asked for want of another."""


def house(text: str, key: str = "a-key-of-these-tests", generation: str = "") -> House:
    path = '[providers.%s]\ndialect = "openai-chat"\nbase_url = "http://127.0.0.1:9/v1"\nkey = "env:KEY"\n\n'
    made = House("routes.toml", {"KEY": key})
    loaded = made.accept(f"rules = '''\n{text}\n'''\n\n{path % 'a'}{path % 'b'}# {generation}".encode())
    assert loaded.policy is not None, loaded.diagnostics
    return made


async def put_aside(path: Path, *asides: tuple[tuple[str, ...], Aside]) -> None:
    """A server that put these aside and stopped."""
    ledger, before = Ledger(path), house(RULES)
    await ledger.opened()
    kept = Asides(ledger, before.state.blocks)
    assert before.generation is not None
    await kept.restore(now(), before.generation)
    before.state.blocks.asides = dict(asides)
    kept.sync(now(), before.generation)
    await ledger.aclose()


async def restored(path: Path, after: House) -> dict[tuple[str, ...], Aside]:
    ledger = Ledger(path)
    await ledger.opened()
    assert after.generation is not None
    await Asides(ledger, after.state.blocks).restore(now(), after.generation)
    await ledger.aclose()
    return after.state.blocks.asides


def now() -> float:
    return asyncio.get_running_loop().time()


SUBJECT = ("a", "0", "one")


def test_long_blocks_and_verdicts_survive_a_restart(tmp_path: Path) -> None:
    async def test() -> None:
        blocked, verdict = Aside(now() + 900, "quota"), Aside(now() + 200, "no such key", "auth")
        short = Aside(now() + 30, "slow down")
        b = ("b", "0", "two")
        mended = Aside(now() + 200, "expired", "certificate")
        await put_aside(
            tmp_path / "l", (SUBJECT, blocked), (("a", "0"), verdict), (b, short), (("b", "0"), mended)
        )
        found = await restored(tmp_path / "l", house(RULES))
        assert set(found) == {SUBJECT, ("a", "0")}
        assert found[SUBJECT].until == pytest.approx(blocked.until, abs=2)
        assert (found["a", "0"].verdict, found["a", "0"].why) == ("auth", "no such key")

    run(test())


def test_a_new_key_or_a_new_policy_starts_afresh(tmp_path: Path) -> None:
    async def test() -> None:
        blocked, verdict = Aside(now() + 900, "quota"), Aside(now() + 200, "no such key", "auth")
        await put_aside(tmp_path / "l", (SUBJECT, blocked), (("a", "0"), verdict))
        assert await restored(tmp_path / "l", house(RULES, key="another-key-altogether")) == {}
        assert set(await restored(tmp_path / "l", house(RULES, generation="2"))) == {SUBJECT}

    run(test())


@pytest.mark.parametrize(
    "change",
    [
        {"subject": "no json"},
        {"subject": '["a"]'},
        {"subject": '["somebody", "0", "x"]'},
        {"subject": '{"a": 1}'},
        {"until": "soon"},
        {"until": float("inf")},
        {"until": time.time() - 5},
        {"until": None},
        {"verdict": "timeout"},
        {"verdict": "nonsense"},
        {"mark": "00000000"},
    ],
)
def test_a_row_that_makes_no_sense_is_passed_over(tmp_path: Path, change: dict[str, Any]) -> None:
    async def test() -> None:
        after = house(RULES)
        assert after.generation is not None
        connection = opened(tmp_path / "l")
        salt = connection.execute("SELECT value FROM meta").fetchone()[0]
        good = {
            "subject": '["a","0","one"]',
            "until": time.time() + 500,
            "why": "quota",
            "verdict": None,
            "generation": after.generation.id,
            "mark": mark_of(SUBJECT, after.generation, salt),
        }
        values = tuple({**good, **change}[name] for name in ASIDES.names)
        connection.execute(f"INSERT INTO asides VALUES ({', '.join('?' * len(values))})", values)
        connection.close()
        assert await restored(tmp_path / "l", after) == {}

    run(test())


def test_an_aside_without_end_is_bounded(tmp_path: Path) -> None:
    async def test() -> None:
        await put_aside(tmp_path / "l", (SUBJECT, Aside(now() + 1e9, "quota")))
        found = await restored(tmp_path / "l", house(RULES))
        assert found[SUBJECT].until <= now() + 86_400

    run(test())


def test_what_is_pardoned_is_gone_from_the_file(tmp_path: Path) -> None:
    async def test() -> None:
        await put_aside(tmp_path / "l", (SUBJECT, Aside(now() + 500, "gone", "not_found")))
        ledger, after = Ledger(tmp_path / "l"), house(RULES)
        await ledger.opened()
        kept = Asides(ledger, after.state.blocks)
        assert after.generation is not None
        assert any(isinstance(route.action, UsePlan) for route in after.generation.policy.routes)
        await kept.restore(now(), after.generation)
        assert SUBJECT in after.state.blocks.asides
        after.state.blocks.pardon()
        kept.sync(now(), after.generation)
        await ledger.settled()
        assert (await ledger.read(ledger_pages.asides))[1] == []
        await ledger.aclose()

    run(test())


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL")
def test_what_a_client_has_got_outlives_a_kill(tmp_path: Path) -> None:
    """Whoever has seen the end of its answer finds it in the file after `kill -9`."""

    async def test() -> None:
        async with Upstream(openai_answer("fine")) as upstream:
            config = tmp_path / "routes.toml"
            config.write_text(policy(ONE, '[ledger]\npath = "l"\n', a=upstream))
            got: list[str] = []
            for seed in range(KILLS):
                await killed_under_load(config, got, random.Random(seed).uniform(0.1, 0.6))
        ledger = Ledger(tmp_path / "l")
        await ledger.opened()
        await ledger.aclose()
        assert not glob.glob(f"{tmp_path}/*.rows")
        with contextlib.closing(sqlite3.connect(tmp_path / "l")) as connection:
            kept = {name for (name,) in connection.execute("SELECT request FROM decisions")}
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert len(got) > 10
        assert set(got) <= kept

    run(test(), bound=120.0)


async def killed_under_load(config: Path, got: list[str], after: float) -> None:
    """Appends the ids of the requests that were answered to their end."""
    env = {**os.environ, "ANTHROPIC_AUTH_TOKEN": TOKEN, "FCC_LOG_LEVEL": "error"}
    server = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "fcc", "serve", "--config", str(config), "--port", "0", "--quiet"),
        stdout=asyncio.subprocess.PIPE,
        env=env,
    )

    async def ask(client: httpx.AsyncClient) -> None:
        with contextlib.suppress(httpx.HTTPError):
            while True:
                response = await client.post(f"{address}/v1/messages", json=message(stream=True))
                if b"message_stop" in response.content:
                    got.append(response.headers["request-id"])

    try:
        assert server.stdout is not None
        address = (await server.stdout.readline()).decode().rpartition(" ")[2].strip()
        async with httpx.AsyncClient(headers={"x-api-key": TOKEN}, trust_env=False, timeout=10) as client:
            asking = [asyncio.create_task(ask(client)) for _ in range(8)]
            before = len(got)
            await until(lambda: len(got) > before)
            await asyncio.sleep(after)  # a process is killed at any moment of its work
            server.kill()
            await asyncio.gather(*asking)
    finally:
        if server.returncode is None:
            server.kill()
        await server.communicate()
