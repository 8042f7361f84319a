"""OpenAI clients in front of the house: the official SDK reads what is written here, and our own readers do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from translators import openai_chat, openai_responses
from translators.clients import CLIENTS, Client
from translators.events import (
    Break,
    Event,
    Fault,
    Finish,
    Progress,
    Redacted,
    Signature,
    Start,
    Text,
    Thinking,
    Tool,
    Usage,
)
from translators.openai_responses.reasoning import opened
from translators.request import Request
from translators.wire import Target, WireRequest

CHAT, RESPONSES = CLIENTS["/v1/chat/completions"], CLIENTS["/v1/responses"]
EVENT: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)
USAGE = Usage(input=24, output=12, cache_read=16, thinking=5)
FUNCTION = {"name": "read", "parameters": {"type": "object", "properties": {}}}


def chat(**fields: Any) -> Request:
    body = {"model": "zen/x", "messages": [{"role": "user", "content": "Hi"}], "stream": True, **fields}
    return CHAT.read_request(json.dumps(body).encode(), {})


def responses(**fields: Any) -> Request:
    body = {"model": "zen/x", "input": "Hi", "stream": True, **fields}
    return RESPONSES.read_request(json.dumps(body).encode(), {})


def streamed(client: Client, request: Request, events: list[Event]) -> bytes:
    writer = client.writer(request, message_id="msg_abc", input_estimate=7)
    return writer.begin() + b"".join(writer.feed([event]) for event in events)


def collected(client: Client, request: Request, events: list[Event]) -> dict[str, Any]:
    collector = client.collector(request, message_id="msg_abc", input_estimate=7)
    collector.feed(events)
    return json.loads(collector.message())


def sent(stream: bytes) -> Iterator[dict[str, Any]]:
    for block in stream.decode().split("\n\n"):
        data = block.partition("data: ")[2]
        if data and data != "[DONE]":
            yield json.loads(data)


def sdk(answer: bytes, kind: str) -> openai.OpenAI:
    """The official client, to which `answer` is all that any server says."""

    def answered(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, headers={"content-type": kind}, content=answer)

    transport = httpx2.Client(transport=httpx2.MockTransport(answered))
    return openai.OpenAI(api_key="x", base_url="http://127.0.0.1:9/v1", http_client=transport)


TALK: list[Event] = [
    Start(),
    Thinking("Hm"),
    Thinking(", so."),
    Signature("sig=="),
    Text("One"),
    Text("."),
    Break(),
    Text("Two."),
    Progress(),
    Tool("x", "read", '{"path":"a"}'),
    Tool("x", "read", "{}"),
    Finish("tool_use", None, USAGE),
]


def test_the_sdk_reads_a_chat_stream():
    request = chat(stream_options={"include_usage": True}, tools=[{"type": "function", "function": FUNCTION}])
    client = sdk(streamed(CHAT, request, TALK), "text/event-stream")
    chunks = list(client.chat.completions.create(model="zen/x", messages=[], stream=True))
    choices = [chunk.choices[0] for chunk in chunks if chunk.choices]
    assert "".join(choice.delta.content or "" for choice in choices) == "One.\n\nTwo."
    assert "".join(getattr(choice.delta, "reasoning_content", "") for choice in choices) == "Hm, so."
    calls = [call for choice in choices for call in choice.delta.tool_calls or []]
    assert [(call.index, call.function and call.function.arguments) for call in calls] == [
        (0, '{"path":"a"}'),
        (1, "{}"),
    ]
    assert len({call.id for call in calls}) == 2
    assert choices[-1].finish_reason == "tool_calls"
    usage = chunks[-1].usage
    assert usage is not None
    assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (40, 12, 52)
    assert usage.prompt_tokens_details is not None
    assert usage.prompt_tokens_details.cached_tokens == 16


def test_usage_is_streamed_only_if_asked_for():
    stream = streamed(CHAT, chat(), TALK)
    assert all(chunk["choices"] for chunk in sent(stream))
    assert stream.endswith(b"data: [DONE]\n\n")


def test_the_sdk_reads_a_whole_completion():
    client = sdk(json.dumps(collected(CHAT, chat(), TALK)).encode(), "application/json")
    completion = client.chat.completions.create(model="zen/x", messages=[])
    message = completion.choices[0].message
    assert (message.content, completion.model) == ("One.\n\nTwo.", "zen/x")
    assert [call.function.name for call in message.tool_calls or [] if call.type == "function"] == [
        "read",
        "read",
    ]


def test_the_sdk_reads_a_responses_stream():
    client = sdk(streamed(RESPONSES, responses(), TALK), "text/event-stream")
    with client.responses.stream(model="zen/x", input="Hi") as stream:
        kinds = [event.type for event in stream]
        final = stream.get_final_response()
    assert kinds[:2] == ["response.created", "response.in_progress"]
    assert kinds[-1] == "response.completed"
    assert final.output_text == "One.Two."
    assert [item.type for item in final.output] == [
        "reasoning",
        "message",
        "message",
        "function_call",
        "function_call",
    ]
    assert final.output[0].type == "reasoning"
    assert final.output[0].encrypted_content == "sig=="
    assert final.usage is not None
    assert (final.usage.input_tokens, final.usage.output_tokens) == (40, 12)


def test_the_sdk_reads_a_whole_response():
    client = sdk(json.dumps(collected(RESPONSES, responses(), TALK)).encode(), "application/json")
    response = client.responses.create(model="zen/x", input="Hi")
    assert (response.output_text, response.status, response.model) == ("One.Two.", "completed", "zen/x")


def test_the_sdk_raises_what_broke_a_chat_stream():
    writer = CHAT.writer(chat(), message_id="msg_abc", input_estimate=7)
    stream = writer.begin() + writer.feed([Text("Hel")]) + writer.broken("overloaded_error", "Gone.", "req_1")
    client = sdk(stream, "text/event-stream")
    with pytest.raises(openai.APIError, match=r"Gone\."):
        list(client.chat.completions.create(model="zen/x", messages=[], stream=True))


def test_a_responses_stream_that_breaks_is_failed():
    writer = RESPONSES.writer(responses(), message_id="msg_abc", input_estimate=7)
    stream = writer.begin() + writer.feed([Text("Hel")]) + writer.broken("rate_limit_error", "Gone.", "req_1")
    last = EVENT.validate_python(list(sent(stream))[-1])
    assert (last.type, last.response.status) == ("response.failed", "failed")
    assert (last.response.error.code, last.response.error.message) == ("rate_limit_exceeded", "Gone.")


def test_an_anthropic_stream_that_breaks_says_so():
    client = CLIENTS["/v1/messages"]
    body = {"model": "zen/x", "max_tokens": 5, "messages": [{"role": "user", "content": "Hi"}]}
    request = client.read_request(json.dumps(body).encode(), {})
    writer = client.writer(request, message_id="msg_abc", input_estimate=7)
    assert json.loads(writer.broken("api_error", "Gone.", "req_1").partition(b"data: ")[2]) == json.loads(
        client.error("api_error", "Gone.", "req_1")
    )


@pytest.mark.parametrize(
    ("kind", "message", "code"),
    [
        ("invalid_request_error", "prompt is too long: 9 tokens > 8 maximum", "context_length_exceeded"),
        ("rate_limit_error", "Slow down.", "rate_limit_exceeded"),
        ("billing_error", "No credit.", "insufficient_quota"),
        ("invalid_request_error", "n: no", None),
    ],
)
@pytest.mark.parametrize("client", [CHAT, RESPONSES], ids=["chat", "responses"])
def test_errors_have_the_codes_that_openai_clients_look_for(client, kind, message, code):
    error = json.loads(client.error(kind, message, "req_1"))["error"]
    assert (error["message"], error["code"]) == (message, code)


def test_pings_change_nothing():
    for client, request in ((CHAT, chat()), (RESPONSES, responses())):
        writer = client.writer(request, message_id="msg_abc", input_estimate=7)
        stream = writer.begin() + writer.ping() + writer.feed([Text("a")]) + writer.ping()
        stream += writer.feed([Text("b"), Finish("end_turn")])
        numbers = [data["sequence_number"] for data in sent(stream) if "sequence_number" in data]
        assert numbers == list(range(len(numbers)))
        assert b"data: [DONE]" in stream or b"response.completed" in stream


@pytest.mark.parametrize(
    ("reason", "chat_reason", "status", "why"),
    [
        ("end_turn", "stop", "completed", None),
        ("stop_sequence", "stop", "completed", None),
        ("tool_use", "stop", "completed", None),
        ("max_tokens", "length", "incomplete", "max_output_tokens"),
        ("refusal", "content_filter", "incomplete", "content_filter"),
    ],
)
def test_how_answers_end(reason, chat_reason, status, why):
    events: list[Event] = [Text("a"), Finish(reason)]
    assert collected(CHAT, chat(), events)["choices"][0]["finish_reason"] == chat_reason
    response = collected(RESPONSES, responses(), events)
    assert response["status"] == status
    assert (response["incomplete_details"] or {}).get("reason") == why


def test_usage_that_nobody_told_is_estimated():
    events: list[Event] = [Text("a" * 40), Finish("end_turn")]
    usage = collected(CHAT, chat(), events)["usage"]
    assert (usage["prompt_tokens"], usage["completion_tokens"]) == (7, 11)
    assert collected(RESPONSES, responses(), events)["usage"]["output_tokens"] == 11


def test_plain_text_tools_are_answered_in_plain_text():
    events: list[Event] = [Tool("x", "patch", '{"input":"*** Begin"}'), Finish("tool_use")]
    told = collected(CHAT, chat(tools=[{"type": "custom", "custom": {"name": "patch"}}]), events)
    call = told["choices"][0]["message"]["tool_calls"][0]
    assert (call["type"], call["custom"]) == ("custom", {"name": "patch", "input": "*** Begin"})
    request = responses(tools=[{"type": "custom", "name": "patch"}])
    stream = list(sent(streamed(RESPONSES, request, events)))
    for data in stream:
        EVENT.validate_python(data)
    item = stream[-1]["response"]["output"][0]
    assert (item["type"], item["input"]) == ("custom_tool_call", "*** Begin")
    assert any(data["type"] == "response.custom_tool_call_input.done" for data in stream)


def test_a_tool_with_a_namespace_is_called_by_both():
    request = responses(
        tools=[{"type": "namespace", "name": "mcp__a__", "tools": [{"type": "function", "name": "b"}]}]
    )
    assert [tool["name"] for tool in request.tools] == ["mcp__a__b"]
    item = collected(RESPONSES, request, [Tool("x", "mcp__a__b", "{}"), Finish("tool_use")])["output"][0]
    assert (item["namespace"], item["name"]) == ("mcp__a__", "b")


WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=5).map(
    lambda text: f"x{text}x"
)
BLOCKS = st.lists(
    st.one_of(
        st.tuples(st.just("text"), st.lists(WORDS, min_size=1, max_size=3)),
        st.tuples(st.just("thinking"), st.lists(WORDS, min_size=1, max_size=3)),
        st.tuples(st.just("signed"), st.lists(WORDS, max_size=2)),
        st.tuples(st.just("redacted"), st.just(["r"])),
        st.tuples(st.just("tool"), st.just(['{"a":1}'])),
    ),
    min_size=1,
    max_size=6,
)


def events_of(blocks: list[tuple[str, list[str]]]) -> list[Event]:
    events: list[Event] = []
    for kind, said in blocks:
        if kind == "text":
            events += [*map(Text, said), Break()]
        elif kind == "redacted":
            events += map(Redacted, said)
        elif kind == "tool":
            events += [Tool("t", "read", arguments) for arguments in said]
        else:
            events += map(Thinking, said)
            events.append(Signature("s") if kind == "signed" else Break())
    tools = any(kind == "tool" for kind, _ in blocks)
    return [*events, Finish("tool_use" if tools else "end_turn", None, USAGE)]


def joined(events: list[Event], kind: type[Event], separator: str = "") -> str:
    """All that `kind` says, blocks apart by `separator`."""
    blocks: list[list[str]] = []
    last: object = None
    for event in events:
        if isinstance(event, kind) and isinstance(event, Text | Thinking):
            if last is not kind:
                blocks.append([])
            blocks[-1].append(event.text)
        last = type(event)
    return separator.join("".join(block) for block in blocks)


def read_back(dialect: Any, stream: bytes) -> list[Event]:
    request = Request({"messages": [], "max_tokens": 1}, "m", "m")
    answer = dialect.reader(request, Target("m"), WireRequest("", b""))
    return answer.feed(stream) + answer.close()


@given(BLOCKS)
def test_chat_clients_hear_all_that_was_said(blocks):
    events = events_of(blocks)
    stream = streamed(CHAT, chat(stream_options={"include_usage": True}), events)
    for chunk in sent(stream):
        ChatCompletionChunk.model_validate(chunk)
    whole = collected(CHAT, chat(), events)
    ChatCompletion.model_validate(whole)
    again = read_back(openai_chat, stream)
    text, thought = joined(events, Text, "\n\n"), joined(events, Thinking, "\n\n")
    assert joined(again, Text) == text == (whole["choices"][0]["message"]["content"] or "")
    assert joined(again, Thinking) == thought == whole["choices"][0]["message"].get("reasoning_content", "")
    assert [tool.input for tool in again if isinstance(tool, Tool)] == [
        tool.input for tool in events if isinstance(tool, Tool)
    ]
    if any(isinstance(event, Text | Thinking | Tool) for event in events):
        assert again[-1] == events[-1]
    else:
        assert isinstance(again[-1], Fault)


@given(BLOCKS)
def test_responses_clients_hear_all_that_was_said(blocks):
    events = events_of(blocks)
    stream = streamed(RESPONSES, responses(), events)
    told = list(sent(stream))
    for data in told:
        EVENT.validate_python(data)
    assert [data["sequence_number"] for data in told] == list(range(len(told)))
    whole = collected(RESPONSES, responses(), events)
    Response.model_validate(whole)
    assert {**whole, "created_at": 0} == {**told[-1]["response"], "created_at": 0}
    again = read_back(openai_responses, stream)
    assert joined(again, Text) == joined(events, Text)
    assert joined(again, Thinking) == joined(events, Thinking)
    assert len([one for one in again if isinstance(one, Tool)]) == len(
        [one for one in events if isinstance(one, Tool)]
    )
    if any(isinstance(event, Text | Thinking | Tool) for event in events):
        assert again[-1] == events[-1]
    signed = [opened(one.signature, "m") for one in again if isinstance(one, Signature)]
    assert signed == ["s" for kind, said in blocks if kind == "signed" and said]


@given(BLOCKS)
def test_what_a_responses_client_sends_back_is_what_was_said(blocks):
    events = events_of(blocks)
    output = collected(RESPONSES, responses(), events)["output"]
    request = responses(input=[{"role": "user", "content": "Hi"}, *output])
    content = request.messages[1]["content"] if len(request.messages) > 1 else []
    kinds = {"text": "text", "thinking": "thinking", "redacted_thinking": "redacted", "tool_use": "tool"}
    told = [(kinds[block["type"]], block) for block in content]
    assert [kind for kind, _ in told] == [kind.replace("signed", "thinking") for kind, _ in blocks]
    for (kind, said), (_, block) in zip(blocks, told, strict=True):
        if kind in ("signed", "thinking"):
            assert block["thinking"] == "".join(said)
            assert block["signature"] == ("s" if kind == "signed" else "fcc.t.")
        elif kind == "redacted":
            assert block["data"] == said[0]


@pytest.mark.parametrize("client", [CHAT, RESPONSES])
def test_the_beginning_may_be_asked_for_last(client: Client) -> None:
    request = chat() if client is CHAT else responses()
    events: list[Event] = [Start(), Thinking("Hm."), Text("Hi"), Tool("", "read", "{}"), Finish("tool_use")]
    writer = client.writer(request, message_id="msg_abc", input_estimate=7)
    said = writer.feed(events)
    assert writer.begin() + said == streamed(client, request, events)
