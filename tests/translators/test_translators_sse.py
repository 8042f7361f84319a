"""Server-sent events: any split of the bytes gives the same events, and nothing but line ends ends a line."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translators import sse
from translators.sse import Decoder, TooLarge


def decoded(*pieces: bytes) -> list[tuple[str | None, bytes]]:
    decoder = Decoder()
    events = [event for piece in pieces for event in decoder.feed(piece)]
    return events + decoder.close()


@pytest.mark.parametrize(
    ("data", "events"),
    [
        (b"", []),
        (b"\n\n\n", []),
        (b"data: a\n\n", [(None, b"a")]),
        (b"data:a\n\n", [(None, b"a")]),
        (b"data:  a\n\n", [(None, b" a")]),
        (b"data\n\n", [(None, b"")]),
        (b"data:\n\n", [(None, b"")]),
        (b"data: a", [(None, b"a")]),
        (b"data: a\r\n\r\ndata: b\r\rdata: c\n\n", [(None, b"a"), (None, b"b"), (None, b"c")]),
        (b"data: a\n\r\ndata: b\r\n\ndata: c", [(None, b"a"), (None, b"b"), (None, b"c")]),
        (b"data: a\ndata:b\ndata\n\n", [(None, b"a\nb\n")]),
        (b"event: x\ndata: a\n\n", [("x", b"a")]),
        (b"event:x\ndata:a\n\n", [("x", b"a")]),
        (b"data: a\nevent: x\n\n", [("x", b"a")]),
        (b"event: x\nevent: y\ndata: a\n\n", [("y", b"a")]),
        (b"event: x\nid: 1\ndata: a\ndata: b\n\n", [("x", b"a\nb")]),
        (b"event: x\ndata: \n\n", [("x", b"")]),
        (b"event: \ndata: a\n\n", [(None, b"a")]),
        (b"event: x\n\ndata: a\n\n", [(None, b"a")]),
        (b": comment\n\ndata: a\n\n", [(None, b"a")]),
        (b": comment\ndata: a\n: more\n\n", [(None, b"a")]),
        (b"retry: 3\nid\nunknown: x\n\n", []),
        (b"\xef\xbb\xbfdata: a\n\n", [(None, b"a")]),
        (b"\xef\xbb\xbf\xef\xbb\xbfdata: a\n\n", []),
        (b"\xef\xbbdata: a\n\n", []),
        (b"\n\n\ndata: a\n\n\n\n\ndata: b\n\n", [(None, b"a"), (None, b"b")]),
        (
            "data: a\u2028b\u2029c\x85d\x0be\x0cf\x1cg\n\n".encode(),
            [(None, "a\u2028b\u2029c\x85d\x0be\x0cf\x1cg".encode())],
        ),
        (b"event: \xff\ndata: \xff\n\n", [("\ufffd", b"\xff")]),
    ],
)
def test_events_of_a_body_whole_and_byte_by_byte(data, events):
    assert decoded(data) == events
    assert decoded(*(data[i : i + 1] for i in range(len(data)))) == events


WORDS = [
    b"data: ",
    b"data:",
    b"event: ",
    b"x",
    b"\n",
    b"\n\n",
    b"\r",
    b"\r\n",
    b":",
    b" ",
    b"\xef\xbb\xbf",
    "é\u2028".encode(),
]


@given(st.lists(st.sampled_from(WORDS)), st.lists(st.integers(0, 40)))
def test_any_split_gives_the_same_events(words, cuts):
    data = b"".join(words)
    places = sorted({cut for cut in cuts if cut < len(data)} | {0, len(data)})
    pieces = [data[start:end] for start, end in pairwise(places)]
    assert decoded(*pieces) == decoded(data)


LINES = [
    b"data: ",
    b"data: x",
    b"data: y\n",
    b"event: ",
    b"event: x",
    b"event: \xff",
    b"data:x",
    b": x",
    b"data: \n",
]


def by_the_book(data: bytes) -> list[tuple[str | None, bytes]]:
    """Line by line, as the specification says it, but for the event that lacks its blank line."""
    events: list[tuple[str | None, bytes]] = []
    name, said = b"", []
    for line in [*re.split(rb"\r\n|\n|\r", data.removeprefix(b"\xef\xbb\xbf")), b""]:
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            said.append(value)
        elif field == b"event":
            name = value
        elif not line:
            if said:
                events.append((name.decode(errors="replace") or None, b"\n".join(said)))
            name, said = b"", []
    return events


@given(
    st.lists(st.sampled_from(WORDS))
    | st.lists(st.sampled_from(LINES)).map(lambda lines: [b"\n\n".join(lines)])
)
def test_what_is_read_at_once_is_read_by_the_book(words):
    data = b"".join(words)
    assert decoded(data) == by_the_book(data)


@given(st.lists(st.tuples(st.sampled_from(LINES), st.sampled_from([b"\n", b"\n\n", b"\r\n\r\n"]))))
def test_lines_of_every_kind_are_read_by_the_book(lines):
    data = b"".join(line + end for line, end in lines)
    assert decoded(data) == by_the_book(data)


def test_an_event_comes_as_soon_as_its_blank_line_has():
    decoder = Decoder()
    assert decoder.feed(b"data: a\r") == []
    assert decoder.feed(b"\r") == [(None, b"a")]
    assert decoder.feed(b"\n") == []
    assert decoder.feed(b"data: b\r\n\r") == [(None, b"b")]


@pytest.fixture
def _small(monkeypatch):
    monkeypatch.setattr(sse, "LARGEST", 20)


@pytest.mark.usefixtures("_small")
@pytest.mark.parametrize("step", [1, 3, 1000])
@pytest.mark.parametrize("tail", [b"", b"\n\n", b"\n\ndata: c\n\n"])
def test_a_large_event_breaks_the_stream_after_the_events_before_it(step, tail):
    data = b"data: a\n\ndata: b\n\ndata: " + b"x" * 15 + tail
    decoder = Decoder()
    events = []

    def read() -> None:
        for start in range(0, len(data), step):
            events.extend(decoder.feed(data[start : start + step]))
        events.extend(decoder.close())

    with pytest.raises(TooLarge):
        read()
    assert events == [(None, b"a"), (None, b"b")]


@pytest.mark.usefixtures("_small")
@pytest.mark.parametrize("step", [1, 3, 1000])
def test_an_event_of_the_largest_size_passes(step):
    data = (b"data: " + b"x" * 14 + b"\n\n") * 2
    assert decoded(*(data[i : i + step] for i in range(0, len(data), step))) == [(None, b"x" * 14)] * 2
