"""Answers of Responses upstreams, beyond the shapes under fixtures/openai_responses."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translators.body import Body
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
)
from translators.openai_responses import reader, write_request
from translators.openai_responses.reasoning import sealed
from translators.profile import Profile
from translators.request import Request
from translators.wire import Target

LONG = "mcp__" + "x" * 80
TOOLS = [{"name": name, "input_schema": {"type": "object"}} for name in ("Read", LONG)]
REQUEST = Request(
    {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 9, "tools": TOOLS}, "m", "m"
)


def event(kind: str, **fields: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()


def delta(text: str, index: int = 0, part: int = 0) -> bytes:
    return event("response.output_text.delta", output_index=index, content_index=part, delta=text)


def thought(text: str, index: int = 0) -> bytes:
    return event("response.reasoning_summary_text.delta", output_index=index, summary_index=0, delta=text)


def done(index: int, **item: Any) -> bytes:
    return event("response.output_item.done", output_index=index, item=item)


def called(index: int, call_id: str, name: str = "Read", arguments: str = "{}") -> bytes:
    return done(
        index, type="function_call", id=f"fc_{index}", call_id=call_id, name=name, arguments=arguments
    )


COMPLETED = event("response.completed", response={"status": "completed", "output": []})


def read(*pieces: bytes, target: Target = Target("gpt-x")) -> list[Event]:  # noqa: B008 - immutable
    answer = reader(REQUEST, target, write_request(REQUEST, target))
    events = [one for piece in pieces for one in answer.feed(piece)] + answer.close()
    assert answer.feed(b"data: {}\n\n") == answer.close() == []
    return [one for one in events if not isinstance(one, Start | Progress)]


def test_encrypted_reasoning_signs_the_thinking_of_its_item():
    events = read(
        thought("Hm."), done(0, type="reasoning", encrypted_content="gAAA"), delta("Yes.", 1), COMPLETED
    )
    assert events[:3] == [Thinking("Hm."), Signature(sealed("gAAA", "gpt-x")), Text("Yes.")]


def test_encrypted_reasoning_without_text_waits_for_something_to_go_with():
    events = read(done(0, type="reasoning", summary=[], encrypted_content="gAAA"), called(1, "c1"), COMPLETED)
    assert events[:2] == [Redacted(sealed("gAAA", "gpt-x")), Tool("c1", "Read", "{}")]


def test_encrypted_reasoning_alone_is_no_answer():
    events = read(done(0, type="reasoning", summary=[], encrypted_content="gAAA"), COMPLETED)
    assert isinstance(events[0], Fault)
    assert events[0].kind == "empty"


def test_aliased_tool_names_come_back():
    target = Target("gpt-x")
    alias = next(iter(write_request(REQUEST, target).tool_names))
    assert read(called(0, "c1", alias), COMPLETED, target=target)[0] == Tool("c1", LONG, "{}")


def test_a_renamed_parameter_comes_back():
    schema = {"type": "object", "properties": {"type": {"type": "string"}}}
    request = Request({**REQUEST.body, "tools": [{"name": "Read", "input_schema": schema}]}, "m", "m")
    target = Target("gpt-x", Profile(rename_type_parameter=True))
    wire = write_request(request, target)
    sent = json.loads(wire.body)["tools"][0]["parameters"]["properties"]
    (name,) = sent
    events = reader(request, target, wire).feed(
        called(0, "c1", arguments=json.dumps({name: "x"})) + COMPLETED
    )
    assert [json.loads(one.input) for one in events if isinstance(one, Tool)] == [{"type": "x"}]


def test_calls_with_one_id_at_two_indexes_are_two():
    events = read(called(0, "c1", arguments='{"a":1}'), called(1, "c1", arguments='{"a":2}'), COMPLETED)
    assert [one.input for one in events if isinstance(one, Tool)] == ['{"a":1}', '{"a":2}']


def test_the_last_event_does_not_say_a_call_again():
    item = {"type": "function_call", "call_id": "c1", "name": "Read", "arguments": "{}"}
    last = event(
        "response.completed", response={"status": "completed", "output": [{"type": "reasoning"}, item]}
    )
    assert len([one for one in read(called(0, "c1"), last) if isinstance(one, Tool)]) == 1


@pytest.mark.parametrize(
    ("event_name", "response", "reason"),
    [
        ("completed", {}, "end_turn"),
        ("incomplete", {}, "max_tokens"),
        ("incomplete", {"incomplete_details": {"reason": "content_filter"}}, "refusal"),
        ("done", {"status": "completed"}, "end_turn"),
        ("completed", {"status": "incomplete"}, "max_tokens"),
        ("completed", {"status": 7, "incomplete_details": []}, "end_turn"),
    ],
)
def test_how_an_answer_ends(event_name, response, reason):
    events = read(delta("Well."), event(f"response.{event_name}", response=response))
    assert isinstance(events[-1], Finish)
    assert events[-1].reason == reason


def test_an_event_of_more_than_the_largest_size_is_malformed():
    head = b'data: {"type":"response.created"}\n\n'
    events = read(head, b"data: " + b"x" * (5 * 1024 * 1024))
    assert [one.kind for one in events if isinstance(one, Fault)] == ["malformed"]


@given(
    st.lists(st.tuples(st.integers(0, 2), st.text(min_size=1, max_size=6)), min_size=1, max_size=8), st.data()
)
def test_any_split_gives_the_same_events(parts, data):
    parts = sorted(parts, key=lambda part: part[0])
    stream = b"".join(delta("x" + text.strip("\ud800"), index) for index, text in parts) + COMPLETED
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    pieces = [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    events = read(*pieces)
    assert events == read(stream)
    assert "".join(one.text for one in events if isinstance(one, Text)) == "".join("x" + t for _, t in parts)
    assert len([one for one in events if isinstance(one, Break)]) == len({index for index, _ in parts}) - 1


@given(
    st.lists(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=4),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(["type", "item", "response", "delta", "output_index", "output", "error"]),
                    inner,
                )
            ),
            max_leaves=8,
        ),
        max_size=4,
    )
)
def test_whatever_comes_the_answer_ends_once(values):
    stream = b"".join(b"data: " + json.dumps(value).encode() + b"\n\n" for value in values)
    events = read(stream)
    assert [isinstance(one, Finish | Fault) for one in events].count(True) == 1
    assert isinstance(events[-1], Finish | Fault)


@given(
    st.sampled_from(
        ["response.output_item.added", "response.output_item.done", "response.completed", "response.output_text.delta",
         "response.function_call_arguments.delta", "response.function_call_arguments.done", "error"]
    ),
    st.dictionaries(
        st.sampled_from(["item", "response", "delta", "output_index", "item_id", "content_index", "arguments"]),
        st.none() | st.integers() | st.text(max_size=3) | st.lists(st.integers(), max_size=2)
        | st.dictionaries(
            st.sampled_from(["type", "id", "call_id", "name", "arguments", "content", "summary", "output", "status"]),
            st.sampled_from(["function_call", "message", "reasoning", "{}", 1, None, [], [{}], [None], {}]),
        ),
    ),
)  # fmt: skip
def test_fields_of_wrong_types_do_no_harm(kind, fields):
    events = read(delta("Hi"), event(kind, **fields), COMPLETED)
    assert events[0] == Text("Hi")
    assert isinstance(events[-1], Finish | Fault)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'\xef\xbb\xbf {"a": 1}', "document"),
        (b"\r\n[1]", "document"),
        (b"\n<html>", "page"),
        (b"\xef\xbb\xbfdata: x\n\n", "stream"),
        (b": comment\n\n", "stream"),
        (b" \n", ""),
        (b"\xef\xbb", ""),
    ],
)
def test_a_body_is_told_by_its_first_byte(body, kind):
    whole, bytewise = Body(), Body()
    events = whole.feed(body)
    assert [one for byte in body for one in bytewise.feed(bytes([byte]))] == events
    assert (whole.kind, whole.head) == (bytewise.kind, bytewise.head) == (kind, body)
