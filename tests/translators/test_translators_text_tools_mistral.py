"""Mistral's calls as text: no mark ends them, so they go to the end of the answer."""

from __future__ import annotations

import json

import pytest

from translators.events import Finish, Text, Tool
from translators.text_tools import TextTools

DECLARED = {
    "Read": {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]},
    "List": {"type": "object", "properties": {}},
}
READ = ("Read", {"path": "a b"})
LIST = ("List", {})


@pytest.mark.parametrize(
    ("text", "calls"),
    [
        ('[TOOL_CALLS]Read[ARGS]{"path": "a b"}', [READ]),
        ('[TOOL_CALLS]Read{"path": "a b"}[TOOL_CALLS]List[CALL_ID]9aB[ARGS]{}', [READ, LIST]),
        ('[TOOL_CALLS] [{"name": "Read", "arguments": {"path": "a b"}}]', [READ]),
        ('[TOOL_CALLS]Write[ARGS]{"path": "a b"}', []),
        ('[TOOL_CALLS]Read[ARGS]{"path": "a b"} and so on', []),
        ("[TOOL_CALLS] is how Mistral begins a call.", []),
    ],
)
def test_mistral_calls_to_the_end_of_the_answer(text: str, calls: list[tuple[str, object]]) -> None:
    for at in range(len(text)):
        events = [Text(piece) for piece in (text[:at], text[at:]) if piece]
        tools = TextTools(DECLARED)
        out = [event for one in events for event in tools.feed([one])] + tools.feed([Finish("end_turn")])
        assert [(one.name, json.loads(one.input)) for one in out if isinstance(one, Tool)] == calls, at
        said = "".join(one.text for one in out if isinstance(one, Text))
        assert said == ("" if calls else text), at
