"""`/admin/api`: what the person who runs the server sees and may do, and who else may not."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from engine.blocks import Aside
from fcc.admin import events
from fcc.live import MOST_EVENTS, MOST_LISTENERS, Listener, Live, sse
from support.upstream import Peer, Upstream, answer, openai_answer
from support.world import LAPTOP, World, message, run, until, world

BOTH = "chain both = a/one then b/two, retry 0\nhealth * 2 failures in 30s, rest 30s\n"
RULES = f'{BOTH}route small when model is "*haiku*" use b/two\nroute rest use both'
UNWELL = answer(500, b'{"error":{"message":"boom"}}')
PAGES = ("state", "sessions", "session?name=", "decisions", "decisions/1", "policy", "history", "events")


async def get(here: World, page: str, **headers: str) -> Any:
    response = await here.client.get(f"/admin/api/{page}", headers=headers)
    assert response.status_code == 200, response.text
    assert response.headers["cache-control"] == "no-store"
    return response.json()


async def silent(peer: Peer) -> None:
    await peer.until_gone()


def test_the_state_says_what_is_in_flight_and_who_rests() -> None:
    async def test() -> None:
        began = time.time()
        async with world(RULES, a=Upstream(UNWELL), b=Upstream(openai_answer("fine"), silent)) as here:
            await here.post(message())
            waiting = asyncio.create_task(here.post(message(stream=True), **{"x-session-id": "mine"}))
            await until(lambda: here.app.house.state.in_flight.get("b/two") == 1)
            state = await get(here, "state")
            assert state["status"] == "ok"
            assert state["ledger"]["problem"] is None
            (now,) = state["in_flight"]
            assert (now["session"], now["route"], now["target"]) == ("mine", "rest", "b/two")
            assert now["attempts"] == [
                {"target": "a/one", "failure": "server_error"},
                {"target": "b/two", "failure": None},
            ]
            assert 0 <= state["now"] - now["at"] < 30
            assert began - 0.001 <= state["started"] <= now["at"]
            second, first = state["candidates"]
            assert (first["target"], first["state"]) == ("a/one", "resting")
            assert 0 < first["until"] - state["now"] <= 30.1
            assert (second["state"], second["in_flight"]) == ("healthy", 1)
            waiting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await waiting

    run(test())


def test_sessions_are_sorted_and_paged() -> None:
    async def test() -> None:
        async with world("route rest use a/one", a=Upstream(openai_answer("fine"))) as here:
            for name, times in (("many", 3), ("once", 1), ("twice", 2)):
                for number in range(times):
                    agent = {"x-claude-code-agent-id": f"agent-{number}"} if number else {}
                    await here.post(message(), **{"x-session-id": name}, **agent)
            page = await get(here, "sessions?sort=requests&limit=2")
            assert page["total"] == 3
            assert [(one["session"], one["requests"]) for one in page["sessions"]] == [
                ("many", 3),
                ("twice", 2),
            ]
            first = page["sessions"][0]
            assert (first["tokens_in"], first["tokens_out"], first["others"]) == (21, 6, 2)
            assert (first["routes"], first["models"]) == ({"rest": 3}, {"a/one": 3})
            rest = await get(here, "sessions?sort=requests&limit=2&offset=2")
            assert [one["session"] for one in rest["sessions"]] == ["once"]
            one = await get(here, "session?name=many")
            assert {part["sub_agent"]: part["requests"] for part in one["sub_agents"]} == {
                "": 1,
                "agent-1": 1,
                "agent-2": 1,
            }
            assert len(one["decisions"]) == 3
            assert (await here.client.get("/admin/api/session?name=nobody")).status_code == 404

    run(test())


def test_a_session_of_any_name_is_found() -> None:
    names = ("..", "-", ".", "a.b", "a:b")

    async def test() -> None:
        async with world('route rest answer "fine"') as here:
            for name in names:
                await here.post(message(), **{"x-session-id": name})
            await here.post(message())
            listed = [one["session"] for one in (await get(here, "sessions"))["sessions"]]
            assert sorted(listed) == sorted(["", *names])
            for name in ("", *names):
                response = await here.client.get("/admin/api/session", params={"name": name})
                assert (response.json()["session"], response.json()["requests"]) == (name, 1)

    run(test())


def test_a_decision_says_why_this_route_and_not_that() -> None:
    async def test() -> None:
        async with world(RULES, a=Upstream(UNWELL), b=Upstream(openai_answer("fine"))) as here:
            name = (await here.post(message())).headers["request-id"]
            await here.post(message(), **{"x-session-id": "other"})
            page = await get(here, "decisions?limit=1")
            assert page["decisions"][0]["session"] == "other"
            second = await get(here, f"decisions?limit=1&before={page['next']}")
            assert second["decisions"][0]["request"] == name
            mine = await get(here, "decisions?session=other")
            assert len(mine["decisions"]) == 1
            found = await get(here, f"decisions/{name}")
            assert [one["failure"] for one in found["attempts"]] == ["server_error", None]
            why = found["explanation"]
            assert (why["route"], why["same_policy"]) == ("rest", True)
            assert why["passed_over"] == [
                {"route": "small", "test": 'model is "*haiku*"', "saw": "claude-opus-5-5"}
            ]
            assert [one["target"] for one in why["chain"]] == ["a/one", "b/two"]
            assert await get(here, f"decisions/{found['id']}") == found
            assert (await here.client.get("/admin/api/decisions/999999")).status_code == 404

    run(test())


def test_who_was_skipped_is_told() -> None:
    async def test() -> None:
        async with world(RULES, a=Upstream(UNWELL), b=Upstream(openai_answer("fine"))) as here:
            for _ in range(3):
                name = (await here.post(message())).headers["request-id"]
            found = await get(here, f"decisions/{name}")
            assert [one["target"] for one in found["attempts"]] == ["b/two"]
            assert found["skipped"] == [{"target": "a/one", "why": "a/one rests after failures"}]

    run(test())


def test_the_policy_is_shown_without_its_secrets() -> None:
    async def test() -> None:
        table = (
            '[providers.c]\ndialect = "openai-chat"\nbase_url = "http://127.0.0.1:9/v1"\nkey = "env:KEY"\n'
        )
        async with world("route rest use a/one", table, a=Upstream(openai_answer())) as here:
            token = here.app.gate.access.tokens[0][0].decode()
            text = here.app.path.read_text()
            here.app.path.write_text(f"# {token}\n{text}")
            await until(lambda: any(row["event"] == "policy" for row in here.rows))
            page = await get(here, "policy")
            assert page["text"] == f"# ***\n{text}"
            assert page["refused"] is None
            clear = '[providers.d]\nbase_url = "http://127.0.0.1:9/v1"\nkey = "sk-never-served-1"\n'
            clear += '[state]\nredis = "redis://:never-served-2@localhost"\n'
            here.app.path.write_text(f"# {token}\nrules = 'route rest use nowhere'\n{clear}")
            await until(lambda: any(row["event"] == "policy_refused" for row in here.rows))
            page = await get(here, "policy")
            assert page["text"] == f"# ***\n{text}"
            assert page["refused"]["text"].startswith("# ***\n")
            assert page["refused"]["diagnostics"][0]["severity"] == "error"
            assert "never-served" not in str(page)
            ledger = here.app.books.ledger
            assert ledger is not None
            await ledger.settled()
            history = (await get(here, "policy"))["history"]
            assert [(one["who"], one["accepted"]) for one in history] == [
                ("file", False),
                ("file", True),
                ("start", True),
            ]
            assert history[1]["generation"] == page["generation"] == history[0]["generation"]
            state = await get(here, "state")
            assert state["status"] == "degraded"

    run(test())


@pytest.mark.parametrize("path", ["/admin/reload", "/admin/api/reload"])
def test_reload_leaves_a_line_in_the_log(path: str) -> None:
    async def test() -> None:
        async with world('route rest answer "hi"') as here:
            response = await here.client.post(path)
            assert response.json()["status"] == "accepted"
            (row,) = [row for row in here.rows if row["event"] == "admin"]
            assert (row["what"], row["result"], row["by"]) == ("reload", "accepted", "127.0.0.1")

    run(test())


def test_reset_forgets_rests_blocks_and_verdicts() -> None:
    async def test() -> None:
        async with world(RULES, a=Upstream(UNWELL), b=Upstream(openai_answer("fine"))) as here:
            await here.post(message())
            await here.post(message())
            blocks = here.app.house.state.blocks
            generation = here.app.house.generation
            assert generation is not None
            key = generation.providers["b"].keys[0].id
            blocks.asides["b", key, "two"] = Aside(asyncio.get_running_loop().time() + 900, "quota")
            here.app.books.sync()
            states = {one["target"]: one for one in (await get(here, "state"))["candidates"]}
            assert states["a/one"]["state"] == "resting"
            assert (states["b/two"]["state"], states["b/two"]["why"]) == ("blocked", "quota")
            one = await here.client.post("/admin/api/reset", json={"target": "a/one"})
            assert one.json() == {"reset": ["a/one"]}
            assert (await here.client.post("/admin/api/reset")).json() == {"reset": ["b/two"]}
            states = {one["target"]: one["state"] for one in (await get(here, "state"))["candidates"]}
            assert states == {"a/one": "healthy", "b/two": "healthy"}
            assert [row["result"] for row in here.rows if row["event"] == "admin"] == ["a/one", "all"]

    run(test())


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"target": 1}', b'{"target": "a/nobody"}', b"\xff"])
def test_a_bad_reset_is_an_error(body: bytes) -> None:
    async def test() -> None:
        async with world("route rest use a/one", a=Upstream(openai_answer())) as here:
            response = await here.post(body, "/admin/api/reset")
            assert response.status_code in (400, 404)
            assert response.json()["type"] == "error"

    run(test())


@pytest.mark.parametrize(
    "query",
    [
        "sessions?sort=last_seen;DROP",
        "sessions?limit=0",
        "sessions?limit=1e9",
        "sessions?offset=-1",
        f"sessions?offset={10**30}",
        f"decisions?before={10**30}",
        "history?hours=0",
        "history?hours=nan",
    ],
)
def test_a_bad_question_is_an_error(query: str) -> None:
    async def test() -> None:
        async with world('route rest answer "hi"') as here:
            assert (await here.client.get(f"/admin/api/{query}")).status_code == 400

    run(test())


@pytest.mark.parametrize("page", PAGES)
def test_only_the_servers_own_token_opens_it(page: str) -> None:
    async def test() -> None:
        laptop = '[clients.laptop]\ntoken = "env:LAPTOP_TOKEN"\n'
        async with world('route rest answer "hi"', laptop) as here:
            address = f"/admin/api/{page}"
            here.client.headers["x-api-key"] = LAPTOP
            assert (await here.post(message())).status_code == 200
            assert (await here.client.get(address)).status_code == 403
            assert (await here.client.get(address, headers={"x-api-key": "wrong"})).status_code == 401
            cross = {"origin": "http://evil.example"}
            assert (await here.client.get(address, headers=cross)).status_code == 403

    run(test())


@pytest.mark.parametrize("path", ["reload", "reset"])
def test_what_changes_something_is_a_post_of_json(path: str) -> None:
    async def test() -> None:
        async with world('route rest answer "hi"') as here:
            address = f"/admin/api/{path}"
            assert (await here.client.get(address)).status_code == 405
            form = {"content-type": "text/plain"}
            assert (await here.client.post(address, headers=form)).status_code == 415
            assert not [row for row in here.rows if row["event"] == "admin"]

    run(test())


async def told(lines: AsyncIterator[str]) -> AsyncIterator[tuple[str, Any]]:
    kind = ""
    async for line in lines:
        if line.startswith("event: "):
            kind = line[7:]
        elif line.startswith("data: "):
            yield kind, json.loads(line[6:])


def test_events_tell_of_requests_decisions_and_states(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "PAUSE", 0.05)

    async def test() -> None:
        async with world(RULES, a=Upstream(UNWELL), b=Upstream(openai_answer("fine"))) as here:
            async with here.client.stream("GET", "/admin/api/events") as response:
                assert response.headers["content-type"].startswith("text/event-stream")
                news = told(response.aiter_lines())
                assert (await anext(news))[0] == "state"
                await here.post(message())
                await here.post(message())
                seen: dict[str, list[Any]] = {}
                async for kind, data in news:
                    seen.setdefault(kind, []).append(data)
                    resting = [
                        one for one in seen.get("state", []) if one["candidates"][1]["state"] == "resting"
                    ]
                    if resting and len(seen.get("decision", [])) == 2:
                        break
                assert [one["route"] for one in seen["request"]] == ["rest", "rest"]
                assert seen["decision"][0]["target"] == "b/two"
            await until(lambda: not here.app.books.live.listeners)

    run(test())


def test_listening_ends_when_the_server_stops() -> None:
    async def test() -> None:
        rules = 'route rest answer "hi"'
        async with world(rules) as here, here.client.stream("GET", "/admin/api/events") as response:
            lines = response.aiter_lines()
            await anext(lines)
            here.app.books.live.stop()
            assert [line async for line in lines][-1] == ""

    run(test())


def test_a_listener_that_does_not_read_costs_no_memory() -> None:
    async def test() -> None:
        known = Live()
        listener = known.listen()
        assert listener is not None
        for number in range(10_000):
            known.tell("decision", {"number": number})
        heard = await listener.next(1.0)
        assert heard is not None
        assert heard.startswith(sse("missed", {"count": 10_000 - MOST_EVENTS}))
        assert heard.count(b"event: ") == MOST_EVENTS + 1
        assert heard.endswith(sse("decision", {"number": 9_999}))
        assert await listener.next(0.0) == b""

    run(test())


def test_there_are_so_many_listeners_and_no_more() -> None:
    known = Live()
    listeners: list[Listener | None] = [known.listen() for _ in range(MOST_LISTENERS)]
    assert None not in listeners
    assert known.listen() is None
    known.leave(known.listeners.copy().pop())
    assert known.listen() is not None
