"""`[reload] guard` in a running server: held back, said everywhere, confirmed by name or by a second signal."""

from __future__ import annotations

import os
import signal

from support.world import World, looked, message, policy, run, until, world

OLD = 'route rest answer "A"'
NEW = 'route rest answer "B"'
GUARD = '[reload]\nguard = "20%"\n'
STILL = GUARD + "watch = false\n"


def write(here: World, rules: str, tables: str = GUARD) -> None:
    here.app.path.write_text(policy(rules, tables))


async def health(here: World) -> dict[str, object]:
    return (await here.client.get("/health")).json()


async def said(here: World, text: str) -> bool:
    return text in (await here.post(message())).text


async def held(here: World) -> str:
    await until(lambda: bool(here.app.house.held))
    return here.app.house.held


def test_a_file_that_moves_too_much_is_held_back_and_said_once() -> None:
    async def test() -> None:
        async with world(OLD, GUARD) as here:
            before = await health(here)
            assert await said(here, '"A"')
            write(here, NEW)
            name = await held(here)
            assert await said(here, '"A"')
            told = await health(here)
            assert told == {"status": "degraded", "generation": before["generation"], "problems": 1}
            page = (await here.client.get("/admin/api/policy")).json()
            assert page["refused"]["diagnostics"][0]["code"] == "FCC015"
            async with looked(here):
                write(here, NEW)
            (refused,) = [row for row in here.rows if row["event"] == "policy_refused"]
            assert refused["findings"][-1]["code"] == "FCC015"
            assert name in refused["findings"][-1]["help"]
            write(here, OLD)
            await until(lambda: not here.app.house.held)
            assert (await health(here)) == before

    run(test())


def test_it_is_confirmed_by_its_id_alone() -> None:
    async def test() -> None:
        async with world(OLD, STILL) as here:
            assert await said(here, '"A"')
            write(here, NEW, STILL)
            for path in ("/admin/reload", "/admin/reload?confirm=0123456789ab", "/admin/api/reload"):
                told = (await here.client.post(path)).json()
                assert (told["status"], told["held"]) == ("kept", here.app.house.held)
                assert "FCC015" in told["problems"][0]
            told = (await here.client.post(f"/admin/reload?confirm={told['held']}")).json()
            assert (told["status"], told["held"], told["problems"]) == ("accepted", None, [])
            assert await said(here, '"B"')

    run(test())


def test_the_second_signal_confirms() -> None:
    async def test() -> None:
        async with world(OLD, GUARD) as here:
            assert await said(here, '"A"')
            write(here, NEW)
            await held(here)
            os.kill(os.getpid(), signal.SIGHUP)
            await until(lambda: sum(row["event"] == "policy_refused" for row in here.rows) == 2)
            assert await said(here, '"A"')
            os.kill(os.getpid(), signal.SIGHUP)
            await until(lambda: not here.app.house.held)
            assert await said(here, '"B"')

    run(test())


def test_other_words_are_the_same_generation() -> None:
    async def test() -> None:
        async with world(OLD, GUARD) as here:
            before = await health(here)
            write(here, f"# a remark\n{OLD}")
            await until(lambda: any(row["event"] == "policy" for row in here.rows))
            assert (await health(here)) == before
            page = (await here.client.get("/admin/api/policy")).json()
            assert "# a remark" in page["text"]
            assert here.app.follower.read == before["generation"]

    run(test())


def test_requests_of_the_time_before_count_too() -> None:
    async def test() -> None:
        async with world(OLD, GUARD) as here:
            for _ in range(3):
                assert await said(here, '"A"')
            ledger = here.app.books.ledger
            assert ledger is not None
            await ledger.settled()
            here.app.house.recent.clear()
            await here.app.books._recall()
            assert [facts["model"] for facts in here.app.house.recent] == ["claude-opus-5-5"] * 3

    run(test())


def test_warnings_are_logged_with_what_is_served() -> None:
    async def test() -> None:
        async with world(OLD) as here:
            write(here, f"alias unused = zen/x\n{NEW}", "")
            await until(lambda: any(row["event"] == "policy" for row in here.rows))
            row = next(row for row in here.rows if row["event"] == "policy")
            assert [(one["code"], one["severity"]) for one in row["findings"]] == [("FCC210", "warning")]

    run(test())
