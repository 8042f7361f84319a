"""Answers with far more calls than any model makes: they end soon, and in words, whatever the dialect."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from translators.anthropic_request import read_request
from translators.dialects import speaker
from translators.events import Event, Fault, Finish, Text, Tool
from translators.profile import DEFAULT, Dialect
from translators.sse import MOST_CALLS, MOST_VALUES
from translators.wire import Target

MANY = 20_000
LONG = 5.0
"""Seconds; each of these took a minute when every call was compared with all others."""

Said = list[dict[str, Any]]


def events_of(dialect: Dialect, data: bytes) -> list[Event]:
    tools = [{"name": "f", "input_schema": {"type": "object"}}]
    fields = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}], "tools": tools}
    request = read_request(json.dumps(fields).encode(), {})
    target = Target(
        "m", replace(DEFAULT, dialect=dialect), stream=True, thinking=None, effort=None, budget=None
    )
    speaks = speaker(dialect)
    reader = speaks.reader(request, target, speaks.write_request(request, target))
    return reader.feed(data) + reader.close()


def stream(*said: dict[str, Any]) -> bytes:
    return b"".join(b"data: " + json.dumps(one).encode() + b"\n\n" for one in said)


def chat(calls: int) -> bytes:
    made = [
        {"index": at, "id": f"c{at}", "function": {"name": "f", "arguments": "{}"}} for at in range(calls)
    ]
    parts = [made[at : at + 1000] for at in range(0, calls, 1000)]
    return stream(
        *({"choices": [{"index": 0, "delta": {"tool_calls": part}}]} for part in parts),
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]},
    )


def chat_document(calls: int) -> bytes:
    made = [{"id": f"c{at}", "function": {"name": "f", "arguments": "{}"}} for at in range(calls)]
    choice = {"index": 0, "message": {"tool_calls": made}, "finish_reason": "tool_calls"}
    return json.dumps({"choices": [choice]}).encode()


def responses_items(calls: int) -> Said:
    return [
        {"type": "function_call", "id": f"i{at}", "call_id": f"c{at}", "name": "f", "arguments": "{}"}
        for at in range(calls)
    ]


def responses(calls: int) -> bytes:
    items = enumerate(responses_items(calls))
    done = ({"type": "response.output_item.done", "output_index": at, "item": item} for at, item in items)
    return stream(*done, {"type": "response.completed", "response": {"status": "completed", "output": []}})


def responses_document(calls: int) -> bytes:
    return json.dumps(
        {"object": "response", "status": "completed", "output": responses_items(calls)}
    ).encode()


def anthropic(calls: int) -> bytes:
    said: Said = [{"type": "message_start", "message": {"usage": {"input_tokens": 1}}}]
    for at in range(calls):
        block = {"type": "tool_use", "id": f"c{at}", "name": "f", "input": {}}
        said.append({"type": "content_block_start", "index": at, "content_block": block})
        said.append({"type": "content_block_stop", "index": at})
    return stream(
        *said, {"type": "message_delta", "delta": {"stop_reason": "tool_use"}}, {"type": "message_stop"}
    )


def anthropic_open(calls: int) -> bytes:
    """None of the blocks is said to be over."""
    return b"\n\n".join(one for one in anthropic(calls).split(b"\n\n") if b"block_stop" not in one)


def anthropic_document(calls: int) -> bytes:
    blocks = [{"type": "tool_use", "id": f"c{at}", "name": "f", "input": {}} for at in range(calls)]
    return json.dumps({"type": "message", "content": blocks, "stop_reason": "tool_use"}).encode()


@pytest.mark.parametrize(
    ("dialect", "answer"),
    [
        ("openai-chat", chat),
        ("openai-chat", chat_document),
        ("openai-responses", responses),
        ("openai-responses", responses_document),
        ("anthropic", anthropic),
        ("anthropic", anthropic_open),
        ("anthropic", anthropic_document),
    ],
)
def test_more_calls_than_there_may_be_tools_are_no_answer(
    dialect: Dialect, answer: Callable[[int], bytes]
) -> None:
    whole = events_of(dialect, answer(MOST_CALLS))
    assert sum(isinstance(event, Tool) for event in whole) == MOST_CALLS
    assert isinstance(whole[-1], Finish)

    data, began = answer(MANY), time.process_time()
    last = events_of(dialect, data)[-1]
    assert time.process_time() - began < LONG
    assert isinstance(last, Fault)
    assert (last.kind, last.message) == ("malformed", f"the answer has more than {MOST_CALLS} calls")


@pytest.mark.parametrize(
    "mark",
    [
        '<tool_call>{"name": "f", "arguments": {}}</tool_call>',
        '<tool_call>{"name": "f"</tool_call>',
        "<tool_call>",
        "<function=f><parameter=a>",
        "<|tool_calls_section_begin|>",
        "<" * 150,
    ],
)
def test_text_full_of_marks_is_passed_on_soon(mark: str) -> None:
    content = {"choices": [{"index": 0, "delta": {"content": mark * MANY}}]}
    end = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    began = time.process_time()
    events = events_of("openai-chat", stream(content, end))
    assert time.process_time() - began < LONG
    assert isinstance(events[-1], Finish)
    calls = sum(isinstance(event, Tool) for event in events)
    text = "".join(event.text for event in events if isinstance(event, Text))
    assert text == mark * (MANY - calls)
    assert calls < MANY // 10


def test_calls_in_text_that_come_again_are_known_soon() -> None:
    inputs = (json.dumps({"name": "f", "arguments": {"a": at}}) for at in range(MOST_CALLS))
    written = "".join(f"<tool_call>{one}</tool_call>" for one in inputs)
    made = [
        {"index": at, "id": f"c{at}", "function": {"name": "f", "arguments": json.dumps({"a": at})}}
        for at in reversed(range(MOST_CALLS))
    ]
    said = [{"content": written}, {"content": "so"}, {"tool_calls": made}]
    end = {"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]}
    events = events_of(
        "openai-chat", stream(*({"choices": [{"index": 0, "delta": one}]} for one in said), end)
    )
    assert sum(isinstance(event, Tool) for event in events) == MOST_CALLS


@pytest.mark.parametrize(
    "value", [b"[%s1]" % (b"{}," * 110_000), b"{%s}" % b",".join(b'"%d":1' % at for at in range(210_000))]
)
@pytest.mark.parametrize(
    "frame",
    [
        b'data: {"choices": [{"index": 0, "delta": {"content": %s}}]}\n\n',
        b'data: {"choices": [{"index": 0, "delta": {"content": %s}}]}',
        b'{"choices": [{"index": 0, "message": {"content": %s}, "finish_reason": "stop"}]}',
    ],
    ids=["event", "last event", "document"],
)
def test_a_crowd_of_values_is_no_answer(frame: bytes, value: bytes) -> None:
    last = events_of("openai-chat", frame % value)[-1]
    assert isinstance(last, Fault)
    assert (last.kind, last.message) == (
        "malformed",
        f"the answer has more than {MOST_VALUES} values in one piece",
    )


def test_a_long_text_with_as_many_signs_is_one() -> None:
    text = '{"a": [1, 2]}, ' * 200_000
    document = {"choices": [{"index": 0, "message": {"content": text}, "finish_reason": "stop"}]}
    for data in (json.dumps(document).encode(), stream(document)):
        events = events_of("openai-chat", data)
        assert "".join(event.text for event in events if isinstance(event, Text)) == text
        assert isinstance(events[-1], Finish)


def test_a_name_in_pieces_has_an_end() -> None:
    piece = {"index": 0, "id": "c", "function": {"name": "n" * 60_000}}
    data = stream(*({"choices": [{"index": 0, "delta": {"tool_calls": [piece]}}]} for _ in range(100)))
    last = events_of("openai-chat", data)[-1]
    assert isinstance(last, Fault)
    assert last.kind == "malformed"


def test_unknown_fields_of_usage_do_not_pile_up() -> None:
    said: Said = [{"type": "message_start", "message": {"usage": {"input_tokens": 1, "known": 1}}}]
    said += [{"type": "message_delta", "delta": {}, "usage": {f"field_{at}": at}} for at in range(500)]
    said += [{"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "a"}}]
    said += [{"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"known": 2}}]
    last = events_of("anthropic", stream(*said, {"type": "message_stop"}))[-1]
    assert isinstance(last, Finish)
    assert last.usage.extra is not None
    assert last.usage.extra["known"] == 2
    assert len(last.usage.extra) <= 64
