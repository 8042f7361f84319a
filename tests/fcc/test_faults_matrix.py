"""Every fault of an upstream against the whole server, over sockets: streamed or not, with a fallback or alone.

One server for all; every row has an upstream of its own, and every variant of it a provider, so that health and blocks
of one say nothing about another. What is judged: the answer or the error (status, type, retry-after), that it comes in
time, that no truncated answer looks whole, what health and blocks make of it, and that nothing is left open.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from engine.health import Health, HealthRule
from engine.offline import OfflineGuard
from engine.state import State
from providers.classify import failure_of_fault
from providers.failures import OUTCOMES, Kind, Outcome
from support import replies
from support.certificates import certificate, shown
from support.faults import BAD, GOOD, HOSTILE, LATE, STATUSES, UPLOADS
from support.grammar import check_broken_stream, check_message, check_stream
from support.upstream import Behaviour, Upstream, black_hole, close, no_answer, openai_answer, raw, reset
from support.world import World, message, run, until, world
from translators.events import CONTENT, Fault, Text, Tool

RULES = """\
health * 3 failures in 30s, rest 30s
route chained when model is "*c/m" use requested then good/m
route alone use requested
"""
IN_A_HURRY = """\
health * 3 failures in 30s, rest 30s
route chained when model is "*c/m"
  use requested start within 1s, stall after 1s, finish within 3s then good/m
route alone use requested start within 1s, stall after 1s, finish within 3s
"""
PATIENT_AT_FIRST = IN_A_HURRY.replace("start within 1s, ", "")
CLOCKS = (
    "[defaults]\nconnect = 1\nwait = 0\nretry = 0\nrescue = false\nstart = 40\nstart_last = 40\nfinish = 80\n"
)
"""So long that a machine that has much else to do meets them."""
BOUND = 60.0
"""Seconds for the slowest variant on such a machine."""
AT_ONCE = 16
PATIENCE = 120.0
"""Seconds for all of them."""

ALONE = {
    "rate_limit": (429, "rate_limit_error"),
    "timeout": (504, "timeout_error"),
    "auth": (500, "api_error"),
    "credit": (402, "billing_error"),
    "not_found": (404, "not_found_error"),
    "refused": (500, "api_error"),
    "certificate": (500, "api_error"),
    "bad_request": (400, "invalid_request_error"),
    "overflow": (400, "invalid_request_error"),
}
"""What the client is told when there is nobody else; of everything else 529."""


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    behave: Behaviour
    kind: str = ""
    """Of the failure; "": the answer is good."""
    began: bool = False
    """Content came before the failure."""
    text: str | None = "hi"
    """What is said, or is before the failure; None: more than text."""
    wait: tuple[int, int] | None = None
    accept: Behaviour | None = None
    body: dict[str, Any] | None = None
    content: bool = False
    """A refusal of what the request says."""


def rows() -> list[Row]:
    found = [Row(name, behave) for name, behave in GOOD.items()]
    found += [Row(name, behave, kind, bool(text), text) for name, (behave, kind, text) in BAD.items()]
    found += [
        Row(name, one.behave, one.kind, wait=one.wait, content=name == "content filter")
        for name, one in STATUSES.items()
    ]
    found += [Row("4 closed on accept", close, "connection", accept=close)]
    found += [Row("4 reset on accept", close, "connection", accept=reset)]
    return found + [recorded(path) for path in replies.answers() if path.parent.name == "openai_chat"]


def late(*, begun: bool) -> list[Row]:
    """`begun`: those that say something first, for which the clock of the start is none of the test."""
    return [
        Row(name, behave, "timeout", begun, text or None)
        for name, (behave, text) in LATE.items()
        if bool(text) == begun
    ]


def uploads() -> list[Row]:
    body = message("x" * 8_000_000)
    return [Row(name, close, kind, accept=accept, body=body) for name, (accept, kind) in UPLOADS.items()]


def recorded(path: Path) -> Row:
    """A recorded answer as a row: whether it is good is what the golden tests say."""
    data = path.read_bytes()
    events = replies.events_of(path, [data])
    last = events[-1]
    kind = "malformed" if path.suffix == ".sse" else "json"
    head = "text/event-stream" if kind == "malformed" else "application/json"
    behave = raw(
        f"HTTP/1.1 200 OK\r\ncontent-type: {head}\r\ncontent-length: {len(data)}\r\n\r\n".encode() + data
    )
    body = {**replies.asked(path)[0].body}
    body.pop("profile", None)
    fault = failure_of_fault(last, ()).kind if isinstance(last, Fault) else ""
    began = any(isinstance(event, CONTENT) for event in events)
    text = "".join(event.text for event in events if isinstance(event, Text))
    plain = not any(isinstance(event, Tool) for event in events)
    return Row(path.name, behave, fault, began, text if plain else None, body=body)


@dataclass(frozen=True, slots=True)
class Variant:
    provider: str
    chained: bool
    stream: bool


def variants(number: int) -> list[Variant]:
    return [
        Variant(f"f{number}{'s' if stream else 'w'}{'c' if chained else 'a'}", chained, stream)
        for chained in (True, False)
        for stream in (True, False)
    ]


@contextlib.asynccontextmanager
async def stage(
    rows: list[Row], rules: str, clocks: str
) -> AsyncGenerator[tuple[World, list[Upstream]], None]:
    async with contextlib.AsyncExitStack() as stack:
        upstreams, tables = [], clocks
        for number, row in enumerate(rows):
            upstreams.append(await stack.enter_async_context(Upstream(row.behave, accept=row.accept)))
            for one in variants(number):
                tables += table(one.provider, upstreams[-1].url)
        yield (
            await stack.enter_async_context(world(rules, tables, good=Upstream(openai_answer("fine")))),
            upstreams,
        )


def table(provider: str, url: str, more: str = "") -> str:
    return f'[providers.{provider}]\ndialect = "openai-chat"\nbase_url = "{url}"\nkey = ""\n{more}\n'


async def judged(here: World, row: Row, one: Variant) -> None:
    """Asks once, and judges everything that can be seen of it."""
    body = {**(row.body or message()), "model": f"{one.provider}/m", "stream": one.stream}
    loop = asyncio.get_running_loop()
    began = loop.time()
    response = await here.post(body)
    assert loop.time() - began < BOUND
    assert b"secret-host" not in response.content
    attempts = 1
    if not row.kind:
        said = whole(response, body, one)
        assert row.text is None or text_of(said) == row.text or row.body is not None
    elif row.began and one.stream:
        broken(response, body, row)
    elif one.chained:
        attempts = 2
        assert text_of(whole(response, body, one)) == "fine"
    else:
        refused(response, row)
    assert int(response.headers["x-fcc-attempts"]) == attempts or row.began
    noted(here.app.house.state, row, f"{one.provider}/m", response)


def whole(response: httpx.Response, body: dict[str, Any], one: Variant) -> dict[str, Any]:
    assert response.status_code == 200, response.text[:300]
    if one.stream:
        return check_stream(response.content, body)
    found = response.json()
    check_message(found, body)
    return found


def text_of(found: dict[str, Any]) -> str:
    return "".join(block["text"] for block in found["content"] if block["type"] == "text")


def broken(response: httpx.Response, body: dict[str, Any], row: Row) -> None:
    """What had been said, then one error and no end; no tool call that is not whole."""
    assert response.status_code == 200
    assert b"message_stop" not in response.content
    found, error = check_broken_stream(response.content, body)
    assert error["type"] == "overloaded_error"
    assert found is not None
    whole = sum(block["type"] == "tool_use" for block in found["content"])
    assert response.content.count(b'"type":"tool_use"') == whole, "half a tool call"
    if row.body is None and row.text:
        said = "".join(fields["delta"].get("text", "") for fields in deltas(response.content))
        assert said.startswith(row.text)


def deltas(data: bytes) -> list[dict[str, Any]]:
    frames = [
        frame.partition(b"data: ")[2] for frame in data.split(b"\n\n") if b"content_block_delta" in frame
    ]
    return [json.loads(frame) for frame in frames]


def refused(response: httpx.Response, row: Row) -> None:
    status, kind = ALONE.get(row.kind, (529, "overloaded_error"))
    if row.kind == "bad_request" and "422" in row.name:
        status = 422
    assert (response.status_code, response.json()["error"]["type"]) == (status, kind), response.text
    if row.wait is not None:
        assert row.wait[0] <= int(response.headers["retry-after"]) <= row.wait[1]
    hopeless = row.kind in ALONE and row.kind not in ("rate_limit", "timeout", "overflow")
    assert (response.headers.get("x-should-retry") == "false") == hopeless
    if row.kind == "overflow":
        assert response.json()["error"]["message"].startswith("prompt is too long")


def noted(state: State, row: Row, target: str, response: httpx.Response) -> None:
    """What health, blocks and verdicts made of it."""
    outcome = OUTCOMES[kind_of(row)] if row.kind else Outcome(health=False)
    health = state.healths.get(target, Health(HealthRule(3, 30.0, 30.0)))
    assert len(health.recent) == outcome.health
    assert health.until is None
    provider, asides = target.split("/")[0], state.blocks.asides
    aside = asides.get((provider, "", "m")) or asides.get((provider, ""))
    verdict = outcome.verdict is not None and not row.content
    assert (aside is not None) == (outcome.block is not None or verdict)
    assert aside is None or aside.verdict == (row.kind if verdict else None)


def kind_of(row: Row) -> Kind:
    kind: Any = row.kind
    return kind


def settled(state: State) -> bool:
    return not state.in_flight and not any(bucket.in_flight for bucket in state.buckets.values())


def in_use(here: World) -> list[str]:
    """Providers with a connection that nobody gave back or dropped."""
    assert here.app.house.generation is not None
    found = []
    for name, provider in here.app.house.generation.providers.items():
        sessions = [one._session for one in provider._transports.values() if one._session is not None]
        found += [name for one in sessions if one.connector is not None and one.connector._acquired]
    return found


STAGES = {
    "said": (rows(), RULES, CLOCKS),
    "late": (late(begun=False), IN_A_HURRY, CLOCKS),
    "late once begun": (late(begun=True), PATIENT_AT_FIRST, CLOCKS),
    "on the way": (uploads(), RULES, CLOCKS + "write = 2\n"),
}


@pytest.mark.parametrize(("found", "rules", "clocks"), STAGES.values(), ids=STAGES)
def test_every_fault_in_every_variant(found: list[Row], rules: str, clocks: str) -> None:
    async def test() -> None:
        turns, wrong = asyncio.Semaphore(AT_ONCE), list[str]()

        async def one_of(number: int, one: Variant) -> None:
            async with turns:
                try:
                    await judged(here, found[number], one)
                except Exception as error:
                    wrong.append(f"{found[number].name} {one}: {type(error).__name__} {str(error)[:300]}")

        async with stage(found, rules, clocks) as (here, upstreams):
            pairs = [(number, one) for number in range(len(found)) for one in variants(number)]
            await asyncio.gather(*(one_of(number, one) for number, one in pairs))
            assert not wrong, f"{len(wrong)} of {len(pairs)}:\n" + "\n".join(wrong)
            await until(lambda: settled(here.app.house.state))
            with contextlib.suppress(TimeoutError):
                await until(lambda: not in_use(here))
            assert not in_use(here)
            assert max(one.open for one in upstreams) <= 4
            assert not here.app.house.state.queue

    run(test(), PATIENCE)


def test_who_cannot_be_reached(tmp_path: Path) -> None:
    """Rows 1 to 3 and 5 to 7, one after the other: two to which there is no way would be our own network."""

    async def test() -> None:
        async with Upstream(close) as gone:
            nobody = gone.url
        plain, silent = (
            Upstream(close, accept=raw(b"HTTP/1.1 400 Bad Request\r\n\r\n")),
            Upstream(accept=no_answer),
        )
        unknown = Upstream(openai_answer("hi"), tls=shown(certificate(tmp_path)))
        async with plain, silent, unknown, contextlib.AsyncExitStack() as stack:
            urls = {
                "1 nobody listens": nobody,
                "2 nobody answers": stack.enter_context(black_hole()),
                "3 no such name": "https://no-such-host.invalid/v1",
                "5 no TLS at all": plain.url.replace("http:", "https:"),
                "6 nobody vouches": unknown.url,
                "7 a handshake that stalls": silent.url.replace("http:", "https:"),
            }
            tables = CLOCKS
            for number, url in enumerate(urls.values()):
                tables += "".join(table(one.provider, url) for one in variants(number))
            async with world(RULES, tables, good=Upstream(openai_answer("fine"))) as here:
                for number, name in enumerate(urls):
                    for one in variants(number):
                        here.app.house.state.offline = OfflineGuard()
                        before = len(here.requests)
                        kind = "certificate" if name == "6 nobody vouches" else "connection"
                        await judged(here, Row(name, close, kind), one)
                        row = (await here.logged(before + 1))[-1]
                        assert row["attempts"][0]["failure"] == kind, (name, row)
                await until(lambda: settled(here.app.house.state))

    run(test())


def test_dead_ports_are_no_network_that_is_away() -> None:
    """Two of them, as with a local server that is not running, and a third provider that fails for itself."""

    async def test() -> None:
        async with Upstream(close) as one, Upstream(close) as other:
            dead = table("a", one.url) + table("b", other.url)
        rules = "health * 3 failures in 30s, rest 30s\nroute rest use a/m then b/m then c/m"
        async with world(rules, CLOCKS + dead, c=Upstream(openai_answer("fine"))) as here:
            for _ in range(3):
                assert text_of((await here.post(message())).json()) == "fine"
            state = here.app.house.state
            assert all(state.healths[name].until is not None for name in ("a/m", "b/m"))
            assert (await here.post(message())).headers["x-fcc-attempts"] == "1"

    run(test())


def peak() -> int:
    """The most memory held since it was asked last, in kB; a new count begins."""
    status = Path("/proc/self/status")
    if not status.exists():
        pytest.skip("there is no /proc here")
    most = next(line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")
    return int(most)


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("stream", [True, False])
def test_what_would_fill_the_memory_does_not(name: str, stream: bool) -> None:
    async def test() -> None:
        async with world(
            RULES, CLOCKS, a=Upstream(HOSTILE[name]), good=Upstream(openai_answer("fine"))
        ) as here:
            await here.post({**message(), "model": "good/m"})
            peak()
            before = peak()
            response = await here.post({**message(), "model": "a/c/m", "stream": stream})
            assert response.status_code == 200
            assert (b"event: error" in response.content) != (b"fine" in response.content)
            assert stream or b"fine" in response.content
            grown = peak() - before
            assert grown < 32 * 1024, f"{grown} kB, those of upstream and client included"
            await until(lambda: settled(here.app.house.state))

    run(test())
