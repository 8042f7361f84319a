"""Bodies of clients, in all three dialects they speak: taken or refused with RequestError, and what is taken can be
written to every kind of upstream.

python fuzz/anthropic_request.py -max_total_time=60
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import json

import atheris

from fuzz.harness import FIXTURES, fuzz

with atheris.instrument_imports(include=["engine", "translators"]):
    from engine.facts import Facts
    from engine.tokens import estimate
    from rules.facts import FACTS
    from translators import anthropic, gemini, openai_chat, openai_responses
    from translators.clients import CLIENTS
    from translators.dialects import Speaker
    from translators.profile import Dialect, Profile
    from translators.request import Request, RequestError
    from translators.wire import Target

SPEAKERS: dict[Dialect, Speaker] = {
    "openai-chat": openai_chat,
    "anthropic": anthropic,
    "openai-responses": openai_responses,
    "gemini": gemini,
}
READERS = [client.read_request for client in CLIENTS.values()]


def target(data: bytes) -> None:
    """The first byte names the dialect of the client."""
    if not data:
        return
    try:
        request = READERS[data[0] % len(READERS)](data[1:], {})
    except RequestError:
        return
    written_everywhere(request)
    assert estimate(request) >= 0
    facts = Facts(request)
    for name in FACTS:
        getattr(facts, name, None)


def written_everywhere(request: Request) -> None:
    for dialect in SPEAKERS:
        try:
            wire = SPEAKERS[dialect].write_request(request, Target("m", Profile(dialect=dialect)))
        except RequestError:
            continue
        json.loads(wire.body)
        assert all(value.isascii() and value.isprintable() for value in wire.headers.values())


def seeds() -> list[bytes]:
    found = [b"\0" + (FIXTURES / "request.json").read_bytes()]
    for path in FIXTURES.glob("requests/*.json"):
        kept = json.loads(path.read_text("utf-8"))
        body = json.dumps(kept.get("body", kept)).encode()
        found += [bytes([number]) + body for number in range(len(READERS)) if len(body) < 16_000]
    chat = {"model": "m", "messages": [{"role": "user", "content": "hi"}], "tools": []}
    asked = {"model": "m", "input": [{"role": "user", "content": [{"type": "input_text", "text": "hi"}]}]}
    return [*found, b"\1" + json.dumps(chat).encode(), b"\2" + json.dumps(asked).encode()]


if __name__ == "__main__":
    fuzz(target, seeds())
