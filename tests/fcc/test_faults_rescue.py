"""What a client sees when models fail on the way, over sockets: rescues, retries, races, shares and lines."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from engine.state import State
from support import replies
from support.faults import HI
from support.grammar import check_broken_stream, check_stream
from support.upstream import (
    OPENAI_END,
    Behaviour,
    Peer,
    Upstream,
    answer,
    cut_after,
    event,
    no_answer,
    openai_answer,
    openai_chunk,
    reset,
    stall_after,
    stream,
)
from support.world import World, message, run, until, world

TWO = "health * 3 failures in 30s, rest 30s\nroute rest use a/m then b/m"
CONTINUES = '[models."b/m"]\ncontinues = true\n'
HALF = cut_after(openai_chunk("The answer is for"), pause=0.05)
UNWELL = answer(500, b'{"error":{"message":"unwell"}}')
TOOL = event(
    '{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c1","type":"function",'
    '"function":{"name":"Write","arguments":"{\\"path\\":\\"/a\\",\\"content\\":\\"ab"}}]}}]}'
)
TOOLS = [{"name": "Write", "description": "", "input_schema": {"type": "object", "properties": {}}}]


def text_of(found: dict[str, Any]) -> str:
    return "".join(block["text"] for block in found["content"] if block["type"] == "text")


def peaceful(state: State) -> bool:
    return (
        not state.in_flight and not state.queue and not any(one.in_flight for one in state.buckets.values())
    )


async def streamed(here: World, **fields: Any) -> bytes:
    response = await here.post(message(stream=True, **fields))
    assert response.status_code == 200, response.text
    return response.content


@pytest.mark.parametrize("rest", ["ty-two.", "The answer is forty-two.", "answer is forty-two."])
def test_a_model_that_can_goes_on_from_where_another_broke_off(rest: str) -> None:
    async def test() -> None:
        b = Upstream(stream([openai_chunk(rest[:3]), openai_chunk(rest[3:]), OPENAI_END]))
        async with world(TWO, CONTINUES, a=Upstream(HALF), b=b) as here:
            found = check_stream(await streamed(here), message(stream=True))
            assert text_of(found) == "The answer is forty-two."
            assert json.loads(b.requests[0].body)["messages"][-1]["content"] == "The answer is for"
            assert found["usage"]["output_tokens"] < 20, "what the first one used is not counted"
            (row,) = await here.logged()
            assert row["target"] == "b/m"
            assert [one["failure"] for one in row["attempts"]] == ["cut", None]

    run(test())


def test_a_fresh_answer_that_says_the_same_goes_on() -> None:
    async def test() -> None:
        b = Upstream(openai_answer("The ans", "wer is forty", "-two."))
        async with world(TWO, a=Upstream(HALF), b=b) as here:
            found = check_stream(await streamed(here), message(stream=True))
            assert text_of(found) == "The answer is forty-two."
            assert json.loads(b.requests[0].body)["messages"][-1]["role"] == "user"

    run(test())


@pytest.mark.parametrize(
    "second", [openai_answer("Another answer"), UNWELL, HALF, reset], ids=["other", "500", "cut", "reset"]
)
def test_what_cannot_be_joined_is_an_error(second: Behaviour) -> None:
    async def test() -> None:
        a, b = Upstream(HALF), Upstream(second)
        async with world(TWO, a=a, b=b) as here:
            data = await streamed(here)
            found, error = check_broken_stream(data, message(stream=True))
            assert found is not None
            assert error["type"] == "overloaded_error"
            assert data.count(b"The answer is for") == 1
            assert b"Another" not in data
            await until(lambda: peaceful(here.app.house.state))

    run(test())


def test_half_a_tool_call_never_goes_out_and_another_model_makes_it_whole() -> None:
    """Arguments are held, so nothing has been said that another model could contradict."""

    async def test() -> None:
        async with world(
            TWO, a=Upstream(cut_after(HI + TOOL)), b=Upstream(openai_answer("hi", " there"))
        ) as here:
            found = check_stream(await streamed(here, tools=TOOLS))
            assert found["content"] == [{"type": "text", "text": "hi there"}]
            (row,) = await here.logged()
            assert [one["failure"] for one in row["attempts"]] == ["cut", None]

    run(test())


def test_after_a_tool_call_nobody_else_is_asked() -> None:
    """The client may be running it already."""

    async def test() -> None:
        recorded = replies.FIXTURES / "anthropic" / "cut-after-tool.sse"
        b = Upstream(openai_answer("hi"))
        async with Upstream(stream([recorded.read_bytes()])) as c:
            table = f'[providers.c]\ndialect = "anthropic"\nbase_url = "{c.url}"\nkey = ""\n'
            async with world("route rest use c/m then b/m", CONTINUES + table, b=b) as here:
                body = {**replies.asked(recorded)[0].body, "stream": True}
                found, error = check_broken_stream((await here.post(body)).content, body)
                assert found is not None
                assert "tool_use" in [block["type"] for block in found["content"]]
                assert error["type"] == "overloaded_error"
                assert not b.requests

    run(test())


def test_a_cut_before_any_content_is_never_seen() -> None:
    async def test() -> None:
        async with world(TWO, a=Upstream(cut_after(TOOL)), b=Upstream(openai_answer("fine"))) as here:
            assert text_of(check_stream(await streamed(here, tools=TOOLS))) == "fine"

    run(test())


def test_a_stale_connection_is_never_seen() -> None:
    """The upstream closes a connection it had kept, at the moment the next request is sent on it."""

    async def test() -> None:
        a = Upstream(openai_answer("one"), reset, openai_answer("two"))
        async with world(TWO, a=a, b=Upstream(openai_answer("wrong"))) as here:
            for expected in ("one", "two"):
                response = await here.post(message())
                assert text_of(response.json()) == expected
                assert response.headers["x-fcc-attempts"] == "1"
            assert len(a.requests) == 3
            assert not here.app.house.state.healths["a/m"].recent

    run(test())


@pytest.mark.parametrize(
    "first",
    [UNWELL, stream([]), cut_after(b""), answer(200, b"<html>"), HALF],
    ids=["500", "empty", "cut", "page", "half"],
)
def test_the_only_one_is_asked_once_more(first: Behaviour) -> None:
    async def test() -> None:
        a = Upstream(first, openai_answer("fine"))
        async with world("route rest use a/m", a=a) as here:
            response = await here.post(message())
            assert text_of(response.json()) == "fine"
            assert response.headers["x-fcc-attempts"] == "2"

    run(test())


def test_a_field_that_is_refused_is_left_out_and_nobody_blamed() -> None:
    async def test() -> None:
        refusal = answer(
            500, b'{"error":{"message":"Unsupported parameter: \'temperature\'","param":"temperature"}}'
        )
        a = Upstream(refusal, openai_answer("fine"))
        async with world(TWO, a=a, b=Upstream(openai_answer("wrong"))) as here:
            response = await here.post(message(temperature=0.5))
            assert text_of(response.json()) == "fine"
            assert "temperature" not in json.loads(a.requests[1].body)
            assert not here.app.house.state.healths["a/m"].recent

    run(test())


def test_the_loser_of_a_race_is_cancelled_at_once() -> None:
    async def test() -> None:
        slow, quick = Upstream(no_answer), Upstream(openai_answer("quick"))
        async with world("route rest use race (a/m, b/m after 50ms)", a=slow, b=quick) as here:
            loop = asyncio.get_running_loop()
            assert text_of(check_stream(await streamed(here))) == "quick"
            began = loop.time()
            await slow.all_gone()
            assert loop.time() - began < 0.25
            await until(lambda: peaceful(here.app.house.state))

    run(test())


def test_a_session_stays_with_its_share_of_a_split() -> None:
    async def test() -> None:
        a, b = Upstream(openai_answer("a")), Upstream(openai_answer("b"))
        async with world("route rest use split (50% a/m, 50% b/m)", a=a, b=b) as here:
            said: dict[str, set[str]] = {}
            for turn in range(36):
                session = f"session-{turn % 12}"
                response = await here.post(message(), **{"x-session-id": session})
                said.setdefault(session, set()).add(text_of(response.json()))
            assert all(len(texts) == 1 for texts in said.values())
            assert a.requests
            assert b.requests

    run(test())


def test_a_rotation_takes_turns() -> None:
    async def test() -> None:
        a, b = Upstream(openai_answer("a")), Upstream(openai_answer("b"))
        async with world("route rest use rotate (a/m, b/m)", a=a, b=b) as here:
            texts = [text_of((await here.post(message())).json()) for _ in range(4)]
            assert texts in (["a", "b", "a", "b"], ["b", "a", "b", "a"])

    run(test())


def test_when_all_rest_they_are_asked_all_the_same() -> None:
    async def test() -> None:
        a, b = Upstream(UNWELL), Upstream(UNWELL)
        async with world(TWO + ", retry 0", "[defaults]\nretry = 0\n", a=a, b=b) as here:
            for _ in range(3):
                assert (await here.post(message())).status_code == 529
            state = here.app.house.state
            assert all(state.healths[name].until is not None for name in ("a/m", "b/m"))
            a.behaviours = b.behaviours = (openai_answer("back"),)
            assert text_of((await here.post(message())).json()) == "back"

    run(test())


def test_those_who_wait_for_a_place_are_served_in_their_order() -> None:
    async def test() -> None:
        order: list[str] = []

        async def slow(peer: Peer) -> None:
            assert peer.request is not None
            order.append(json.loads(peer.request.body)["messages"][-1]["content"])
            await asyncio.sleep(0.03)
            await openai_answer("done")(peer)

        async with world("limit a/* 1 at once\nroute rest use a/m", a=Upstream(slow)) as here:
            tasks = []
            for number in range(8):
                tasks.append(asyncio.create_task(here.post(message(str(number)))))
                await until(lambda came=number: len(order) + len(here.app.house.state.queue) > came)
            responses = await asyncio.gather(*tasks)
            assert [one.status_code for one in responses] == [200] * 8
            assert order == [str(number) for number in range(8)]
            assert peaceful(here.app.house.state)

    run(test())


@pytest.mark.parametrize("asks_for_stream", [True, False])
def test_a_client_that_leaves_the_line_holds_nobody_up(asks_for_stream: bool) -> None:
    async def test() -> None:
        a = Upstream(stall_after(HI), openai_answer("next"))
        async with world("limit a/* 1 at once\nroute rest use a/m", a=a) as here:
            first = asyncio.create_task(here.post(message(stream=asks_for_stream)))
            await a.asked()
            second = asyncio.create_task(here.post(message()))
            third = asyncio.create_task(here.post(message()))
            await until(lambda: len(here.app.house.state.queue) == 2)
            second.cancel()
            await until(lambda: len(here.app.house.state.queue) == 1)
            first.cancel()
            assert text_of((await third).json()) == "next"
            await until(lambda: peaceful(here.app.house.state))
            assert "a/m" not in here.app.house.state.in_flight

    run(test())
