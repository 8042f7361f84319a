"""The running server follows its file: taken, refused, gone, half written, replaced."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import NoReturn

import pytest

from fcc import reload
from support.process import serving
from support.upstream import Upstream, openai_answer, openai_chunk, stall_after
from support.world import World, looked, message, policy, run, until, world

A = 'route rest answer "A"'
B = 'route rest answer "B"'
BROKEN = "route rest use nowhere"


async def answers(here: World, text: str) -> None:
    """Until the server answers with this text."""
    async with asyncio.timeout(10):
        while text not in (await here.post(message())).text:  # noqa: ASYNC110 - the server is asked
            await asyncio.sleep(0.01)


async def heard(here: World, event: str, count: int = 1) -> None:
    """Until the log has so many of these lines."""
    await until(lambda: sum(row["event"] == event for row in here.rows) >= count)


def write(here: World, rules: str) -> None:
    """As editors do: a new file, renamed over the old one."""
    other = here.app.path.with_suffix(".tmp")
    other.write_text(policy(rules))
    other.replace(here.app.path)


def test_a_saved_file_is_served() -> None:
    async def test() -> None:
        async with world(A) as here:
            await answers(here, '"A"')
            before = (await here.client.get("/health")).json()["generation"]
            write(here, B)
            await answers(here, '"B"')
            assert (await here.client.get("/health")).json() != {"status": "ok", "generation": before}
            here.app.path.write_text(policy(A))
            await answers(here, '"A"')
            assert (await here.client.get("/health")).json() == {"status": "ok", "generation": before}

    run(test())


def test_a_broken_file_changes_nothing_and_is_said_once() -> None:
    async def test() -> None:
        async with world(A) as here:
            write(here, BROKEN)
            await heard(here, "policy_refused")
            async with looked(here):
                write(here, BROKEN)
            assert sum(row["event"] == "policy_refused" for row in here.rows) == 1
            refused = next(row for row in here.rows if row["event"] == "policy_refused")
            assert refused["findings"][0]["line"] == 2
            health = (await here.client.get("/health")).json()
            assert health["status"] == "degraded"
            assert '"A"' in (await here.post(message())).text
            write(here, B)
            await answers(here, '"B"')
            assert (await here.client.get("/health")).json()["status"] == "ok"

    run(test())


def test_a_vanished_file_means_keep() -> None:
    async def test() -> None:
        async with world(A) as here:
            async with looked(here):
                here.app.path.unlink()
            assert '"A"' in (await here.post(message())).text
            assert (await here.client.get("/health")).json()["status"] == "ok"
            here.app.path.write_text(policy(B))
            await answers(here, '"B"')

    run(test())


@pytest.mark.parametrize("reason", [RuntimeError("too many watchers"), OSError(24, "too many files")])
def test_a_file_that_cannot_be_watched_is_followed_all_the_same(
    monkeypatch: pytest.MonkeyPatch, reason: Exception
) -> None:
    def no_watcher(*_: object, **__: object) -> NoReturn:
        raise reason

    monkeypatch.setattr("watchfiles.awatch", no_watcher)
    monkeypatch.setattr(reload, "LOOK_ANYWAY", 0.05)

    async def test() -> None:
        async with world(A) as here:
            await heard(here, "watch")
            write(here, B)
            await answers(here, '"B"')
            write(here, A)
            await answers(here, '"A"')
            assert sum(row["event"] == "watch" for row in here.rows) == 1

    run(test())


def test_a_pipe_is_no_file_to_follow(tmp_path: Path) -> None:
    """A shell's `<(…)` can be read once; later it would be empty, or never end."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    assert reload.content(path) is None


def test_a_running_answer_keeps_its_generation() -> None:
    async def test() -> None:
        upstream = Upstream(stall_after(openai_chunk("begun")), openai_answer("unused"))
        async with world("route rest use a/one", drain=0.0, a=upstream) as here:
            async with here.client.stream("POST", "/v1/messages", json=message(stream=True)) as response:
                pieces = response.aiter_raw()
                assert b"message_start" in await anext(pieces)
                old = here.app.house.generation
                write(here, B)
                await answers(here, '"B"')
                assert old is not None
                assert (old.running, old.replaced) == (1, True)
                assert upstream.open >= 1
            await upstream.all_gone()

    run(test())


def test_reload_by_signal_and_by_request() -> None:
    async def test() -> None:
        async with world(A, "[reload]\nwatch = false\n") as here:
            assert (await here.client.post("/admin/reload")).json()["status"] == "accepted"
            here.app.path.write_text(policy(BROKEN))
            told = (await here.client.post("/admin/reload")).json()
            assert told["status"] == "kept"
            assert "FCC201" in told["problems"][0]
            here.app.path.write_text(policy(B))
            await asyncio.sleep(
                0.2
            )  # nothing is to happen, in the time in which watching would have taken it
            assert '"A"' in (await here.post(message())).text
            assert (await here.client.post("/admin/reload")).json()["status"] == "accepted"
            assert '"B"' in (await here.post(message())).text

    run(test())


def test_a_hangup_loads_the_file_again() -> None:
    async def test() -> None:
        async with world(A) as here:
            before = (await here.client.get("/health")).json()
            os.kill(os.getpid(), signal.SIGHUP)
            await heard(here, "policy")
            (row,) = [row for row in here.rows if row["event"] == "policy"]
            assert row["generation"] == before["generation"]
            assert (await here.client.get("/health")).json() == before

    run(test())


def test_a_new_token_counts_at_once() -> None:
    async def test() -> None:
        async with world(A) as here:
            text = policy(B, '[server]\ntoken = "env:ANTHROPIC_AUTH_TOKEN"\nhosts = ["models.example"]\n')
            refused = await here.post(message(), host="models.example")
            assert refused.status_code == 400
            here.app.path.write_text(text)
            await answers(here, '"B"')
            assert (await here.post(message(), host="models.example")).status_code == 200

    run(test())


def test_a_key_in_env_counts_after_a_reload() -> None:
    """The policy says the same as before, so only its provider is another one."""

    async def test() -> None:
        async with Upstream(openai_answer("served")) as upstream:
            table = (
                f'[providers.k]\ndialect = "openai-chat"\nbase_url = "{upstream.url}"\nkey = "env:K_KEY"\n'
            )
            async with serving("route rest use k/m, retry 0", table) as fcc:
                before = await fcc.client.post("/v1/messages", json=message())
                assert "K_KEY" in before.json()["error"]["message"]
                for key in ("first-key", "second-key"):
                    (fcc.folder / ".env").write_text(f"K_KEY={key}\n")
                    reloaded = await fcc.client.post(
                        "/admin/reload", content=b"{}", headers={"content-type": "application/json"}
                    )
                    assert reloaded.json()["status"] == "accepted"
                    after = await fcc.client.post("/v1/messages", json=message())
                    assert after.json()["content"][0]["text"] == "served"
                    assert upstream.requests[-1].headers["authorization"] == f"Bearer {key}"

    run(test())
