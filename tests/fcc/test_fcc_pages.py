"""The other addresses: greetings, health, the model list, OpenAI's dialects, and errors for everything else."""

from __future__ import annotations

import json
from typing import Any

import anthropic
import openai
import pytest

from support.upstream import Upstream, answer, openai_answer
from support.world import TOKEN, World, message, run, world

RULES = """\
chain coding = a/z-ai/glm4.7 then a/two
offer coding as "Auto"
offer a/z-ai/glm4.7 with and without thinking
route rest use coding, retry 0
"""


def upstream() -> Upstream:
    return Upstream(openai_answer("Hel", "lo"))


def unwell() -> Upstream:
    return Upstream(answer(429, b'{"error":{"message":"slow down"}}', "retry-after: 30"))


def client_of(here: World) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(base_url=f"{here.address}/v1", api_key=TOKEN, max_retries=0)


def test_greetings() -> None:
    async def test() -> None:
        async with world(RULES, a=upstream()) as here:
            generation = here.app.house.generation
            assert generation is not None
            for path in ("/", "/api/hello", "/health"):
                got = await here.client.get(path)
                head = await here.client.head(path)
                assert (got.status_code, head.status_code, head.content) == (200, 200, b"")
                assert head.headers["content-length"] == got.headers["content-length"]
                assert "request-id" in got.headers
            health = await here.client.get("/health")
            assert health.json() == {"status": "ok", "generation": generation.id}

    run(test())


def test_the_official_client_lists_models() -> None:
    async def test() -> None:
        async with (
            world(RULES, a=upstream()) as here,
            anthropic.AsyncAnthropic(base_url=here.address, api_key=TOKEN, max_retries=0) as client,
        ):
            ids = [model.id async for model in client.models.list(limit=2)]
            assert ids == [
                "anthropic/coding",
                "anthropic/a/z-ai/glm4.7",
                "anthropic/a/z-ai/glm4.7--no-thinking",
            ]
            one = await client.models.retrieve("anthropic/a/z-ai/glm4.7")
            assert (one.id, one.display_name) == ("anthropic/a/z-ai/glm4.7", "a/z-ai/glm4.7")
            with pytest.raises(anthropic.NotFoundError):
                await client.models.retrieve("gpt-5")

    run(test())


def test_openais_clients_get_all_models_at_once_and_anthropics_page_by_page() -> None:
    ids = [f"a/model-{number}" for number in range(23)]
    rules = f"offer {', '.join(ids)}\nroute rest use requested\n"

    async def test() -> None:
        async with (
            world(rules, a=upstream()) as here,
            client_of(here) as theirs,
            anthropic.AsyncAnthropic(base_url=here.address, api_key=TOKEN, max_retries=0) as ours,
        ):
            listed = await theirs.models.list()
            assert [model.id.removeprefix("anthropic/") for model in listed.data] == ids
            assert {(model.object, model.created, model.owned_by) for model in listed.data} == {
                ("model", 0, "fcc")
            }
            assert listed.object == "list"
            page = await ours.models.list()
            assert (len(page.data), page.has_more) == (20, True)
            assert [model.id.removeprefix("anthropic/") async for model in page] == ids

    run(test())


@pytest.mark.parametrize(
    ("path", "known"),
    [
        ("/v1/messages/", "/v1/messages"),
        ("/v1/v1/messages", "/v1/messages"),
        ("//v1/messages", "/v1/messages"),
        ("/messages/count_tokens", "/v1/messages/count_tokens"),
        ("/chat/completions", "/v1/chat/completions"),
        ("/api/v1/responses", "/v1/responses"),
        ("/models", "/v1/models"),
    ],
)
def test_an_address_with_another_base_says_which_was_meant(path: str, known: str) -> None:
    async def test() -> None:
        async with world(RULES, a=upstream()) as here:
            response = await here.client.post(f"{here.address}{path}", json={})
            assert response.status_code == 404
            assert f"`{known}`" in response.json()["error"]["message"]

    run(test())


def test_an_address_of_nothing_is_not_taken_for_another() -> None:
    async def test() -> None:
        async with world(RULES, a=upstream()) as here:
            for path in ("/v1/embeddings", "/v1/messages/batches"):
                error = (await here.client.post(path, json={})).json()["error"]
                assert error["message"] == f"POST {path}: not found"

    run(test())


@pytest.mark.parametrize(
    "path",
    [
        "anthropic/a/z-ai/glm4.7",
        "anthropic%2Fa%2Fz-ai%2Fglm4.7",
        "a/z-ai/glm4.7--no-thinking",
        "a/z-ai/glm4.7%20(no%20thinking)",
        "claude-opus-5-5",
    ],
)
def test_a_model_by_address(path: str) -> None:
    async def test() -> None:
        async with world(RULES, a=upstream()) as here:
            response = await here.client.get(f"/v1/models/{path}")
            assert response.status_code == 200
            assert response.json()["type"] == "model"

    run(test())


@pytest.mark.parametrize(
    ("method", "path", "status", "kind"),
    [
        ("GET", "/v1/messages", 405, "invalid_request_error"),
        ("GET", "/v1/messages/count_tokens", 405, "invalid_request_error"),
        ("DELETE", "/v1/models", 405, "invalid_request_error"),
        ("PUT", "/health", 405, "invalid_request_error"),
        ("GET", "/v1/nothing", 404, "not_found_error"),
        ("POST", "/v1/messages/", 404, "not_found_error"),
        ("POST", "/v1/message", 404, "not_found_error"),
        ("GET", "/v1/models/gpt-5", 404, "not_found_error"),
        ("GET", "/v1/models/", 404, "not_found_error"),
        ("GET", "/v1/models?limit=0", 400, "invalid_request_error"),
        ("GET", "/v1/models?limit=1001", 400, "invalid_request_error"),
        ("GET", "/v1/models?limit=many", 400, "invalid_request_error"),
        ("OPTIONS", "/v1/messages", 403, "permission_error"),
        ("TRACE", "/v1/messages", 405, "invalid_request_error"),
    ],
)
def test_everything_else_is_an_error_in_the_envelope(method: str, path: str, status: int, kind: str) -> None:
    async def test() -> None:
        async with world(RULES, a=upstream()) as here:
            response = await here.client.request(method, path)
            assert response.status_code == status
            body = response.json()
            assert (body["type"], body["error"]["type"]) == ("error", kind)
            assert body["request_id"] == response.headers["request-id"]

    run(test())


def test_queries_are_ignored() -> None:
    async def test() -> None:
        async with world(RULES, a=upstream()) as here:
            response = await here.post(message(), "/v1/messages?beta=true&x=%ff")
            assert response.status_code == 200
            response = await here.client.get("/v1/models?limit=1000&beta=true")
            assert len(response.json()["data"]) == 3

    run(test())


def test_chat_completions_by_the_official_client() -> None:
    async def test() -> None:
        async with world(RULES, a=upstream()) as here, client_of(here) as client:
            asked: Any = {"model": "coding", "messages": [{"role": "user", "content": "hi"}]}
            whole = await client.chat.completions.create(**asked)
            assert whole.choices[0].message.content == "Hello"
            stream = await client.chat.completions.create(**asked, stream=True)
            pieces = [chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices]
            assert "".join(pieces) == "Hello"

    run(test())


def test_responses_by_the_official_client() -> None:
    async def test() -> None:
        async with world(RULES, a=upstream()) as here, client_of(here) as client:
            whole = await client.responses.create(model="coding", input="hi")
            assert whole.output_text == "Hello"
            stream = await client.responses.create(model="coding", input="hi", stream=True)
            pieces = [event.delta async for event in stream if event.type == "response.output_text.delta"]
            assert "".join(pieces) == "Hello"

    run(test())


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/responses"])
def test_errors_in_the_clients_own_words(path: str) -> None:
    async def test() -> None:
        async with world(RULES, "[defaults]\nwait = 0\n", a=unwell()) as here:
            asked = {"model": "coding", "messages": [{"role": "user", "content": "hi"}], "input": "hi"}
            limited = await here.post(asked, path)
            wrong = await here.post(asked, path, **{"x-api-key": "wrong"})
            broken = await here.post(b"{", path)
            method = await here.client.get(path)
            for response, status in ((limited, 429), (wrong, 401), (broken, 400), (method, 405)):
                assert response.status_code == status
                error = response.json()["error"]
                assert {"message", "type", "code"} <= error.keys()
                assert "type" not in response.json()
            assert limited.json()["error"]["code"] == "rate_limit_exceeded"
            assert limited.headers["retry-after"] == "30"
            assert limited.headers["x-fcc-route"] == "offer coding"

    run(test())


def test_the_log_of_another_dialect_is_the_same() -> None:
    async def test() -> None:
        async with world(RULES, a=upstream()) as here:
            await here.post(
                {"model": "coding", "messages": [{"role": "user", "content": "hi"}]}, "/v1/chat/completions"
            )
            (row,) = await here.logged()
            assert (row["status"], row["model"], row["target"]) == (200, "coding", "a/z-ai/glm4.7")
            assert json.dumps(row)

    run(test())
