"""Repairs of tool arguments: each certain one, each that would be a guess, and any text at all."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translators.lenient_json import read
from translators.toolcalls import complete_arguments

CERTAIN = [
    ('{"a": 1,}', {"a": 1}),
    ('{"a": [1, 2,], }', {"a": [1, 2]}),
    ('{"a": True, "b": False, "c": None}', {"a": True, "b": False, "c": None}),
    ("{'a': 'it\\'s', \"b\": \"it's\"}", {"a": "it's", "b": "it's"}),
    ("{path: 'x', $n: -1.5e3}", {"path": "x", "$n": -1500.0}),
    ('{"a": "one\ntwo\tthree"}', {"a": "one\ntwo\tthree"}),
    ('{"a": "\\d+\\s"}', {"a": "\\d+\\s"}),
    ('{"a": "echo \\$HOME \\"x\\" \\\\"}', {"a": 'echo \\$HOME "x" \\'}),
    ('{"a": "it\\\'s\\n"}', {"a": "it's\n"}),
    ('{"a": "\\u00e9\\ud83d\\ude00",}', {"a": "é😀"}),
    ('{"a": "\\ud83d"}', {"a": "\ufffd"}),
    ('{"a": "\\ud83d",}', {"a": "\ufffd"}),
    ('"{\\"a\\": 1}"', {"a": 1}),
    ('"\\"{\\\\\\"a\\\\\\": 1}\\""', {"a": 1}),
    ('[{"a": 1}]', {"a": 1}),
    ('```json\n{"a": 1}\n```', {"a": 1}),
    ('```\n{"a": "```"}```', {"a": "```"}),
    ('\ufeff{"a": 1}', {"a": 1}),
    ('{}{"a": 1}', {"a": 1}),
    ('{} {} {"a": 1} {"a": 1}', {"a": 1}),
    ('{"a": 1}{"a": 1}', {"a": 1}),
    ('{"a": 1}}', {"a": 1}),
    ('{"a": 1}\n</tool_call>', {"a": 1}),
    ('{"a": 1}<|im_end|>', {"a": 1}),
    ('{"a": 1}<|call|>', {"a": 1}),
    ("[]", {}),
    ("null", {}),
    ("None", {}),
    ('""', {}),
    ("", {}),
    ("  ", {}),
    ("{,}", None),
    ('{"a": 1,,}', None),
    ('{"a" 1}', None),
    ('{"a": 1 "b": 2}', None),
    ('{"a": 1}{"b": 2}', None),
    ('[{"a": 1}, {"b": 2}]', None),
    ('[{"a": 1}]{"b": 2}', None),
    ('{"a": "C:\\new\\data"}', None),
    ("{'a': '\\x41'}", None),
    ('{"a": "x"', None),
    ('{"a": "x', None),
    ('{"a": 12', None),
    ('{"a": NaN}', None),
    ('{"a": Infinity}', None),
    ('{"a": 1e999}', None),
    ('{"a": 01}', None),
    ('{"a": ' + "9" * 5000 + "}", None),
    ("[" * 200 + "]" * 200, None),
    ('{"a":' * 100_000, None),
    ("4 + 4", None),
    ("12", None),
    ('"text"', None),
    ("[1]", None),
    ("true", None),
    ("call read_file", None),
    ('{"a": 1} and more', None),
]


@pytest.mark.parametrize(("text", "meant"), CERTAIN)
def test_what_is_certain_is_repaired_and_what_is_not_is_refused(text, meant):
    arguments = complete_arguments(text)
    assert (arguments if arguments is None else json.loads(arguments)) == meant


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text(), VALUES, max_size=4)


@given(OBJECTS)
def test_an_object_is_itself_however_it_is_wrapped(value):
    text = json.dumps(value)
    for form in (text, json.dumps(text), f"[{text}]", f"```json\n{text}\n```", f"{text}{text}"):
        assert json.loads(complete_arguments(form) or "null") == value


@given(OBJECTS.filter(bool), st.data())
def test_cut_arguments_are_never_completed(value, data):
    text = json.dumps(value)
    cut = data.draw(st.integers(1, len(text) - 1))
    assert complete_arguments(text[:cut]) is None


@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\\'\"")),
        st.booleans() | st.none(),
    )
)
def test_python_literals_are_read_as_python_reads_them(value):
    text = "{" + ", ".join(f"'{name}': {one!r}" for name, one in value.items()) + "}"
    assert read(text) == (value, len(text))


@given(st.text(alphabet="{}[]\"'\\,:aN1e.-` \n<|>_"))
def test_any_text_gives_an_object_or_nothing(text):
    arguments = complete_arguments(text)
    assert arguments is None or isinstance(json.loads(arguments), dict)


def test_an_object_is_said_so_often_and_no_more():
    assert complete_arguments('{"a": 1}' * 16) == '{"a":1}'
    assert complete_arguments('{"a": 1}' * 17) is None
    start = time.process_time()
    assert complete_arguments("{}" * 2_000_000) is None
    assert time.process_time() - start < 2


@pytest.mark.parametrize(
    "text", ["{'a': '" + "\\n" * 200_000, "{} " * 100_000, "{'a':1}" + "]" * 300_000 + "x", "'" * 200_000]
)
def test_the_cost_is_linear(text):
    start = time.process_time()
    complete_arguments(text)
    assert time.process_time() - start < 10
