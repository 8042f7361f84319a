"""The parts of reading Chat Completions one by one: calls out of pieces, tokens, faults, thinking, names."""

from __future__ import annotations

from typing import Any

import pytest

from translators.events import Fault, Text, Thinking, Usage
from translators.lenient_json import decode_leniently
from translators.openai_chat.calls import Calls, own_arguments
from translators.openai_chat.chunks import Delta, decode_chunk
from translators.openai_chat.faults import bare_error, broken_off, fault_of
from translators.openai_chat.parts import reasoning_in, spoken, thought_before
from translators.openai_chat.tokens import usage_of
from translators.tool_names import declared_name

COUNTED = {"prompt_tokens": 40, "completion_tokens": 9}
REASONED = {"completion_tokens_details": {"reasoning_tokens": 4}}
DECLARED = {"read", "read_file", "list"}


def piece(index: Any = None, tool_id: Any = None, name: Any = None, arguments: Any = None) -> dict[str, Any]:
    """A delta of `tool_calls`; what is None is left out."""
    function = {key: value for key, value in (("name", name), ("arguments", arguments)) if value is not None}
    fields = {"index": index, "id": tool_id, "function": function or None}
    return {key: value for key, value in fields.items() if value is not None}


@pytest.mark.parametrize(
    ("pieces", "calls"),
    [
        (
            [piece(0, "a", "read", ""), piece(0, arguments='{"p":'), piece(0, arguments="1}")],
            [("a", "read", '{"p":1}')],
        ),
        (
            [piece(0, "a", "read", "{}"), piece(1, "b", "list", "{}")],
            [("a", "read", "{}"), ("b", "list", "{}")],
        ),
        # no index
        ([piece(None, "a", "read"), piece(arguments="{}")], [("a", "read", "{}")]),
        (
            [piece(None, "a", "read", "{}"), piece(None, "b", "list", "{}")],
            [("a", "read", "{}"), ("b", "list", "{}")],
        ),
        (
            [piece(None, None, "read", "{}"), piece(None, None, "list", "{}")],
            [("", "read", "{}"), ("", "list", "{}")],
        ),
        # one index for all
        (
            [piece(0, "a", "read", "{}"), piece(0, "b", "read", "{}")],
            [("a", "read", "{}"), ("b", "read", "{}")],
        ),
        (
            [piece(0, "a", "read", '{"p":1}'), piece(0, None, "read", '{"p":2}')],
            [("a", "read", '{"p":1}'), ("", "read", '{"p":2}')],
        ),
        # the id late, anew each time, not a text
        ([piece(0, None, "read"), piece(0, "a"), piece(0, arguments="{}")], [("a", "read", "{}")]),
        ([piece(0, "a", "read", '{"p":'), piece(0, "b", None, "1}")], [("a", "read", '{"p":1}')]),
        ([piece(0, 7, "read", "{}")], [("7", "read", "{}")]),
        # the name in pieces, grown, again, late
        (
            [piece(0, "a", "read_"), piece(0, None, "file"), piece(0, arguments="{}")],
            [("a", "read_file", "{}")],
        ),
        ([piece(0, "a", "read"), piece(0, "a", "read_file", "{}")], [("a", "read_file", "{}")]),
        ([piece(0, "a", "read"), piece(0, "a", "read", "{}")], [("a", "read", "{}")]),
        ([piece(0, "a", None, "{}"), piece(0, None, "read")], [("a", "read", "{}")]),
        # arguments whole, twice, empty first, as an object
        ([piece(0, "a", "read", '{"p":1}'), piece(0, "a", "read", '{"p":1}')], [("a", "read", '{"p":1}')]),
        ([piece(0, "a", "read", "{}"), piece(0, None, None, '{"p":1}')], [("a", "read", '{"p":1}')]),
        ([piece(0, "a", "read", {"p": 1})], [("a", "read", '{"p":1}')]),
        # indexes that jump or interleave
        (
            [piece(3, "a", "read"), piece(7, "b", "list"), piece(3, arguments="{}"), piece(7, arguments="{}")],
            [("a", "read", "{}"), ("b", "list", "{}")],
        ),
        # nothing
        ([{}, piece(0), {"index": 0, "function": {}}, "x", None], []),
        (
            [{"index": 0, "id": "a", "type": "custom", "custom": {"name": "run", "input": "ls"}}],
            [("a", "run", '{"input":"ls"}')],
        ),
    ],
)  # fmt: skip
def test_calls_out_of_pieces(pieces, calls):
    found = Calls(DECLARED)
    for one in pieces:
        found.add(one)
    assert [(call.id, call.name, call.text) for call in found.calls] == calls
    assert bool(found) == bool(calls)


def test_in_a_message_every_element_is_a_call_of_its_own():
    found = Calls(DECLARED)
    for one in (piece(0, "a", "read", "{}"), piece(0, "a", "read", "{}")):
        found.add(one, whole=True)
    assert [call.text for call in found.calls] == ["{}", "{}"]


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("", "{}"),
        (" null ", "{}"),
        (' {"a": 1}\n', '{"a": 1}'),
        ('{}{"a": 1}', '{"a": 1}'),
        ('{"a": 1', None),
        ("[1]", None),
        ('"x"', None),
        ("[" * 5000, None),
    ],
)
def test_own_arguments(text, arguments):
    assert own_arguments(text) == arguments


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("read", "read"),
        ("functions.read_file", "read_file"),
        ("functions.read_file:0", "read_file"),
        ("read:3", "read"),
        ("default_api:list", "list"),
        ("Read_File", "read_file"),
        (" list ", "list"),
        ("write", "write"),
        ("functions.write", "functions.write"),
        ("", ""),
    ],
)
def test_the_tool_that_a_model_means(name, meant):
    assert declared_name(name, DECLARED) == meant
    assert declared_name("READ", {"read", "Read"}) == "READ"


@pytest.mark.parametrize(
    ("value", "usage"),
    [
        (None, None),
        ({}, None),
        ({"prompt_tokens": 0, "completion_tokens": 0}, None),
        (COUNTED, Usage(40, 9)),
        ({"input_tokens": 40, "output_tokens": 9}, Usage(40, 9)),
        ({"prompt_tokens": 40, "completion_tokens": None}, Usage(40, 0)),
        (COUNTED | {"prompt_tokens_details": {"cached_tokens": 30}}, Usage(10, 9, 30)),
        (COUNTED | {"cached_tokens": 30}, Usage(10, 9, 30)),
        (COUNTED | {"prompt_cache_hit_tokens": 30}, Usage(10, 9, 30)),
        (COUNTED | {"cached_tokens": 99}, Usage(0, 9, 40)),
        (
            COUNTED | {"prompt_tokens_details": {"cached_tokens": 30, "cache_write_tokens": 5}},
            Usage(5, 9, 30, 5),
        ),
        (COUNTED | REASONED, Usage(40, 9, thinking=4)),
        (COUNTED | {"total_tokens": 53} | REASONED, Usage(40, 13, thinking=4)),
        ({"prompt_tokens": True, "completion_tokens": "9"}, None),
        ({"prompt_tokens": -4, "completion_tokens": 2.0}, Usage(0, 2)),
        ({"prompt_tokens": float("nan"), "completion_tokens": 1e300}, Usage(0, 2**31)),
    ],
)  # fmt: skip
def test_tokens(value, usage):
    assert usage_of(value) == usage


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        ("gone", Fault("", "gone")),
        ({"message": "slow", "code": 429}, Fault("", "slow", 429)),
        ({"message": "slow", "code": "429", "type": "error"}, Fault("", "slow", 429)),
        ({"message": "slow", "code": "rate_limit_exceeded"}, Fault("", "slow", None, "rate_limit_exceeded")),
        ({"error": {"message": "in", "type": "t", "status": 503}}, Fault("", "in", 503, "t")),
        ({"error": "down", "status_code": 502}, Fault("", "down", 502)),
        ({"message": "m", "metadata": {"raw": "why"}, "code": 99}, Fault("", "m: why")),
        ({"message": "m", "retry_after": 3}, Fault("", "m", retry_after=3.0)),
        ({"detail": [{"loc": "x"}]}, Fault("", '[{"loc":"x"}]')),
        ({"odd": 1}, Fault("", '{"odd":1}')),
        ("", Fault("", "the upstream reported an error")),
    ],
)
def test_faults(error, fault):
    assert fault_of(error) == fault


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ({"error": {"message": "x"}}, "x"),
        ([{"error": {"message": "x"}}], "x"),
        ({"object": "error", "message": "x"}, "x"),
        ({"type": "error", "error": {"message": "x"}}, "x"),
        ({"detail": "x"}, "x"),
        ({"title": "x", "status": 404}, "x"),
        ({"code": 1001, "msg": "x", "success": False}, "x"),
        ({"error_code": 17, "error_msg": "x"}, "x"),
        ({"choices": None, "base_resp": {"status_code": 1008, "status_msg": "x"}}, "x"),
        ({"choices": [], "usage": {}, "base_resp": {"status_code": 0, "status_msg": ""}}, None),
        ({"choices": [], "message": "x"}, None),
        ({"choices": [1], "error": "x"}, None),
        ({"usage": {}}, None),
        ([], None),
        ("x", None),
    ],
)
def test_errors_that_stand_alone(value, says):
    fault = bare_error(value)
    assert (fault.message if fault else None) == says


def test_reasons_that_mean_failure():
    broken = broken_off("insufficient_system_resource")
    assert broken is not None
    assert (broken.kind, broken.status) == ("", 503)
    assert broken_off("stop") is None


@pytest.mark.parametrize(
    ("delta", "thought"),
    [
        (Delta(reasoning_content="a", reasoning="b"), "a"),
        (Delta(reasoning_content="", reasoning="b"), "b"),
        (Delta(reasoning={"text": "c"}), "c"),
        (Delta(reasoning_details=[{"type": "reasoning.text", "text": "d"}, {"summary": "e"}]), "de"),
        (Delta(reasoning_details=[{"type": "reasoning.encrypted", "data": "x"}]), ""),
        (Delta(reasoning=7), ""),
    ],
)
def test_reasoning_wherever_it_stands(delta, thought):
    assert reasoning_in(delta) == thought


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ([{"type": "text", "text": "a"}, "b"], [Text("a"), Text("b")]),
        ([{"type": "thinking", "thinking": [{"type": "text", "text": "a"}]}], [Thinking("a")]),
        ([{"type": "reasoning", "summary": "a"}, {"type": "image"}, None, {"text": ""}], [Thinking("a")]),
        ({"type": "output_text", "text": "a"}, [Text("a")]),
        (7, []),
    ],
)
def test_content_in_parts(content, said):
    assert spoken(content) == said


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("Hm.\n</think>\n\nWell.", [Thinking("Hm.\n"), Text("\nWell.")]),
        ("Hm.</think>\n", [Thinking("Hm.")]),
        ("<think>Hm.</think>\nWell.", []),
        ("The tag </think> ends it.", []),
        ("</think>\nWell.", []),
        ("a</think>\nb</think>\n", []),
    ],
)
def test_a_message_that_begins_inside_a_thought(content, said):
    assert thought_before(content) == said


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b'{"a": "\xff"}', {"a": "\ufffd"}),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        (b'{"a": "x\ty"}', {"a": "x\ty"}),
        (rb'{"a": "\ud83d"}', {"a": "\ufffd"}),
        (b"{", None),
        (b"[" * 100_000, None),
    ],
)
def test_lenient_json(data, value):
    assert decode_leniently(data) == value


def test_a_chunk_of_the_wrong_types_is_taken_for_what_it_is_worth():
    chunk = decode_chunk(b'{"choices": ["x", {"index": 0, "delta": "y"}, {"delta": {"content": "z"}}]}')
    assert chunk is not None
    assert chunk.choices is not None
    assert [choice.delta and choice.delta.content for choice in chunk.choices] == [None, "z"]
    assert decode_chunk(b"[]") is None
