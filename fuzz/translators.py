"""What upstreams send, to what clients get: all four dialects, checked by the strict judge of the tests.

python fuzz/translators.py -max_total_time=60
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import atheris

from fuzz.harness import FIXTURES, fuzz, without_progress

with atheris.instrument_imports(include=["translators"]):
    from support import grammar
    from translators import anthropic, gemini, openai_chat, openai_responses
    from translators.anthropic_request import read_request
    from translators.anthropic_writer import MessageCollector, StreamWriter
    from translators.dialects import Speaker
    from translators.events import Event, Fault, Finish, Start
    from translators.profile import Dialect, Profile
    from translators.wire import Target

SPEAKERS: dict[Dialect, Speaker] = {
    "openai-chat": openai_chat,
    "anthropic": anthropic,
    "openai-responses": openai_responses,
    "gemini": gemini,
}
REQUEST = read_request((FIXTURES / "request.json").read_bytes(), {})
MESSAGE_ID = "msg_" + "0" * 24


def events_of(dialect: Dialect, pieces: list[bytes]) -> list[Event]:
    target = Target("m", Profile(dialect=dialect))
    speaks = SPEAKERS[dialect]
    reader = speaks.reader(REQUEST, target, speaks.write_request(REQUEST, target))
    return [event for piece in pieces for event in reader.feed(piece)] + reader.close()


def check(events: list[Event]) -> None:
    ends = [isinstance(event, Finish | Fault) for event in events]
    assert ends[-1]
    assert not any(ends[:-1])
    if isinstance(events[-1], Fault):
        return
    writer = StreamWriter(REQUEST, message_id=MESSAGE_ID, input_estimate=25)
    before = events[:1] if isinstance(events[0], Start) else []
    first = writer.feed(before)
    grammar.check_stream(writer.begin() + first + writer.feed(events[len(before) :]), REQUEST)
    collector = MessageCollector(REQUEST, message_id=MESSAGE_ID, input_estimate=25)
    collector.feed(events)
    collector.message()


def target(data: bytes) -> None:
    """The first byte names the dialect, the second where the rest is cut."""
    if len(data) < 2:
        return
    dialect, at, data = tuple(SPEAKERS)[data[0] % 4], data[1], data[2:]
    events = events_of(dialect, [data])
    check(events)
    cut = events_of(dialect, [data[:at], data[at:]])
    assert list(map(repr, without_progress(cut))) == list(map(repr, without_progress(events)))


if __name__ == "__main__":
    fuzz(
        target,
        (
            bytes([number, 40]) + path.read_bytes()
            for number, dialect in enumerate(SPEAKERS)
            for path in (FIXTURES / dialect.replace("-", "_")).glob("*.*")
            if not path.name.endswith(".request.json")
        ),
    )
