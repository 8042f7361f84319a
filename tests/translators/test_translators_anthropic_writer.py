"""Whatever a reader says, the client gets a legal stream, and the same message streamed or collected."""

from __future__ import annotations

import json
from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.grammar import check_broken_stream, check_message, check_stream, events_of
from translators.anthropic_writer import PING, MessageCollector, StreamWriter, new_message_id
from translators.events import (
    Break,
    Citation,
    Event,
    Fault,
    Finish,
    Opaque,
    Progress,
    Redacted,
    Signature,
    Start,
    Text,
    Thinking,
    Tool,
    Usage,
)
from translators.request import Request
from translators.signatures import UNSIGNED, is_ours, thinking_of


def asked(**body) -> Request:
    body = {"model": "zen/x", "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 99, **body}
    return Request(body, body["model"], body["model"])


def streamed(request: Request, events: list[Event], *, at_once: bool = True) -> bytes:
    writer = StreamWriter(request, message_id=new_message_id(), input_estimate=7)
    pieces = [events] if at_once else [[event] for event in events]
    said = b"".join(map(writer.feed, pieces))
    return writer.begin() + said


def collected(request: Request, events: list[Event]) -> dict:
    collector = MessageCollector(request, message_id=new_message_id(), input_estimate=7)
    collector.feed(events)
    return json.loads(collector.message())


def message(events: list[Event], **body) -> dict:
    """The message of a stream, which is the same fed at once, one by one, and collected."""
    request = asked(**body)
    whole = check_stream(streamed(request, events), request)
    single = check_stream(streamed(request, events, at_once=False), request)
    plain = collected(request, events)
    check_message(plain, request)
    assert without_ids(whole) == without_ids(single) == without_ids(plain)
    return whole


def without_ids(message: dict) -> dict:
    content = [{**block, "id": "x"} if block["type"] == "tool_use" else block for block in message["content"]]
    return {**message, "id": "x", "content": content}


def blocks(events: list[Event], **body) -> list[dict]:
    content = message([*events, Finish("end_turn")], **body)["content"]
    return [{key: value for key, value in block.items() if key not in ("id", "type")} for block in content]


SIGNED = {"signature": UNSIGNED}


@pytest.mark.parametrize(
    ("events", "content"),
    [
        ([], []),
        ([Text("a"), Text("b")], [{"text": "ab"}]),
        ([Text("a"), Progress(), Usage(output=1), Start(), Text("b")], [{"text": "ab"}]),
        ([Text("a"), Break(), Text("b")], [{"text": "a"}, {"text": "b"}]),
        ([Break(), Text(""), Break()], []),
        ([Thinking("a"), Text("b")], [{"thinking": "a"} | SIGNED, {"text": "b"}]),
        ([Thinking("a"), Break(), Thinking("b")], [{"thinking": "a"} | SIGNED, {"thinking": "b"} | SIGNED]),
        ([Thinking("a"), Signature("s"), Thinking("b")],
         [{"thinking": "a", "signature": "s"}, {"thinking": "b"} | SIGNED]),
        ([Text("a"), Signature("s")], [{"text": "a"}, {"thinking": "", "signature": "s"}]),
        ([Redacted("d"), Text("a")], [{"data": "d"}, {"text": "a"}]),
        ([Text("a"), Citation({"u": 1}), Text("b")], [{"text": "ab", "citations": [{"u": 1}]}]),
        ([Citation({"u": 1})], [{"text": "", "citations": [{"u": 1}]}]),
        ([Tool("1", "Read", '{"a": 1}')], [{"name": "Read", "input": {"a": 1}}]),
        ([Tool("1", "Read", ""), Text("a")], [{"name": "Read", "input": {}}, {"text": "a"}]),
        ([Opaque({"type": "x_tool_result", "content": []})], [{"content": []}]),
        ([Opaque({"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"q": 1}})],
         [{"name": "web_search", "input": {"q": 1}}]),
        ([Text("half \ud83d")], [{"text": "half \ufffd"}]),
        ([Tool("1", "Re\ud83d", '{"a": "\ud83d"}')], [{"name": "Re\ufffd", "input": {"a": "\ufffd"}}]),
    ],
)  # fmt: skip
def test_blocks(events, content):
    assert blocks(events) == content


def test_the_head_comes_first_although_it_is_asked_for_last():
    request = asked(model="anthropic/zen/x (no thinking)[1m]")
    writer = StreamWriter(request, message_id="msg_abcdefgh", input_estimate=7)
    said = writer.feed([Start(Usage(input=9, cache_read=3)), Text("a")])
    head = events_of(writer.begin() + said)[0][1]["message"]
    assert head == {
        "id": "msg_abcdefgh",
        "type": "message",
        "role": "assistant",
        "model": "anthropic/zen/x (no thinking)[1m]",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {
            "input_tokens": 9,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 3,
            "output_tokens": 1,
        },
    }


def test_a_client_that_wants_no_thinking_gets_none():
    events: list[Event] = [Thinking("a"), Signature("s"), Redacted("d"), Text("b"), Thinking("c"), Text("d")]
    assert blocks(events, thinking={"type": "disabled"}) == [{"text": "bd"}]
    request = asked()
    request.no_thinking = True
    said = check_stream(streamed(request, [*events, Finish("end_turn")]), request)
    assert [block["type"] for block in said["content"]] == ["text"]


def test_a_client_that_wants_thinking_out_of_sight_gets_it_in_the_signature():
    omitted = {"thinking": {"type": "adaptive", "display": "omitted"}}
    first, second = blocks([Thinking("a"), Thinking("é"), Break(), Thinking("b"), Signature("s")], **omitted)
    assert first == {"thinking": "", "signature": UNSIGNED + b64encode("aé".encode()).decode()}
    assert second == {"thinking": "", "signature": "s"}
    assert (thinking_of(first), thinking_of(second)) == ("aé", "")
    (long,) = blocks([Thinking("x" * 300_000)], **omitted)
    assert long["signature"] == UNSIGNED


@pytest.mark.parametrize(
    ("block", "thinking", "ours"),
    [
        ({"thinking": "a", "signature": UNSIGNED}, "a", True),
        ({"thinking": "a", "signature": ""}, "a", True),
        ({"thinking": "a"}, "a", True),
        ({"thinking": "", "signature": "EqQBCgIYAhIM"}, "", False),
        ({"thinking": "", "signature": UNSIGNED + "!!"}, "", True),
        ({"thinking": "", "signature": UNSIGNED + "/w=="}, "", True),
        ({"thinking": None, "signature": 3}, "", True),
    ],
)
def test_signatures_say_whose_they_are(block, thinking, ours):
    assert (thinking_of(block), is_ours(block.get("signature"))) == (thinking, ours)


@pytest.mark.parametrize(
    ("events", "body", "reason"),
    [
        ([Text("a"), Finish("max_tokens")], {}, ("max_tokens", None)),
        ([Text("a"), Finish("tool_use")], {}, ("end_turn", None)),
        ([Tool("1", "Read", "{}"), Finish("end_turn")], {}, ("tool_use", None)),
        ([Tool("1", "Read", "{}"), Finish("max_tokens")], {}, ("max_tokens", None)),
        (
            [Tool("1", "Read", "{}"), Finish("stop_sequence", "x")],
            {"stop_sequences": ["x"]},
            ("tool_use", None),
        ),
        ([Tool("1", "Read", "{}"), Finish("refusal")], {}, ("refusal", None)),
        ([Finish("stop_sequence", "x")], {"stop_sequences": ["x", "y"]}, ("stop_sequence", "x")),
        ([Finish("stop_sequence")], {"stop_sequences": ["x"]}, ("stop_sequence", "x")),
        ([Finish("stop_sequence")], {"stop_sequences": ["x", "y"]}, ("end_turn", None)),
        ([Finish("stop_sequence", "z")], {"stop_sequences": ["x"]}, ("end_turn", None)),
        ([Finish("stop_sequence", "z")], {}, ("stop_sequence", "z")),
        ([Finish("stop_sequence", "")], {}, ("end_turn", None)),
        ([Finish("end_turn", "z")], {}, ("end_turn", None)),
    ],
)
def test_stop_reasons(events, body, reason):
    said = message(events, **body)
    assert (said["stop_reason"], said["stop_sequence"]) == reason


def test_the_details_of_a_refusal_are_passed_on():
    details = {"type": "refusal", "category": "cyber", "explanation": None}
    assert message([Finish("refusal", details=details)])["stop_details"] == details


@pytest.mark.parametrize(
    ("usages", "counts"),
    [
        ([], (7, 0, 0, 3)),
        ([Usage(input=5, output=2)], (5, 0, 0, 2)),
        ([Usage(input=5, output=2), Usage(input=6, output=9)], (6, 0, 0, 9)),
        ([Usage(input=5, output=2), Usage(input=0, output=0)], (5, 0, 0, 2)),
        ([Usage(input=5, cache_read=4, cache_write=3), Usage(output=9)], (5, 3, 4, 9)),
        ([Usage(input=0, cache_read=4, output=2)], (1, 0, 3, 2)),
        ([Usage(output=2)], (7, 0, 0, 2)),
        ([Usage(input=5, output=0)], (5, 0, 0, 3)),
    ],
)
def test_totals_are_the_latest_known(usages, counts):
    said = message([Text("0123456789"), *usages, Finish("end_turn")])["usage"]
    names = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "output_tokens")
    assert tuple(said[name] for name in names) == counts


def test_other_counts_are_passed_on():
    said = message(
        [
            Start(Usage(input=5, extra={"service_tier": "standard"})),
            Finish(
                "end_turn",
                usage=Usage(output=3, thinking=9, extra={"server_tool_use": {"web_search_requests": 1}}),
            ),
        ]
    )["usage"]
    assert said["output_tokens_details"] == {"thinking_tokens": 3}
    assert said["server_tool_use"] == {"web_search_requests": 1}
    assert said["service_tier"] == "standard"


@pytest.mark.parametrize(
    ("kind", "type_"),
    [("cut", "overloaded_error"), ("timeout", "overloaded_error"), ("rate_limit", "rate_limit_error"),
     ("overflow", "invalid_request_error"), ("auth", "authentication_error"), ("", "overloaded_error")],
)  # fmt: skip
def test_a_failure_ends_the_stream_with_an_error(kind, type_):
    events: list[Event] = [
        Text("a"),
        Break(),
        Thinking("b"),
        Fault(kind, "gone"),
        Text("c"),
        Finish("end_turn"),
    ]
    said, error = check_broken_stream(streamed(asked(), events))
    assert error == {"type": type_, "message": "gone"}
    assert said is not None
    assert said["content"] == [{"type": "text", "text": "a"}]
    collector = MessageCollector(asked(), message_id="msg_1", input_estimate=7)
    collector.feed(events)
    with pytest.raises(ValueError, match="not complete"):
        collector.message()


def test_nothing_is_said_after_the_end():
    writer = StreamWriter(asked(), message_id="msg_1", input_estimate=7)
    assert b"message_stop" in writer.feed([Text("a"), Finish("end_turn"), Text("b"), Finish("end_turn")])
    assert writer.feed([Text("b"), Fault("cut", "x")]) == b""


def test_a_ping_is_a_ping():
    writer = StreamWriter(asked(), message_id="msg_1", input_estimate=7)
    assert writer.ping() == PING
    data = (
        writer.begin()
        + writer.ping()
        + writer.feed([Text("a")])
        + writer.ping()
        + writer.feed([Finish("end_turn")])
    )
    with pytest.raises(AssertionError, match="msg_1"):
        check_stream(data)


def test_ids_are_new_every_time():
    ids = {new_message_id() for _ in range(1000)}
    tools = message([*(Tool("call_0", "Read", "{}") for _ in range(100)), Finish("end_turn")])["content"]
    assert len(ids) == 1000
    assert len({block["id"] for block in tools}) == 100


TEXTS = st.text(max_size=5)
OBJECTS = st.dictionaries(TEXTS, TEXTS | st.integers(-9, 9) | st.none(), max_size=2)
COUNTS = st.none() | st.integers(0, 50)
USAGES = st.builds(Usage, COUNTS, COUNTS, COUNTS, COUNTS, COUNTS)
EVENTS = st.one_of(
    st.builds(Start, st.none() | USAGES),
    st.builds(Text, TEXTS),
    st.builds(Text, TEXTS),
    st.builds(Thinking, TEXTS),
    st.builds(Signature, st.text(min_size=1, max_size=5)),
    st.builds(Redacted, st.text(min_size=1, max_size=5)),
    st.builds(Tool, TEXTS, st.text(min_size=1, max_size=5), OBJECTS.map(json.dumps) | st.just("")),
    st.builds(Citation, OBJECTS),
    st.builds(Opaque, OBJECTS.map(lambda fields: {**fields, "type": "web_search_tool_result"})),
    st.builds(
        Opaque,
        OBJECTS.map(
            lambda value: {
                "type": "server_tool_use",
                "id": "srvtoolu_1",
                "name": "web_search",
                "input": value,
            }
        ),
    ),
    st.just(Break()),
    st.just(Progress()),
    USAGES,
)
REASONS = st.sampled_from(["end_turn", "max_tokens", "stop_sequence", "tool_use", "pause_turn", "refusal"])
BODIES = st.fixed_dictionaries(
    {},
    optional={
        "thinking": st.sampled_from(
            [
                {"type": "disabled"},
                {"type": "adaptive", "display": "omitted"},
                {"type": "enabled"},
                None,
                "on",
            ]
        ),
        "stop_sequences": st.lists(TEXTS, max_size=2),
    },
)


@given(st.lists(EVENTS, max_size=12), st.builds(Finish, REASONS, st.none() | TEXTS, USAGES), BODIES)
def test_any_events_make_a_legal_stream_and_the_same_message(events, finish, body):
    found = message([*events, finish], **body)
    said = "".join(block["text"] for block in found["content"] if block["type"] == "text")
    assert said == "".join(event.text for event in events if isinstance(event, Text))


@given(st.lists(EVENTS, max_size=12), st.builds(Fault, TEXTS, TEXTS), BODIES)
def test_any_failed_answer_ends_in_an_error(events, fault, body):
    _, error = check_broken_stream(streamed(asked(**body), [*events, fault]))
    assert error["message"] == fault.message
