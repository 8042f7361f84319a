"""Several workers are one server: what one is asked to do holds in all, what one knows is told by all."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from typing import Any

import httpx
import pytest

from fcc.crew.hub import TAKES_WITHIN
from support.crew import APART, WORKERS, Crew, crew, stopped
from support.upstream import Upstream, answer, openai_answer
from support.world import policy, run

BOTH = "chain both = a/one then b/two, retry 0\nhealth * 2 failures in 1m, rest 1m\nroute rest use both"
UNWELL = answer(500, b'{"error":{"message":"boom"}}')
ALL = {"asked": WORKERS, "answered": WORKERS}
BOUND = 90.0
SERVED = ("fcc_requests_total", (("route", "rest"), ("status", "200")))
REPORTING = ("fcc_workers_reporting", ())

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sockets are not passed on there")


async def candidate(here: Crew, pid: int) -> dict[str, Any]:
    """The first model, as this worker tells it of all."""
    return (await here.clients[pid].get("/admin/api/state")).json()["candidates"][0]


class Ear:
    """Hears what a worker tells of requests."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.heard: list[tuple[str, str]] = []
        """Kind of event, request id."""
        self.task = asyncio.create_task(self._listen(client))

    async def _listen(self, client: httpx.AsyncClient) -> None:
        kind = ""
        async with client.stream("GET", "/admin/api/events") as response:
            async for line in response.aiter_lines():
                if line.startswith("event: "):
                    kind = line.removeprefix("event: ")
                elif line.startswith("data: ") and kind in ("request", "decision"):
                    self.heard.append((kind, json.loads(line.removeprefix("data: "))["request"]))

    def of(self, kind: str) -> list[str]:
        return [request for one, request in self.heard if one == kind]


def test_what_one_is_asked_concerns_all() -> None:
    async def test() -> None:
        a, b = Upstream(UNWELL), Upstream(openai_answer("fine"))
        async with crew(BOTH, a=a, b=b) as here:
            first, second, third = here.clients
            await here.post(first)
            await here.post(first)
            resting = await candidate(here, second)
            assert resting["state"] == "resting"
            assert resting["why"] == "it failed too often (in 1 of 3 workers)"
            for pid in (second, second, third, third, third):
                await here.post(pid)
            assert (await candidate(here, first))["why"] == "it failed too often"
            assert len(a.requests) == 2 * WORKERS
            await the_figures_are_those_of_all(here)
            told = await here.clients[second].post("/admin/api/reset", json={"target": "a/one"})
            assert told.json() == {"reset": ["a/one"], "workers": ALL}
            assert (await candidate(here, third))["state"] == "healthy"
            for pid in here.clients:
                await here.post(pid)
            assert len(a.requests) == 3 * WORKERS
            sent = await a_listener_hears_of_all_in_order(here, 10)
            await one_that_is_silent_or_dies_is_left_out(here, sent)

    run(test(), BOUND)


async def the_figures_are_those_of_all(here: Crew) -> None:
    for pid in here.clients:
        found = await here.metrics(pid)
        assert found[SERVED] == 7
        assert found["fcc_request_seconds_bucket", (("le", "+Inf"), ("route", "rest"))] == 7
        assert found["fcc_attempts_total", (("outcome", "server_error"), ("target", "a/one"))] == 6
        assert found["fcc_tokens_total", (("kind", "tokens_in"), ("target", "b/two"))] == 49
        assert found["fcc_model_resting", (("target", "a/one"),)] == 1
        assert (found["fcc_workers", ()], found[REPORTING]) == (WORKERS, WORKERS)
        assert found["fcc_ledger_ok", ()] == 1


async def a_listener_hears_of_all_in_order(here: Crew, sent: int) -> int:
    """How many requests have been sent by now."""
    first, second, third = here.clients
    ear = Ear(await here.pin(first))

    async def heard_of_others() -> bool:
        nonlocal sent
        sent += 1
        await here.post(third)
        return bool(ear.heard)

    await here.until(heard_of_others)
    turns = (third, second, first, third, second, first)
    names = [(await here.post(pid)).headers["request-id"] for pid in turns]

    async def all_heard() -> bool:
        return ear.of("decision")[-1:] == names[-1:]

    await here.until(all_heard)
    assert ear.of("decision")[-6:] == names
    assert ear.of("request")[-6:] == names
    row = await here.clients[first].get(f"/admin/api/decisions/{names[1]}")
    assert row.json()["target"] == "b/two"
    ear.task.cancel()
    return sent + len(turns)


async def one_that_is_silent_or_dies_is_left_out(here: Crew, sent: int) -> None:
    first, second, third = here.clients
    assert (await here.metrics(first))[SERVED] == sent
    with stopped(second):
        await here.post(third)
        found = await here.metrics(first)
        assert (found[SERVED], found[REPORTING]) == (sent + 1, 2)
        state = (await here.clients[third].get("/admin/api/state")).json()
        assert state["workers"] == {"asked": 3, "answered": 2}
        assert state["problems"] == ["1 of 3 workers do not answer: what they know is missing here"]
        told = (await here.clients[first].post("/admin/api/reset")).json()
        assert told["workers"] == {"asked": 3, "answered": 2}
        began = time.monotonic()
        told = (await here.clients[first].post("/admin/reload")).json()
        assert (told["status"], told["workers"]) == ("accepted", {"asked": 3, "answered": 2})
        await here.metrics(third)
        assert time.monotonic() - began < TAKES_WITHIN / 2
    assert (await here.metrics(third))[REPORTING] == 3

    os.kill(second, signal.SIGKILL)
    for number in range(1, 6):
        for pid in (first, third):
            assert (await here.post(pid)).status_code == 200
        assert (await here.metrics(first))[SERVED] == sent + 1 + 2 * number

    async def back() -> bool:
        return (await here.metrics(first))[REPORTING] == WORKERS

    await here.until(back)
    assert (await here.metrics(third))[SERVED] == sent + 11
    cpu = (await here.metrics(first))["process_cpu_seconds_total", ()]
    assert (await here.metrics(third))["process_cpu_seconds_total", ()] >= cpu > 0


GUARD = f'{APART}[reload]\nguard = "20%"\nwatch = false\n'
OLD, NEW = 'route rest answer "A"', 'route rest answer "B"'


async def says(here: Crew, text: str) -> bool:
    return all([text in (await here.post(pid)).text for pid in here.clients])


def test_one_confirmation_and_one_step_back_hold_in_all() -> None:
    async def test() -> None:
        async with crew(OLD, GUARD) as here:
            first, second, third = here.clients
            assert await says(here, '"A"')
            before = (await here.everywhere("/health"))[0]["generation"]
            (here.process.folder / "routes.toml").write_text(policy(NEW, GUARD))
            told = (await here.clients[first].post("/admin/reload")).json()
            assert (told["status"], told["generation"], told["workers"]) == ("kept", before, ALL)
            assert "100% of the last 3 requests" in told["problems"][0]
            assert {page["status"] for page in await here.everywhere("/health")} == {"degraded"}
            page = (await here.clients[third].get("/admin/api/policy")).json()
            assert page["refused"]["diagnostics"][0]["code"] == "FCC015"
            assert await says(here, '"A"')

            told = (await here.clients[second].post(f"/admin/reload?confirm={told['held']}")).json()
            assert (told["status"], told["held"], told["workers"]) == ("accepted", None, ALL)
            assert {page["status"] for page in await here.everywhere("/health")} == {"ok"}
            assert await says(here, '"B"')

            back = await here.clients[third].post("/admin/api/rollback", json={"generation": before})
            assert back.json() == {"status": "accepted", "generation": before, "problems": [], "workers": ALL}
            assert await says(here, '"A"')
            who = ["roll-back by 127.0.0.1", "127.0.0.1", "127.0.0.1", "start"]
            assert await written(here) == who
            await a_new_worker_begins_with_what_the_others_serve(here, second)
            await the_second_signal_confirms(here)
            assert await written(here) == ["signal", "signal", *who]

    run(test(), BOUND)


async def written(here: Crew) -> list[str]:
    """Who had a policy read, as the ledger has it: once for all workers."""
    page = (await here.everywhere("/admin/api/policy"))[0]
    return [one["who"] for one in page["history"]]


async def a_new_worker_begins_with_what_the_others_serve(here: Crew, killed: int) -> None:
    """Which is not what stands on the disk."""
    del here.clients[killed]
    os.kill(killed, signal.SIGKILL)
    left = next(iter(here.clients))

    async def back() -> bool:
        return killed not in here.pids and (await here.metrics(left))[REPORTING] == WORKERS

    await here.until(back)
    (new,) = here.pids - here.clients.keys()
    here.clients[new] = await here.pin(new)
    assert await says(here, '"A"')
    assert len({page["generation"] for page in await here.everywhere("/health")}) == 1


async def the_second_signal_confirms(here: Crew) -> None:
    async def all_are(status: str) -> bool:
        return {page["status"] for page in await here.everywhere("/health")} == {status}

    here.process.running.send_signal(signal.SIGHUP)
    await here.until(lambda: all_are("degraded"))
    assert await says(here, '"A"')
    here.process.running.send_signal(signal.SIGHUP)
    await here.until(lambda: all_are("ok"))
    assert await says(here, '"B"')
