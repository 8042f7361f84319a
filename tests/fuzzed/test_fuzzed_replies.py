"""Answers that fuzzing has found: what once broke a translator comes to an end,
and if to a good one to a legal stream."""

from __future__ import annotations

import pytest

from support import grammar
from support.requests import ask
from translators.anthropic_writer import StreamWriter
from translators.dialects import speaker
from translators.events import Fault, Finish, Start
from translators.profile import Dialect, Profile
from translators.wire import Target

FOUND: dict[str, tuple[Dialect, bytes]] = {
    "an item whose kind is a list": (
        "openai-responses",
        b'{"object":"response","status":"completed","output":[{"type":["message"],"content":[]},'
        b'{"type":"message","content":[{"type":"output_text","text":"hi"}]}]}',
    ),
    "an item added whose kind is a list": (
        "openai-responses",
        b'event: response.output_item.added\ndata: {"type":"response.output_item.added","item":{"type":[]}}\n\n',
    ),
    "a call of the server with an odd id": (
        "anthropic",
        b'{"type":"message","role":"assistant","stop_reason":"end_turn","content":[{"type":"server_tool_use",'
        b'"id":"sr]toolu_1","name":"web_search","input":{}},{"type":"text","text":"hi"}]}',
    ),
    "a call of the server without a name": (
        "anthropic",
        b'{"type":"message","role":"assistant","stop_reason":"end_turn","content":[{"type":"server_tool_use",'
        b'"id":"srvtoolu_1","input":{}},{"type":"text","text":"hi"}]}',
    ),
    "a count of the prompt that falls": (
        "gemini",
        b'data: {"candidates":[{"content":{"parts":[{"text":"The harbour "}]}}],'
        b'"usageMetadata":{"promptTokenCount":40}}'
        b"\n\n"
        b'data: {"candidates":[{"content":{"parts":[{"text":"opens at six."}]},"finishReason":"STOP"}],'
        b'"usageMetadata":{"promptTokenCount":20,"candidatesTokenCount":7}}\n\n',
    ),
}


@pytest.mark.parametrize("name", FOUND)
def test_what_was_found_comes_to_an_end(name: str) -> None:
    dialect, data = FOUND[name]
    request, target = ask("hi"), Target("m", Profile(dialect=dialect))
    speaks = speaker(dialect)
    reader = speaks.reader(request, target, speaks.write_request(request, target))
    events = [*reader.feed(data), *reader.close()]
    assert isinstance(events[-1], Finish | Fault)
    if isinstance(events[-1], Finish):
        writer = StreamWriter(request, message_id="msg_" + "0" * 24, input_estimate=25)
        before = events[:1] if isinstance(events[0], Start) else []
        first = writer.feed(before)
        grammar.check_stream(writer.begin() + first + writer.feed(events[len(before) :]), request)
