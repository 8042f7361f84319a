"""Tool calls written as text: every form, at every split; and everything that only looks like one stays text."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translators.events import Event, Fault, Finish, Progress, Start, Text, Thinking, Tool, Usage
from translators.text_tools import FORMS, TextTools

DECLARED = {
    "Read": {
        "type": "object",
        "properties": {"path": {"type": "string"}, "limit": {"type": "integer"}, "all": {"type": "boolean"}},
        "required": ["path"],
        "additionalProperties": False,
    },
    "List": {"type": "object", "properties": {}},
    "Edit": {
        "type": "object",
        "properties": {
            "edits": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"old": {"type": "string"}, "line": {"type": "number"}},
                },
            },
            "mode": {"anyOf": [{"type": "string", "enum": ["a", "b"]}, {"type": "null"}]},
        },
    },
}
NS = "]<]minimax[>["
READ = ("Read", {"path": "a b"})
LIMITED = ("Read", {"path": "x", "limit": 5, "all": True})
LIST = ("List", {})
EDIT = ("Edit", {"edits": [{"old": "x < y", "line": 3}], "mode": None})

CALLS = [
    ('<tool_call>\n{"name": "Read", "arguments": {"path": "a b"}}\n</tool_call>', [READ]),
    ('<tool_call>{"name": "Read", "parameters": {"path": "a b"}}</tool_call>', [READ]),
    ('<tool_call>{"name": "Read", "arguments": "{\\"path\\": \\"a b\\"}"}</tool_call>', [READ]),
    ("<tool_call>{'name': 'Read', 'arguments': {'path': 'x', 'limit': '5', 'all': True,}}</tool_call>", [LIMITED]),
    (
        '<tool_call>{"name": "Read", "arguments": {"path": "</tool_call>"}}</tool_call>',
        [("Read", {"path": "</tool_call>"})],
    ),
    (
        '<tool_call>{"name": "List", "arguments": {}}\n{"name": "Read", "arguments": {"path": "a b"}}</tool_call>',
        [LIST, READ],
    ),
    ('<tool_call>[{"name": "List"}, {"function": {"name": "List"}}]</tool_call>', [LIST, LIST]),
    ("<tool_call>List</tool_call>", [LIST]),
    ("<tool_call>Read\n<arg_key>path</arg_key>\n<arg_value>a b</arg_value>\n</tool_call>", [READ]),
    (
        "<tool_call>Read<arg_key>path</arg_key><arg_value>x</arg_value><arg_key>limit</arg_key><arg_value>5</arg_value>"
        "<arg_key>all</arg_key><arg_value>true</arg_value></tool_call>",
        [LIMITED],
    ),
    ("<tool_call>\n<function=Read>\n<parameter=path>\na b\n</parameter>\n</function>\n</tool_call>", [READ]),
    ("<function=Read><parameter=path>a b</parameter></function>", [READ]),
    ('<TOOLCALL>[{"name": "Read", "arguments": {"path": "a b"}}, {"name": "List"}]</TOOLCALL>', [READ, LIST]),
    ('<longcat_tool_call>\n{"name": "Read", "arguments": {"path": "a b"}}\n</longcat_tool_call>', [READ]),
    (
        "<seed:tool_call>\n<function=Read>\n<parameter=path>a b</parameter>\n</function>\n</seed:tool_call>",
        [READ],
    ),
    (
        "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>Read\n```json\n"
        '{"path": "a b"}\n```<｜tool▁call▁end｜>\n<｜tool▁call▁begin｜>List<｜tool▁sep｜>{}<｜tool▁call▁end｜>'
        "<｜tool▁calls▁end｜>",
        [READ, LIST],
    ),
    (
        '<｜DSML｜tool_calls>\n<｜DSML｜invoke name="Read">\n<｜DSML｜parameter name="path" string="true">x'
        '</｜DSML｜parameter>\n<｜DSML｜parameter name="limit" string="false">5</｜DSML｜parameter>\n'
        '<｜DSML｜parameter name="all" string="false">true</｜DSML｜parameter>\n</｜DSML｜invoke>\n'
        '<｜DSML｜invoke name="List">\n\n</｜DSML｜invoke>\n</｜DSML｜tool_calls>',
        [LIMITED, LIST],
    ),
    (
        '<｜DSML｜function_calls><｜DSML｜invoke name="Read">{"path": "a b"}</｜DSML｜invoke></｜DSML｜function_calls>',
        [READ],
    ),
    (
        '<｜｜DSML｜｜invoke name="Read"><｜｜DSML｜｜parameter name="path">a b</｜｜DSML｜｜parameter>'
        "</｜｜DSML｜｜invoke>",
        [READ],
    ),
    (
        '<｜DSML｜invoke name="Read">\n<｜DSML｜parameter name="path" string="true"></｜DSML｜invoke>'
        "</｜DSML｜parameter>\n</｜DSML｜invoke>",
        [("Read", {"path": "</｜DSML｜invoke>"})],
    ),
    (
        '<｜DSML｜tool_calls><｜DSML｜invoke name="Edit"><｜DSML｜parameter name="edits" string="false">'
        '[{"old": "x < y", "line": 3}]</｜DSML｜parameter><｜DSML｜parameter name="mode" string="false">null'
        "</｜DSML｜parameter></｜DSML｜invoke></｜DSML｜tool_calls>",
        [EDIT],
    ),
    (
        '<|open|>tools<|sep|><|open|>call tool="Read" index="1"<|sep|><|open|>argument key="path" type="string"<|sep|>x'
        '<|close|>argument<|sep|><|open|>argument key="limit" type="number"<|sep|>5<|close|>argument<|sep|>'
        '<|open|>argument key="all" type="boolean"<|sep|>true<|close|>argument<|sep|><|close|>call<|sep|>'
        '<|open|>call tool="List" index="2"<|sep|><|close|>call<|sep|><|close|>tools<|sep|>',
        [LIMITED, LIST],
    ),
    ("<function=List></function>", [LIST]),
    (
        '<function=Edit>\n<parameter=edits>\n[{"old": "x < y", "line": 3}]\n</parameter>\n'
        "<parameter=mode>\nnull\n</parameter>\n</function>",
        [EDIT],
    ),
    (
        "<function=Read><parameter=path></function></parameter></function>",
        [("Read", {"path": "</function>"})],
    ),
    (
        "<|tool_calls_section_begin|><|tool_call_begin|>functions.Read:0<|tool_call_argument_begin|>{\"path\": \"a b\"}"
        "<|tool_call_end|><|tool_call_begin|>functions.List:1<|tool_call_argument_begin|>{}<|tool_call_end|>"
        "<|tool_calls_section_end|>",
        [READ, LIST],
    ),
    ('<|tool_call_begin|>functions.Read:12<|tool_call_argument_begin|>{"path": "a b"}<|tool_call_end|>', [READ]),
    (
        '<minimax:tool_call>\n<invoke name="Read">\n<parameter name="path">a b</parameter>\n</invoke>\n'
        '<invoke name="List">\n</invoke>\n</minimax:tool_call>',
        [READ, LIST],
    ),
    (
        f'{NS}<tool_call>\n{NS}<invoke name="Read">{NS}<path>x{NS}</path>{NS}<limit>5</limit>{NS}<all>true{NS}</all>'
        f"{NS}</invoke>\n{NS}</tool_call>",
        [LIMITED],
    ),
    (
        f'<tool_call>\n{NS}<invoke name="Edit">{NS}<edits>{NS}<item>{NS}<old>x < y{NS}</old>{NS}<line>3{NS}</line>'
        f"{NS}</item>{NS}</edits>{NS}<mode>null{NS}</mode>{NS}</invoke>{NS}</tool_call>",
        [EDIT],
    ),
    (f'{NS}<invoke name="List">{NS}</invoke>{NS}</tool_call>', [LIST]),
    ('<|channel|>commentary to=functions.Read<|message|>{"path": "a b"}<|call|>', [READ]),
    ('<|channel|>commentary to=functions.Read <|constrain|>json<|message|>{"path": "a b"}<|call|>', [READ]),
    ('<|start|>assistant<|channel|>commentary to=functions.Read<|message|>{"path": "a b"}<|call|>', [READ]),
    ('<|start|>assistant to=functions.Read<|channel|>commentary json<|message|>{"path": "a b"}<|call|>', [READ]),
]  # fmt: skip

NO_CALLS = [
    "a < b and c[0] and [<x>](y)]",
    "<tool_call>",
    "Use `<tool_call>` to call, then `</tool_call>`.",
    "<tool_call></tool_call>",
    "<tool_call>{}</tool_call>",
    '<tool_call>{"name": "Write", "arguments": {}}</tool_call>',
    '<tool_call>{"name": "Read", "arguments": {}}</tool_call>',
    '<tool_call>{"name": "Read", "arguments": {"path": 3}}</tool_call>',
    '<tool_call>{"name": "Read", "arguments": {"path": "x", "more": 1}}</tool_call>',
    '<tool_call>{"name": "Read", "arguments": ["path"]}</tool_call>',
    '<tool_call>{"name": "Read", "arguments": "path"}</tool_call>',
    '<tool_call>{"name": "List"} and so on</tool_call>',
    '<tool_call>[{"name": "List"}, {"name": "Nothing"}]</tool_call>',
    '<tool_call>{"name": "Edit", "arguments": {"mode": "c"}}</tool_call>',
    "<tool_call>Reader<arg_key>path</arg_key><arg_value>x</arg_value></tool_call>",
    "<tool_call>Read<arg_key>path</arg_key></tool_call>",
    "<function=Write><parameter=path>x</parameter></function>",
    "<function=Read><parameter=path>x</function>",
    "<function=Read><parameter=limit>5</parameter></function>",
    "<|tool_calls_section_begin|>nothing<|tool_calls_section_end|>",
    '<|tool_call_begin|>tool_call_1<|tool_call_argument_begin|>{"path": "x"}<|tool_call_end|>',
    '<minimax:tool_call><invoke name="Write"></invoke></minimax:tool_call>',
    f"{NS}and{NS}",
    "<|channel|>final<|message|>Read<|return|>",
    '<|channel|>commentary to=functions.Write<|message|>{"path": "x"}<|call|>',
    "<|channel|>commentary to=functions.Read<|message|>nothing<|call|>",
    "</tool_call></function><|im_end|>",
    '<｜DSML｜invoke name="Write"><｜DSML｜parameter name="path">x</｜DSML｜parameter></｜DSML｜invoke>',
    "<｜DSML｜tool_calls> opens them",
    '<｜DSML｜tool_calls><｜DSML｜invoke name="Read"><｜DSML｜parameter name="p">x</｜DSML｜parameter></｜DSML｜invoke>'
    "</｜DSML｜tool_calls>",
    '<|open|>tools<|sep|>Read {"path": "x"}<|close|>tools<|sep|>',
    '<|open|>tools<|sep|><|open|>call tool="Write" index="1"<|sep|><|close|>call<|sep|><|close|>tools<|sep|>',
]

NO_END = (
    "<tool_call>Read<arg_key>path</arg_key></tool_call>",
    "<function=Read><parameter=path>x</function>",
)
"""Calls that wait for their end, as what looks like it may be part of an argument."""

DONE = Finish("end_turn", usage=Usage(input=1))


def heard(pieces: list[str], finish: Event = DONE, **options) -> tuple[list[str | tuple[str, dict]], Event]:
    """What was said: pieces of text joined, calls as name and arguments; and the end."""
    tools = TextTools(DECLARED, **options)
    events = [event for piece in pieces for event in tools.feed([Text(piece)])]
    events += tools.feed([finish])
    said: list = []
    for event in events[:-1]:
        if isinstance(event, Tool):
            said.append((event.name, json.loads(event.input)))
        elif isinstance(event, Text):
            assert event.text
            if said and isinstance(said[-1], str):
                said[-1] += event.text
            else:
                said.append(event.text)
        else:
            assert isinstance(event, Progress)
    return said, events[-1]


@pytest.mark.parametrize(("text", "calls"), CALLS)
@pytest.mark.parametrize("step", [1, 2, 3, 7, 1000])
def test_every_form_at_every_split(text, calls, step):
    whole = f"Let me see.\n{text}\n\n{text}\n"
    pieces = [whole[start : start + step] for start in range(0, len(whole), step)]
    said, end = heard(pieces)
    assert said == ["Let me see.\n", *calls, *calls]
    assert end == Finish("tool_use", usage=Usage(input=1))


@pytest.mark.parametrize("text", NO_CALLS)
@pytest.mark.parametrize("step", [1, 2, 3, 7, 1000])
def test_what_is_no_call_stays_text(text, step):
    whole = f"I say {text}, and so on."
    pieces = [whole[start : start + step] for start in range(0, len(whole), step)]
    assert heard(pieces) == ([whole], DONE)


@pytest.mark.parametrize("text", [text for text in NO_CALLS if text not in NO_END and not text.endswith(NS)])
def test_a_call_is_found_behind_what_is_none(text):
    assert heard([text, "\n", CALLS[0][0]])[0] == [f"{text}\n", READ]


def test_text_behind_a_call_is_told_after_it():
    assert heard(["a", CALLS[0][0], "\n", " b"])[0] == ["a", READ, "b"]


def test_marks_repeated_behind_a_call_are_dropped():
    said, _ = heard([CALLS[0][0], "</tool", "_call>", "\n<|im_end|>"])
    assert said == [READ]


@pytest.mark.parametrize(("text", "calls"), [one for one in CALLS if "functions.List:1" not in one[0]])
def test_the_closing_mark_may_be_missing_at_the_end(text, calls):
    for mark in (mark for form in FORMS.values() for mark in form.closing):
        if text.endswith(mark):
            text = text.removesuffix(mark)
            break
    assert heard(["x", text])[0] == ["x", *calls]
    assert heard(["x", text], Finish("max_tokens"))[0] == ["x" + text]


@pytest.mark.parametrize("cut", range(1, 60))
def test_half_a_call_is_no_call(cut):
    text = '<tool_call>{"name": "Read", "arguments": {"path": "a b"}}</tool_call>'[:cut]
    assert heard([text], Finish("max_tokens"))[0] == [text]
    assert heard([text])[0] in ([text], [READ])


@pytest.mark.parametrize("text", ["a", "a > b", "x]y", "a [b] c", "</p>", "<b", "]x", "a<|b"])
def test_text_is_not_held_back_without_need(text):
    tools = TextTools(DECLARED)
    assert tools.feed([Text(text)]) == [Text(text)]


@pytest.mark.parametrize(
    "text", ["<", "]", "<tool", "]<]mini", "<|", "<tool_call>", "<function=Re", '<tool_call>{"name"']
)
def test_text_that_may_become_a_call_is_held_back(text):
    tools = TextTools(DECLARED)
    assert tools.feed([Text("a" + text)]) == [Text("a")]
    assert tools.feed([Text("")]) == [Progress()]
    assert tools.feed([Finish("max_tokens")]) == [Text(text), Finish("max_tokens")]


def test_other_events_pass_and_settle_the_text_before_them():
    tools = TextTools(DECLARED)
    events: list[Event] = [Start(), Thinking("a"), Text("b")]
    assert tools.feed(events) is events
    said = tools.feed([Text("c<"), Usage(input=1), Thinking("d"), Fault("cut", "x")])
    assert said == [Text("c"), Usage(input=1), Text("<"), Thinking("d"), Fault("cut", "x")]


def test_a_fault_leaves_no_half_call_behind():
    tools = TextTools(DECLARED)
    assert tools.feed([Text('a<tool_call>{"name": "Re'), Fault("cut", "x")]) == [Text("a"), Fault("cut", "x")]


def test_an_answer_that_just_stops_keeps_its_text():
    tools = TextTools(DECLARED)
    assert tools.feed([Text("a<tool_call>")]) == [Text("a")]
    assert tools.close() == [Text("<tool_call>")]
    assert tools.close() == []


def test_calls_that_the_upstream_tells_itself_are_not_told_twice():
    text, told = CALLS[0][0], Tool("1", "Read", '{"path":"a b"}')
    tools = TextTools(DECLARED)
    assert tools.feed([Text(text), Progress(), told, Finish("tool_use")]) == [
        Text(text),
        Progress(),
        told,
        Finish("tool_use"),
    ]
    tools = TextTools(DECLARED)
    assert tools.feed([Text(text), told, Finish("tool_use")]) == [Text(text), told, Finish("tool_use")]
    tools = TextTools(DECLARED)
    made = tools.feed([Text(text), Text("b"), told, told, Finish("tool_use")])
    assert made == [Tool("", "Read", '{"path":"a b"}'), Text("b"), told, Finish("tool_use")]


def test_names_and_parameters_that_were_sent_under_others_are_restored():
    declared = {
        "mcp__long": {"type": "object", "properties": {"type": {"type": "integer"}}, "required": ["type"]}
    }
    tools = TextTools(declared, names={"mcp_1": "mcp__long"}, renamed=lambda: {"mcp__long"})
    text = "<tool_call>mcp_1<arg_key>type_parameter</arg_key><arg_value>7</arg_value></tool_call>"
    assert tools.feed([Text(text), DONE])[0] == Tool("", "mcp__long", '{"type":7}')


WORDS = st.sampled_from(
    [
        *(text for text, _ in CALLS),
        *NO_CALLS,
        *(
            "<tool_call>",
            "</tool_call>",
            "<function=Read>",
            "</function>",
            "{",
            '"',
            "<",
            "]",
            NS,
            " ",
            "\n",
            "Read",
            "a",
        ),
        *("<|channel|>", "<|call|>", "<|tool_call_begin|>", "<|tool_calls_section_begin|>", "<|message|>"),
    ]
)


@given(st.lists(WORDS, max_size=6).map("".join), st.lists(st.integers(1, 40), min_size=1, max_size=8))
def test_any_split_says_the_same(text, steps):
    pieces, at = [], 0
    while at < len(text):
        step = steps[len(pieces) % len(steps)]
        pieces.append(text[at : at + step])
        at += step
    assert heard(pieces) == heard([text] if text else [])


@pytest.mark.parametrize(
    "text",
    [
        "<tool_call>" * 20_000,
        "<tool_call>{" * 20_000,
        "<tool_call>{</tool_call>" * 10_000,
        "<tool_call>{<tool_call>{</tool_call>" * 10_000,
        "</tool_call>" * 20_000,
        CALLS[0][0] * 5_000,
        "<function=Read>" + "<parameter=path>x</parameter>" * 10_000 + "</function>",
        "<function=Read><parameter=path>" + "</parameter> " * 20_000,
        '<tool_call>{"a":"' + "x</tool_call>" * 10_000,
        "<|start|>assistant" * 20_000,
    ],
)
@pytest.mark.parametrize("step", [50, 1_000_000])
def test_the_cost_is_linear(text, step):
    start = time.process_time()
    heard([text[at : at + step] for at in range(0, len(text), step)])
    assert time.process_time() - start < 20
