"""Answers in the dialect `gemini`: what each shape comes to, however it is split, cut or broken."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translators import gemini
from translators.events import (
    CONTENT,
    Event,
    Fault,
    Finish,
    Opaque,
    Redacted,
    Signature,
    Start,
    Text,
    Thinking,
    Tool,
    Usage,
)
from translators.gemini.signatures import opened
from translators.request import Request
from translators.wire import Target, WireRequest

FIXTURES = sorted((Path(__file__).parents[2] / "fixtures" / "gemini").glob("*.*"))
REQUEST = Request({"messages": [], "tools": [{"name": "get_weather"}, {"name": "get_time"}]}, "m", "m")


def read(data: bytes, *, sizes: list[int] | None = None, names: dict[str, str] | None = None) -> list[Event]:
    """The events of an answer that comes in reads of `sizes`, over and over; None: all at once."""
    reader = gemini.reader(REQUEST, Target("m"), WireRequest("", b"", tool_names=names or {}))
    events: list[Event] = []
    position = turn = 0
    while position < len(data):
        size = sizes[turn % len(sizes)] if sizes else len(data)
        events += reader.feed(data[position : position + size])
        position, turn = position + size, turn + 1
    events += reader.close()
    assert reader.feed(b"data: {}\n\n") == []
    assert reader.close() == []
    return events


def fixture(name: str) -> list[Event]:
    return read(next(path for path in FIXTURES if path.name == name).read_bytes())


def chunk(*parts: Any, reason: str | None = "STOP", **fields: Any) -> dict[str, Any]:
    return {"candidates": [{"content": {"parts": list(parts)}, "finishReason": reason}], **fields}


def stream(*chunks: Any) -> bytes:
    return b"".join(b"data: " + json.dumps(value).encode() + b"\r\n\r\n" for value in chunks)


def contents(events: list[Event]) -> list[Event]:
    return [event for event in events if isinstance(event, CONTENT)]


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.name)
def test_any_split_gives_the_same_events_and_one_end(path: Path) -> None:
    data = path.read_bytes()
    whole = read(data)
    for sizes in ([1], [7], [64, 1, 3]):
        assert read(data, sizes=sizes) == whole
    ends = [event for event in whole if isinstance(event, Finish | Fault)]
    assert ends == whole[-1:]
    assert all(index == 0 for index, event in enumerate(whole) if isinstance(event, Start))


@pytest.mark.parametrize(
    "path", [path for path in FIXTURES if path.suffix == ".sse"], ids=lambda path: path.name
)
def test_what_was_said_before_a_cut_is_the_beginning_of_the_whole(path: Path) -> None:
    data = path.read_bytes()
    said = contents(read(data))
    for end in range(0, len(data), max(len(data) // 40, 1)):
        part = contents(read(data[:end]))
        assert part == said[: len(part)]


@given(st.binary(max_size=300), st.lists(st.integers(1, 40), min_size=1, max_size=5))
def test_any_bytes_come_to_one_end(data: bytes, sizes: list[int]) -> None:
    events = read(data, sizes=sizes)
    assert isinstance(events[-1], Fault)
    assert events == read(data)


values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["", "STOP", "x", "SAFETY", "$.a"]),
    lambda sub: (
        st.lists(sub, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    *(
                        "candidates",
                        "content",
                        "parts",
                        "text",
                        "thought",
                        "functionCall",
                        "name",
                        "args",
                        "index",
                    ),
                    *(
                        "finishReason",
                        "usageMetadata",
                        "promptTokenCount",
                        "error",
                        "code",
                        "status",
                        "partialArgs",
                    ),
                    *("jsonPath", "willContinue", "executableCode", "codeExecutionResult", "promptFeedback"),
                ]
            ),
            sub,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(st.lists(values, max_size=5))
def test_any_json_comes_to_one_end(chunks: list[Any]) -> None:
    candidates = [{"candidates": [{"content": {"parts": [value]}}]} for value in chunks]
    for data in (stream(*chunks), stream(*candidates), json.dumps(chunks).encode()):
        events = read(data)
        assert isinstance(events[-1], Finish | Fault)
        assert all(json.loads(event.input) is not None for event in events if isinstance(event, Tool))


def test_text_and_thinking_in_the_order_they_were_said() -> None:
    kinds = [type(event) for event in contents(fixture("thinking-interleaved.sse"))]
    assert kinds == [Thinking, Text, Thinking, Text]


@pytest.mark.parametrize(
    ("name", "holder"),
    [
        ("tool-signed-after-thinking.sse", Signature),
        ("tool-signed-alone.sse", Redacted),
        ("tool-signed-after-text.sse", Redacted),
    ],
)
def test_the_signature_of_a_call_goes_out_just_before_it(name: str, holder: type) -> None:
    events = fixture(name)
    position = next(index for index, event in enumerate(events) if isinstance(event, Tool))
    kept = events[position - 1]
    assert isinstance(kept, holder)
    text = kept.signature if isinstance(kept, Signature) else kept.data if isinstance(kept, Redacted) else ""
    assert opened(text, "m") in ("c2lnbmF0dXJlLW9uZQ==", "c2lnbmF0dXJlLXR3bw==")
    assert opened(text, "another") is None


def test_the_first_of_parallel_calls_alone_is_signed() -> None:
    kinds = [type(event) for event in contents(fixture("tools-in-parallel.sse"))]
    assert kinds == [Redacted, Tool, Tool, Tool]


@pytest.mark.parametrize(
    ("name", "calls"),
    [
        ("tool-with-id.sse", [("call-7f3a", "get_weather", {"city": "Oslo"})]),
        ("tool-with-namespace.sse", [("", "get_weather", {"city": "Oslo"})]),
        ("tool-without-arguments.sse", [("", "get_time", {})]),
        ("tool-arguments-text.sse", [("", "get_weather", {"city": "Oslo"})]),
        ("tool-said-twice.sse", [("a", "get_weather", {"city": "Oslo"})]),
        (
            "tool-in-pieces.sse",
            [
                (
                    "",
                    "edit_file",
                    {"path": "notes.txt", "edits": [{"line": 3, "text": "new"}, {"odd key": True}]},
                )
            ],
        ),
        (
            "tools-in-pieces.sse",
            [("", "get_weather", {"city": "Oslo"}), ("", "get_weather", {"city": "Bergen"})],
        ),
    ],
)
def test_calls(name: str, calls: list[Any]) -> None:
    events = fixture(name)
    said = [(event.id, event.name, json.loads(event.input)) for event in events if isinstance(event, Tool)]
    assert said == calls
    assert isinstance(events[-1], Finish)
    assert events[-1].reason == "tool_use"


def test_names_are_restored() -> None:
    data = stream(chunk({"functionCall": {"name": "short_1", "args": {}}}))
    assert contents(read(data, names={"short_1": "a long name"})) == [Tool("", "a long name", "{}")]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("plain-text.sse", "end_turn"),
        ("finish-in-every-chunk.sse", "end_turn"),
        ("finish-other.sse", "end_turn"),
        ("finish-unknown.sse", "end_turn"),
        ("document-no-finish.json", "end_turn"),
        ("length.sse", "max_tokens"),
        ("length-with-nothing.sse", "max_tokens"),
        ("tool-in-pieces-cut.sse", "max_tokens"),
        ("finish-safety.sse", "refusal"),
        ("finish-safety-after-text.sse", "refusal"),
        ("finish-recitation.sse", "refusal"),
        ("finish-blocklist.sse", "refusal"),
        ("finish-prohibited-content.sse", "refusal"),
        ("finish-spii.sse", "refusal"),
        ("finish-language.sse", "refusal"),
        ("finish-image-safety.sse", "refusal"),
        ("finish-model-armor.sse", "refusal"),
        ("prompt-blocked.sse", "refusal"),
        ("document-blocked.json", "refusal"),
    ],
)
def test_ends(name: str, reason: str) -> None:
    end = fixture(name)[-1]
    assert isinstance(end, Finish)
    assert end.reason == reason
    assert (end.details is not None) is (reason == "refusal")


@pytest.mark.parametrize(
    ("name", "kind", "status"),
    [
        ("finish-stop-with-nothing.sse", "empty", None),
        ("finish-other-with-nothing.sse", "empty", None),
        ("candidates-empty.sse", "empty", None),
        ("nothing.sse", "empty", None),
        ("only-comments.sse", "empty", None),
        ("only-done.sse", "empty", None),
        ("finish-never.sse", "cut", None),
        ("finish-never-in-tool.sse", "cut", None),
        ("finish-malformed-function-call.sse", "malformed", None),
        ("finish-unexpected-tool-call.sse", "malformed", None),
        ("finish-malformed-after-text.sse", "malformed", None),
        ("tool-arguments-list.sse", "malformed", None),
        ("tool-in-pieces-no-place.sse", "malformed", None),
        ("tool-without-name.sse", "malformed", None),
        ("three-bad-chunks.sse", "malformed", None),
        ("page.sse", "malformed", None),
        ("plain-words.sse", "malformed", None),
        ("document-cut.json", "malformed", None),
        ("error-first.sse", "", 429),
        ("error-after-content.sse", "", 503),
        ("document-error.json", "", 400),
        ("document-error-list.json", "", 503),
        ("document-array-error.json", "", 503),
    ],
)
def test_failures(name: str, kind: str, status: int | None) -> None:
    end = fixture(name)[-1]
    assert isinstance(end, Fault)
    assert (end.kind, end.status) == (kind, status)


def test_an_error_says_when_to_come_back() -> None:
    named, said = fixture("error-first.sse")[-1], fixture("error-says-when.sse")[-1]
    assert isinstance(named, Fault)
    assert isinstance(said, Fault)
    assert (named.retry_after, said.retry_after) == (48.5, 12.25)
    assert named.type == "RESOURCE_EXHAUSTED"


def test_an_error_after_the_end_changes_nothing() -> None:
    assert isinstance(fixture("error-after-finish.sse")[-1], Finish)


@pytest.mark.parametrize(
    ("name", "usage"),
    [
        ("plain-text.sse", Usage(input=20, output=7)),
        ("thinking.sse", Usage(input=20, output=35, thinking=31)),
        ("usage-cached.sse", Usage(input=48, output=7, cache_read=2000)),
        ("usage-hosted-tools.sse", Usage(input=125, output=10, thinking=3)),
        ("usage-without-prompt.sse", Usage(output=9, thinking=2)),
        ("usage-alone-after-finish.sse", Usage(input=20, output=7)),
        ("usage-never.sse", Usage()),
        ("usage-recounted.sse", Usage(input=87, output=78, thinking=78)),
        ("usage-nothing-said.sse", Usage(input=14, output=0)),
        ("usage-absurd.sse", Usage(input=0, output=2**31)),
    ],
)
def test_usage(name: str, usage: Usage) -> None:
    end = fixture(name)[-1]
    assert isinstance(end, Finish)
    assert end.usage == usage


@pytest.mark.parametrize(("name", "code"), [("code-execution.sse", 0), ("code-execution-failed.sse", 1)])
def test_code_the_upstream_ran_is_a_server_tool(name: str, code: int) -> None:
    run, outcome = [event.block for event in fixture(name) if isinstance(event, Opaque)]
    assert run["type"] == "server_tool_use"
    assert outcome["tool_use_id"] == run["id"]
    assert outcome["content"]["return_code"] == code


def test_an_event_too_large_is_a_failure() -> None:
    huge = stream(chunk({"text": "first"}, reason=None)) + b"data: " + b"x" * (5 * 1024 * 1024)
    events = read(huge, sizes=[1 << 20])
    assert Text("first") in events
    assert isinstance(events[-1], Fault)
    assert events[-1].kind == "malformed"
