"""Conversations of the official clients with fcc, over real sockets, whatever the upstream speaks.

Every client dialect meets every upstream dialect: what is said in one is understood in the other, both ways.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import anthropic
import openai
import pytest

from support.clients import CLIENTS, TOOL, Client, anthropic_sdk, openai_sdk
from support.model import model
from support.served import served
from support.world import TOKEN, application

UPSTREAMS = {
    "chat": ("openai-chat", "/v1", "template"),
    "responses": ("openai-responses", "/v1", "effort"),
    "gemini": ("gemini", "/v1beta", "budget"),
    "messages": ("anthropic", "", "budget"),
}
"""Provider → dialect, path below the model's address, thinking switch."""

WAYS = [*itertools.product(CLIENTS, UPSTREAMS, [True, False])]
every_way = pytest.mark.parametrize(
    ("client", "upstream", "stream"),
    WAYS,
    ids=[f"{client}-to-{upstream}-{'streamed' if stream else 'whole'}" for client, upstream, stream in WAYS],
)

ENDED = {"messages": "end_turn", "chat": "stop", "responses": "completed"}
CALLED = {"messages": "tool_use", "chat": "tool_calls", "responses": "completed"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server with a provider of each dialect."""
    folder: Path = tmp_path_factory.mktemp("home")
    with served(model()) as upstream:
        tables = "".join(
            f'[providers.{name}]\ndialect = "{dialect}"\nbase_url = "{upstream.url}{path}"\nkey = ""\n'
            f'[models."{name}/model"]\nthinking_switch = "{switch}"\n'
            for name, (dialect, path, switch) in UPSTREAMS.items()
        )
        rules = "rules = '''\nroute typed when model is \"*/*\" use requested\noffer chat/model\n'''\n"
        with served(application(folder, rules + tables, [])) as found:
            yield found.url


def talk(server: str, client: str, upstream: str) -> Client:
    return CLIENTS[client](server, f"{upstream}/model", TOKEN)


@every_way
def test_text(server: str, client: str, upstream: str, stream: bool) -> None:
    said = talk(server, client, upstream).ask("hi", stream=stream)
    assert said.text == "Hello, world: ünïcødé \n and a second line."
    assert (said.thinking, said.calls) == ("", [])
    assert said.reason == ENDED[client]
    assert said.usage == (21, 9)


@every_way
def test_a_tool_is_called_and_its_result_sent_back(
    server: str, client: str, upstream: str, stream: bool
) -> None:
    talking = talk(server, client, upstream)
    said = talking.ask("USE THE TOOL", stream=stream, tools=True)
    assert (said.text, said.calls) == ("Let me look.", [(TOOL, {"command": "echo hi"})])
    assert said.reason == CALLED[client]
    said = talking.results("forty-two", stream=stream, tools=True)
    assert (said.text, said.calls) == ("The tool says: forty-two", [])
    assert said.reason == ENDED[client]


@every_way
def test_thinking_is_told_and_taken_back(server: str, client: str, upstream: str, stream: bool) -> None:
    talking = talk(server, client, upstream)
    said = talking.ask("USE THE TOOL", stream=stream, tools=True, thinks=True)
    assert said.thinking == "17 times 23 is 391."
    assert said.calls == [(TOOL, {"command": "echo hi"})]
    said = talking.results("forty-two", stream=stream, tools=True, thinks=True)
    assert said.text == "The tool says: forty-two"
    assert said.thinking == "17 times 23 is 391."


@every_way
def test_pictures_arrive(server: str, client: str, upstream: str, stream: bool) -> None:
    said = talk(server, client, upstream).ask("What is this?", stream=stream, picture=True)
    assert said.text == "Pictures: 1."


@pytest.mark.parametrize("stream", [True, False])
def test_errors_are_raised_as_the_clients_know_them(server: str, stream: bool) -> None:
    with pytest.raises(anthropic.AuthenticationError):
        CLIENTS["messages"](server, "chat/model", "wrong").ask("hi", stream=stream)
    for client in ("chat", "responses"):
        with pytest.raises(openai.AuthenticationError):
            CLIENTS[client](server, "chat/model", "wrong").ask("hi", stream=stream)


def test_what_is_wrong_with_a_request_is_said(server: str) -> None:
    ours, theirs = anthropic_sdk(server, TOKEN), openai_sdk(server, TOKEN)
    wrong = {"messages": 7, "input": 7}
    with pytest.raises(anthropic.BadRequestError, match="messages"):
        ours.messages.create(model="chat/model", max_tokens=9, messages=[], extra_body=wrong)
    with pytest.raises(openai.BadRequestError, match="messages"):
        theirs.chat.completions.create(model="chat/model", messages=[], extra_body=wrong)
    with pytest.raises(openai.BadRequestError, match="no messages"):
        theirs.responses.create(model="chat/model", input="", extra_body=wrong)


def test_the_clients_list_models_and_count_tokens(server: str) -> None:
    ours = anthropic_sdk(server, TOKEN)
    assert [one.id for one in ours.models.list()] == ["anthropic/chat/model"]
    assert [one.id for one in openai_sdk(server, TOKEN).models.list()] == ["anthropic/chat/model"]
    counted = ours.messages.count_tokens(
        model="chat/model", messages=[{"role": "user", "content": "hi " * 50}]
    )
    assert 40 < counted.input_tokens < 80
