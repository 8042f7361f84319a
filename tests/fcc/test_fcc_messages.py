"""`POST /v1/messages` from socket to socket: answers, failover, errors, headers and the line in the log."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import anthropic
import pytest

from fcc.messages import InFlight, Messages
from support.grammar import check_stream
from support.upstream import (
    OPENAI_END,
    Peer,
    Upstream,
    answer,
    cut_after,
    delivered,
    openai_answer,
    openai_chunk,
    reset,
    stall_after,
)
from support.world import TOKEN, World, message, run, world

BOTH = "chain both = a/one then b/two, retry 0\nroute rest use both"
ONE = "route rest use a/one"
NO_RESCUE = "[defaults]\nrescue = false\n"
UNWELL = answer(500, b'{"error":{"message":"boom"}}')


def sdk(here: World) -> anthropic.AsyncAnthropic:
    return anthropic.AsyncAnthropic(base_url=here.address, auth_token=TOKEN, api_key=None, max_retries=0)


def error_of(response: Any) -> dict[str, Any]:
    body = response.json()
    assert body["type"] == "error"
    assert body["request_id"] == response.headers["request-id"]
    return body["error"]


def test_a_stream_is_a_stream_of_the_messages_api() -> None:
    async def test() -> None:
        async with world(ONE, a=Upstream(openai_answer("Hel", "lo"))) as here:
            body = message(stream=True)
            response = await here.post(body)
            assert response.status_code == 200
            assert response.headers["content-type"].startswith("text/event-stream")
            said = check_stream(response.content, body)
            assert said["content"] == [{"type": "text", "text": "Hello"}]
            assert said["usage"]["input_tokens"] == 7
            assert response.headers["request-id"].startswith("req_")
            assert response.headers["x-fcc-route"] == "rest"
            assert response.headers["x-fcc-target"] == "a/one"
            assert response.headers["x-fcc-attempts"] == "1"
            assert "server" not in response.headers

    run(test())


def test_the_official_client_streams() -> None:
    async def test() -> None:
        async with world(ONE, a=Upstream(openai_answer("Hel", "lo"))) as here, sdk(here) as client:
            async with client.messages.stream(**message()) as stream:
                texts = [text async for text in stream.text_stream]
                final = await stream.get_final_message()
            assert "".join(texts) == "Hello"
            assert final.stop_reason == "end_turn"
            assert final.model == "claude-opus-5-5"

    run(test())


def test_the_official_client_asks_without_stream() -> None:
    async def test() -> None:
        async with world(ONE, a=Upstream(openai_answer("Hel", "lo"))) as here, sdk(here) as client:
            reply = await client.messages.create(**message())
            assert [block.to_dict() for block in reply.content] == [{"type": "text", "text": "Hello"}]
            assert reply.usage.output_tokens == 2
            raw = await here.post(message())
            assert raw.headers["content-type"] == "application/json"
            assert int(raw.headers["content-length"]) == len(raw.content)
            assert raw.headers["x-fcc-target"] == "a/one"

    run(test())


@pytest.mark.parametrize("stream", [True, False])
def test_a_failing_model_is_replaced_unseen(stream: bool) -> None:
    async def test() -> None:
        async with world(BOTH, a=Upstream(UNWELL), b=Upstream(openai_answer("fine"))) as here:
            response = await here.post(message(stream=stream))
            assert response.status_code == 200
            assert b"fine" in response.content
            assert response.headers["x-fcc-target"] == "b/two"
            assert response.headers["x-fcc-attempts"] == "2"
            (row,) = await here.logged()
            assert row["route"] == "rest"
            assert [(one["target"], one["failure"]) for one in row["attempts"]] == [
                ("a/one", "server_error"),
                ("b/two", None),
            ]
            assert 0 < row["first_token_ms"] <= row["ms"]
            assert row["tokens"] == {"input": 7, "output": 2, "cache_read": None}

    run(test())


@pytest.mark.parametrize("stream", [True, False])
def test_when_nobody_answers_it_is_a_status(stream: bool) -> None:
    async def test() -> None:
        async with world(BOTH, a=Upstream(UNWELL), b=Upstream(reset)) as here:
            response = await here.post(message(stream=stream))
            assert response.status_code == 529
            assert error_of(response)["type"] == "overloaded_error"
            assert response.headers["x-fcc-route"] == "rest"
            assert int(response.headers["x-fcc-attempts"]) == 2
            (row,) = await here.logged()
            assert (row["status"], row["error"], row["level"]) == (529, "overloaded_error", "warning")

    run(test())


def test_the_official_client_understands_our_errors() -> None:
    async def test() -> None:
        limited = answer(429, b'{"error":{"message":"slow down"}}', "retry-after: 7")
        async with world(
            "route rest use a/one, retry 0", "[defaults]\nwait = 0\n", a=Upstream(limited)
        ) as here:
            async with sdk(here) as client:
                with pytest.raises(anthropic.RateLimitError) as caught:
                    await client.messages.create(**message())
            assert caught.value.response.headers["retry-after"] == "7"

    run(test())


def test_a_refusal_is_final() -> None:
    async def test() -> None:
        async with world('route rest refuse 403 "not here"') as here:
            response = await here.post(message())
            assert response.status_code == 403
            assert error_of(response) == {"type": "permission_error", "message": "not here"}
            assert response.headers["x-should-retry"] == "false"
            assert response.headers["x-fcc-route"] == "rest"

    run(test())


def test_the_head_is_held_then_pings_keep_the_client_awake() -> None:
    awake = asyncio.Event()

    async def slow(peer: Peer) -> None:
        await peer.stream_head()
        await awake.wait()
        await peer.chunk(openai_chunk("late") + OPENAI_END)
        await peer.send(b"0\r\n\r\n")

    async def test() -> None:
        clocks = "[defaults]\nhold = 0.1\nping = 0.1\n"
        async with world(ONE, clocks, a=Upstream(slow)) as here:
            body, data = message(stream=True), b""
            began = asyncio.get_running_loop().time()
            async with here.client.stream("POST", "/v1/messages", json=body) as response:
                held = asyncio.get_running_loop().time() - began
                async for piece in response.aiter_raw():
                    data += piece
                    if data.count(b"event: ping") == 2:
                        awake.set()
            assert 0.09 < held < 2
            assert check_stream(data, body)["content"] == [{"type": "text", "text": "late"}]
            assert data.startswith(b"event: message_start")

    run(test())


def test_a_late_failure_is_an_error_event() -> None:
    begun = asyncio.Event()

    async def slow(peer: Peer) -> None:
        await begun.wait()
        await UNWELL(peer)

    async def test() -> None:
        clocks = "[defaults]\nhold = 0.1\nping = 0.1\n"
        async with world("route rest use a/one, retry 0", clocks, a=Upstream(slow)) as here:
            body = message(stream=True)
            async with here.client.stream("POST", "/v1/messages", json=body) as response:
                begun.set()
                await response.aread()
            assert response.status_code == 200
            *_, last = response.text.strip().split("\n\n")
            assert last.startswith("event: error\n")
            error = json.loads(last.partition("data: ")[2])
            assert error["error"]["type"] == "overloaded_error"
            assert error["request_id"] == response.headers["request-id"]
            assert "message_stop" not in response.text
            (row,) = await here.logged()
            assert (row["status"], row["error"]) == (200, "overloaded_error")

    run(test())


@pytest.mark.parametrize("rst", [True, False])
def test_a_cut_is_an_error_event_and_no_end(rst: bool) -> None:
    async def test() -> None:
        upstream = Upstream(cut_after(openai_chunk("half"), rst=rst, pause=0.05))
        async with world(ONE, NO_RESCUE, a=upstream) as here:
            response = await here.post(message(stream=True))
            assert "half" in response.text
            assert response.text.count("event: error") == 1
            assert response.text.index("half") < response.text.index("event: error")
            assert "message_stop" not in response.text
            (row,) = await here.logged()
            assert row["error"] == "cut"
            assert row["attempts"][0]["failure"] == "cut"

    run(test())


@pytest.mark.parametrize(("options", "attempts"), [("", "2"), (", retry 0", "1")])
def test_a_cut_without_stream_is_a_status(options: str, attempts: str) -> None:
    """Nothing has reached the client yet, so the only one there is is asked once more, unless that is switched off."""

    async def test() -> None:
        upstream = Upstream(cut_after(openai_chunk("half")))
        async with world(ONE + options, NO_RESCUE, a=upstream) as here:
            response = await here.post(message())
            assert response.status_code == 529
            assert error_of(response)["type"] == "overloaded_error"
            assert response.headers["x-fcc-attempts"] == attempts

    run(test())


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("said", [b"", openai_chunk("half")])
def test_when_the_client_leaves_the_model_is_stopped(stream: bool, said: bytes) -> None:
    async def test() -> None:
        upstream = Upstream(stall_after(said))
        async with world(ONE, a=upstream) as here:
            body = json.dumps(message(stream=stream)).encode()
            _, writer = await asyncio.open_connection(
                "127.0.0.1", here.server.servers[0].sockets[0].getsockname()[1]
            )
            head = f"POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nx-api-key: {TOKEN}\r\ncontent-length: {len(body)}"
            writer.write(head.encode() + b"\r\n\r\n" + body)
            await upstream.asked()
            await delivered()
            began = asyncio.get_running_loop().time()
            writer.close()
            await upstream.all_gone()
            assert asyncio.get_running_loop().time() - began < 0.25
            (row,) = await here.logged()
            assert row["status"] == 499
            assert here.app.house.generation is not None
            assert here.app.house.generation.running == 0

    run(test())


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        (b"{", 400, "invalid_request_error"),
        (b"", 400, "invalid_request_error"),
        (b"[]", 400, "invalid_request_error"),
        (b'{"model":"x","messages":[{"role":"user","content":"hi"}]}', 400, "invalid_request_error"),
        (b'{"model":"x","max_tokens":1,"messages":[]}', 400, "invalid_request_error"),
        (b'"' + b"a" * (32 * 1024 * 1024) + b'"', 413, "request_too_large"),
    ],
)
def test_what_is_no_request_is_said(body: bytes, status: int, kind: str) -> None:
    async def test() -> None:
        async with world(ONE, a=Upstream(openai_answer("x"))) as here:
            response = await here.post(body)
            assert response.status_code == status
            assert error_of(response)["type"] == kind

    run(test())


def test_a_large_body_is_taken() -> None:
    async def test() -> None:
        async with world(ONE, a=Upstream(openai_answer("taken"))) as here:
            response = await here.post(message("long " * 6_000_000))
            assert response.status_code == 200
            assert b"taken" in response.content

    run(test())


def test_a_large_body_in_chunks_is_counted() -> None:
    async def pieces() -> Any:
        for _ in range(33):
            yield b"a" * 1024 * 1024

    async def test() -> None:
        async with world(ONE, a=Upstream(openai_answer("x"))) as here:
            response = await here.client.post("/v1/messages", content=pieces())
            assert response.status_code == 413
            assert error_of(response)["type"] == "request_too_large"

    run(test())


def test_tokens_are_counted_here() -> None:
    async def test() -> None:
        upstream = Upstream(openai_answer("x"))
        async with world(ONE, a=upstream) as here, sdk(here) as client:
            few = await client.messages.count_tokens(model="x", messages=[{"role": "user", "content": "hi"}])
            many = await client.messages.count_tokens(
                model="x", messages=[{"role": "user", "content": "hi " * 1000}]
            )
            assert 0 < few.input_tokens < 50 < many.input_tokens
            assert not upstream.requests

    run(test())


def test_too_many_at_once_are_told_to_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test() -> None:
        upstream = Upstream(stall_after(openai_chunk("x")))
        async with world(ONE, drain=0.0, a=upstream) as here:
            messages = here.app.hot["/v1/messages"].app
            assert isinstance(messages, Messages)
            monkeypatch.setattr(messages, "in_flight", InFlight(1))
            async with here.client.stream("POST", "/v1/messages", json=message(stream=True)):
                response = await here.post(message())
            assert response.status_code == 529
            assert response.headers["retry-after"] == "1"

    run(test())


def test_no_secret_and_no_prompt_reaches_the_log() -> None:
    async def test() -> None:
        async with world(ONE, a=Upstream(openai_answer("an answer"))) as here:
            await here.post(message("a prompt"))
            await here.post(message("a prompt"), **{"x-api-key": "a wrong key"})
            await here.logged()
            text = b"".join(here.lines)
            for secret in (TOKEN.encode(), b"a prompt", b"an answer", b"a wrong key"):
                assert secret not in text

    run(test())


def test_a_field_the_model_does_not_know_is_left_out_from_then_on() -> None:
    async def picky(peer: Peer) -> None:
        assert peer.request is not None
        if "stream_options" in json.loads(peer.request.body):
            await answer(400, b'{"error":{"message":"Unrecognized request argument: stream_options"}}')(peer)
        else:
            await openai_answer("hello")(peer)

    async def test() -> None:
        async with world(ONE, a=(upstream := Upstream(picky))) as here:
            attempts = [(await here.post(message(stream=True))).headers["x-fcc-attempts"] for _ in range(3)]
            assert (attempts, len(upstream.requests)) == (["2", "1", "1"], 4)
            state = (await here.client.get("/admin/api/state")).json()
            assert [one["without"] for one in state["candidates"]] == [["stream_options"]]

    run(test())
