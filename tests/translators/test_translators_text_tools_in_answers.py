"""Tool calls written as text, in whole answers of Chat Completions: beside thinking, native calls and harmony."""

from __future__ import annotations

import json

import pytest

from translators.events import Event, Finish, Progress, Start, Text, Thinking, Tool
from translators.openai_chat import reader, write_request
from translators.profile import Profile
from translators.request import Request
from translators.wire import Target

TOOL = {"name": "Read", "input_schema": {"type": "object", "properties": {"path": {"type": "string"}}}}
CALL = '<tool_call>{"name": "Read", "arguments": {"path": "x"}}</tool_call>'
MADE = Tool("", "Read", '{"path":"x"}')
NATIVE = [{"id": "a", "function": {"name": "Read", "arguments": '{"path":"x"}'}}]


def heard(
    *deltas: dict, document: bool = False, tools: tuple = (TOOL,), profile: Profile | None = None
) -> list[Event]:
    body = {
        "model": "p/m",
        "max_tokens": 9,
        "messages": [{"role": "user", "content": "Hi"}],
        "tools": list(tools),
    }
    request = Request(body, "p/m", "p/m")
    target = Target("m", profile or Profile())
    answer = reader(request, target, write_request(request, target))
    ends = {"finish_reason": "stop"}
    if document:
        data = json.dumps({"choices": [{"message": deltas[0], **ends}]}).encode()
    else:
        choices = [{"delta": delta} for delta in deltas] + [{"delta": {}, **ends}]
        data = "".join(f"data: {json.dumps({'choices': [choice]})}\n\n" for choice in choices).encode()
    events = [
        event for at in range(0, len(data), 11) for event in answer.feed(data[at : at + 11])
    ] + answer.close()
    return joined([event for event in events if not isinstance(event, (Start, Progress))])


def joined(events: list[Event]) -> list[Event]:
    said: list[Event] = []
    for event in events:
        last = said[-1] if said else None
        if (
            isinstance(event, (Text, Thinking))
            and isinstance(last, (Text, Thinking))
            and type(last) is type(event)
        ):
            said[-1] = type(event)(last.text + event.text)
        else:
            said.append(event)
    return said


def pieces(text: str) -> list[dict]:
    return [{"content": text[at : at + 3]} for at in range(0, len(text), 3)]


@pytest.mark.parametrize(
    ("text", "events"),
    [
        (f"Look:\n{CALL}\n", [Text("Look:\n"), MADE]),
        (f"<think>Maybe {CALL}?</think>{CALL}", [Thinking(f"Maybe {CALL}?"), MADE]),
        (
            "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>commentary to=functions.Read "
            '<|constrain|>json<|message|>{"path": "x"}<|call|>',
            [Thinking("Hm."), MADE],
        ),
        ('<|start|>assistant to=functions.Read<|channel|>commentary json<|message|>{"path": "x"}', [MADE]),
        (
            "<|channel|>commentary to=functions.Write<|message|>{}<|call|>",
            [Text("<|channel|>commentary to=functions.Write<|message|>{}<|call|>")],
        ),
        ("<|channel|>commentary<|message|>I read.<|end|>", [Thinking("I read.")]),
        ("<|start|>assistant<|channel|>final<|message|>Done.<|return|>", [Text("Done.")]),
    ],
)
def test_calls_in_text(text, events):
    made = any(isinstance(event, Tool) for event in events)
    expected = [*events, Finish("tool_use" if made else "end_turn")]
    assert heard(*pieces(text)) == expected
    assert heard({"content": text}, document=True) == expected


def test_without_tools_there_are_no_calls():
    assert heard(*pieces(CALL), tools=()) == [Text(CALL), Finish("end_turn")]
    assert heard(*pieces(CALL), profile=Profile(tools=False)) == [Text(CALL), Finish("end_turn")]
    harmony = '<|channel|>commentary to=functions.Read<|message|>{"path": "x"}<|call|>'
    assert heard(*pieces(harmony), tools=()) == [Thinking('{"path": "x"}'), Finish("end_turn")]


@pytest.mark.parametrize("document", [True, False])
def test_text_is_left_alone_where_the_upstream_has_read_the_call_itself(document):
    said = heard({"content": CALL, "tool_calls": NATIVE}, document=document)
    assert said == [Text(CALL), Tool("a", "Read", '{"path":"x"}'), Finish("tool_use")]


def test_names_that_were_sent_under_an_alias_are_restored():
    name = "mcp__" + "x" * 80
    tool = {"name": name, "input_schema": {"type": "object", "properties": {"type": {"type": "string"}}}}
    body = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}], "tools": [tool]}
    profile = Profile(rename_type_parameter=True)
    wire = write_request(Request(body, "m", "m"), Target("m", profile))
    (alias,) = wire.tool_names
    text = f'<tool_call>{{"name": "{alias}", "arguments": {{"type_parameter": "x"}}}}</tool_call>'
    assert heard(*pieces(text), tools=(tool,), profile=profile) == [
        Tool("", name, '{"type":"x"}'),
        Finish("tool_use"),
    ]
