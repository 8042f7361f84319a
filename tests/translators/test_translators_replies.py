"""Every recorded answer: what it comes to, however it is split. See `tests/support/replies.py` for how to add one."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from syrupy.assertion import SnapshotAssertion

from support import grammar, replies
from translators.events import Event, Fault, Finish, Progress

ANSWERS = replies.answers()
every_answer = pytest.mark.parametrize("path", ANSWERS, ids=replies.name_of)


@every_answer
def test_golden(path: Path, snapshot: SnapshotAssertion) -> None:
    assert replies.golden(path) == snapshot


@every_answer
def test_an_answer_is_legal_for_the_client_streamed_and_collected(path: Path) -> None:
    events = replies.events_of(path, [path.read_bytes()])
    assert [isinstance(event, Finish | Fault) for event in events] == [False] * (len(events) - 1) + [True]
    request, _ = replies.asked(path)
    streamed = replies.streamed(path, events)
    message = replies.collected(path, events)
    if message is None:
        grammar.check_broken_stream(streamed, request)
    else:
        grammar.check_stream(streamed, request)
        grammar.check_message(json.loads(message), request)


def said(path: Path, pieces: list[bytes]) -> list[Event]:
    """The events but for signs of life, which say that a read brought something and so go by reads."""
    return [event for event in replies.events_of(path, pieces) if not isinstance(event, Progress)]


@every_answer
def test_any_split_gives_the_same_events(path: Path) -> None:
    data = path.read_bytes()
    whole = said(path, [data])
    assert said(path, [data[i : i + 1] for i in range(len(data))]) == whole
    pick = random.Random(path.name)
    cuts = range(1, len(data)) if len(data) < 150 else sorted(pick.sample(range(1, len(data)), 16))
    for cut in cuts:
        assert said(path, [data[:cut], data[cut:]]) == whole, cut


@settings(max_examples=200)
@given(st.sampled_from(ANSWERS), st.lists(st.integers(1, 300), min_size=1, max_size=12))
def test_reads_of_any_sizes_give_the_same_events(path: Path, sizes: list[int]) -> None:
    data = path.read_bytes()
    pieces: list[bytes] = []
    while data:
        size = sizes[len(pieces) % len(sizes)]
        pieces.append(data[:size])
        data = data[size:]
    assert said(path, pieces) == said(path, [b"".join(pieces)])


@settings(max_examples=300)
@given(st.sampled_from(ANSWERS), st.data())
def test_a_damaged_answer_ends_once_and_never_raises(path: Path, data: st.DataObject) -> None:
    damaged = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(damaged)))
        gone = data.draw(st.integers(0, 20))
        damaged[at : at + gone] = data.draw(
            st.sampled_from([b"", b"null", b"[]", b"7", b'"x"', b"{", b"\n\n", b"\xff"])
        )
    events = said(path, [bytes(damaged)])
    assert [isinstance(event, Finish | Fault) for event in events] == [False] * (len(events) - 1) + [True]
    grammar.events_of(replies.streamed(path, events))
