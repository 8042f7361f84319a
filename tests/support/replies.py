"""Recorded answers of upstreams under `fixtures/`: what they are, and what comes of them.

    fixtures/DIALECT/NAME.sse or .json          an answer, byte for byte
    fixtures/DIALECT/NAME.request.json          the request it answers; without one it is fixtures/request.json

What comes of each is kept in tests/translators/__snapshots__: the canonical events, and what a client of the
Messages API gets. After adding one: `pytest tests/translators/test_translators_replies.py --snapshot-update`, and
read what it wrote.

A request may have the field `profile` besides those of the Messages API: facts of the model, as in a preset.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any, cast, get_args

from msgspec import Struct
from msgspec.structs import replace

from translators.anthropic_request import read_request
from translators.anthropic_writer import MessageCollector, StreamWriter
from translators.dialects import speaker
from translators.events import Event, Fault, Start
from translators.profile import Dialect, Profile
from translators.request import Request
from translators.wire import Target, WireRequest

FIXTURES = Path(__file__).parents[2] / "fixtures"
DIALECTS: dict[str, Dialect] = {name.replace("-", "_"): name for name in get_args(Dialect)}
_ID = re.compile(r"\b(toolu|msg)_[0-9A-Za-z]{24}\b")


def answers() -> list[Path]:
    """The recorded answers of all dialects."""
    return [
        path
        for folder in DIALECTS
        for path in sorted((FIXTURES / folder).glob("*.*"))
        if not path.name.endswith(".request.json")
    ]


def name_of(path: Path) -> str:
    return f"{path.parent.name} {path.name}"


@cache
def asked(path: Path) -> tuple[Request, Target]:
    """The request that `path` answers, and whom it was sent to."""
    own = path.with_suffix(".request.json")
    body: dict[str, Any] = json.loads((own if own.exists() else FIXTURES / "request.json").read_bytes())
    profile = replace(Profile(dialect=DIALECTS[path.parent.name]), **body.pop("profile", {}))
    return read_request(json.dumps(body).encode(), {}), Target("model", profile)


@cache
def _wire(path: Path) -> WireRequest:
    request, target = asked(path)
    return cast(Any, speaker(target.profile.dialect)).write_request(request, target)


def events_of(path: Path, pieces: list[bytes]) -> list[Event]:
    """The events of an answer that comes in `pieces`."""
    request, target = asked(path)
    reader = cast(Any, speaker(target.profile.dialect)).reader(request, target, _wire(path))
    events = [event for piece in pieces for event in reader.feed(piece)]
    return events + reader.close()


def streamed(path: Path, events: list[Event]) -> bytes:
    """The answer as a client gets it that asked for a stream, message_start first."""
    writer = StreamWriter(asked(path)[0], message_id="msg_" + "0" * 24, input_estimate=25)
    before = events[:1] if isinstance(events[0], Start) else []
    first = writer.feed(before)
    return writer.begin() + first + writer.feed(events[len(before) :])


def collected(path: Path, events: list[Event]) -> bytes | None:
    """The answer as a client gets it that asked for one message; None if it failed."""
    if isinstance(events[-1], Fault):
        return None
    collector = MessageCollector(asked(path)[0], message_id="msg_" + "0" * 24, input_estimate=25)
    collector.feed(events)
    return collector.message()


def golden(path: Path) -> str:
    """What is kept of an answer. Ids are numbered in the order they come."""
    events = events_of(path, [path.read_bytes()])
    answer = streamed(path, events).decode()
    known: dict[str, str] = {}

    def numbered(match: re.Match[str]) -> str:
        return known.setdefault(match[0], f"{match[1]}_{len(known)}")

    return "\n".join([*map(_shown, events), "", _ID.sub(numbered, answer).rstrip(), ""])


def _shown(value: Any) -> str:
    """An event with the fields that say something."""
    if not isinstance(value, Struct):
        return repr(value)
    fields = {name: getattr(value, name) for name in value.__struct_fields__}
    said = [f"{name}={_shown(one)}" for name, one in fields.items() if one is not None]
    return f"{type(value).__name__}({', '.join(said)})"
