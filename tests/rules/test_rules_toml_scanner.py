"""The scanner against tomllib: on every text it accepts, the same paths, and the values between the spans."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.toml_scanner import paths, scan

TEXTS = [
    "",
    "a = 1",
    "a = 1\r\nb = 'x'\r\n",
    "a.b.c = 1\na.b.d = 2\n",
    "[a]\nb = 1\n[a.c]\nd = 2\n",
    "[a.b.c]\nx = 1\n[a]\ny = 2\n[a.b]\nz = 3\n",
    "[[a]]\nb = 1\n[[a]]\nb = 2\n[a.c]\nd = 3\n[[a.e]]\nf = 4\n[[a.e]]\nf = 5\n",
    "[[a]]\n[[a.b]]\n[a.b.c]\nx = 1\n[[a]]\n[[a.b]]\n[[a.b]]\ny = 1\n",
    "a = [1, [2, 3], [], { b = 1 }, # comment ]\n  'x', \"]\",\n]\n",
    "a = [ # one\n  # two\n]\nb = 1\n",
    "a = { b.c = 1, 'd e' = [ { f = 1 }, {} ], \"g\\u0041\" = 2 }\n",
    '"a b".\'c.d\'."\\u00e9\\n" = 1\n',
    "[ a . 'b.c' ]\n d  =  1  # x\n",
    '["a\\"]"]\nx = 1\n',
    "a = '''\nx = 1 # no comment\n[no.table]\n''' # comment\nb = 2\n",
    'a = """x \\""" y "" z"""\nb = """""two"""""\nc = """\\\n  d"""\n',
    "a = '''''two'''''\nb = ''''''\nc = ''\nd = \"\"\n",
    "a = 1979-05-27 07:32:00\nb = 1979-05-27T07:32:00Z\nc = 07:32:00\nd = 1979-05-27\n",
    "a = 0x1F\nb = 1_000\nc = +inf\nd = nan\ne = 1e-3\nf = true\n",
    "3.14 = 1\n",
    "# only a comment",
    "\t \n\n# x\n\t[a] # y\n",
    'a = "# no comment" # one\n',
]


@pytest.mark.parametrize("text", TEXTS)
def test_paths_are_those_of_tomllib(text):
    assert set(scan(text).places) == paths(tomllib.loads(text))


@pytest.mark.parametrize("text", TEXTS)
def test_a_value_read_by_itself_is_the_value_at_its_path(text):
    found = scan(text)
    tables = tomllib.loads(text)
    for path, place in found.places.items():
        if place.kind not in ("table", "array"):
            value: Any = tables
            for step in path:
                value = value[step]
            alone = tomllib.loads(f"x = {text[place.value.start : place.value.end]}")["x"]
            assert alone == value or alone != alone


def test_keys_and_headers_have_their_places():
    text = '[providers.work]\nbase_url = "x" # why\n'
    found = scan(text)
    work = found.places["providers", "work"]
    assert text[work.key.start : work.key.end] == "work"
    assert text[work.value.start : work.value.end] == "[providers.work]"
    url = found.places["providers", "work", "base_url"]
    assert text[url.key.start : url.key.end] == "base_url"
    assert url.kind == "basic string"
    assert [text[one.start : one.end] for one in found.comments] == ["# why"]


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("a = 1\na = 2\n", ("a",)),
        ("[a]\n[b]\n[a]\n", ("a",)),
        ("a = { b = 1, b = 2 }\n", ("a", "b")),
        ("[a]\nb = 1\n[c]\n[a.b]\n", None),
    ],
)
def test_what_stands_twice_is_told_with_both_places(text, path):
    found = scan(text)
    assert [one for one, _ in found.repeated] == ([path] if path else [])
    if path:
        assert found.repeated[0][1].start > found.places[path].key.start


@pytest.mark.parametrize(
    "line", ["a = ", "a", "= 1", "[a", "[[a]", "a = [1, 2", "a = {b", 'a = "x', "a = 'x", "]", "a = 1 2"]
)
def test_a_broken_line_costs_only_itself(line):
    assert ("good",) in scan(f"{line}\ngood = 1\n").places


KEYS = st.sampled_from(["a", "b", "key-1", "'q.r'", '"s\\t"', "3", "rules"])
SCALARS = st.sampled_from(
    ["1", "true", "-1.5", "'x # y'", '"a\\"b"', "'''l\n[t]\n'''", '"""m\n"n" = 1\n"""', "1979-05-27 07:32:00"]
)
DOTTED = st.lists(KEYS, min_size=1, max_size=3).map(".".join)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda found: "[" + " ,\n # c\n ".join(found) + "]"),
        st.lists(st.tuples(DOTTED, inner), max_size=3).map(
            lambda found: "{" + ", ".join(f"{key} = {value}" for key, value in found) + "}"
        ),
    ),
    max_leaves=6,
)
LINES = st.one_of(
    st.tuples(DOTTED, VALUES).map(" = ".join),
    DOTTED.map("[{}]".format),
    DOTTED.map("[[{}]]".format),
    st.sampled_from(["", "# note", "\t"]),
)
DOCUMENTS = st.tuples(st.lists(LINES, max_size=8), st.sampled_from(["\n", "\r\n"])).map(
    lambda two: two[1].join(two[0])
)


@settings(max_examples=400, deadline=None)
@given(DOCUMENTS)
def test_any_document_tomllib_accepts_has_its_paths(text):
    found = scan(text)
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    assert set(found.places) == paths(tables)
    assert found.repeated == []


@settings(max_examples=400, deadline=None)
@given(st.text(alphabet="ab=.[]{}'\"\\#,\n\r\t 1é", max_size=60))
def test_any_text_is_scanned_within_its_bounds(text):
    for place in scan(text).places.values():
        assert 0 <= place.key.start <= place.key.end <= len(text)
        assert 0 <= place.value.start <= place.value.end <= len(text)


def test_no_pattern_repeats_a_group_possessively():
    """Python before 3.11.5 matches too little then, and does so silently (github.com/python/cpython/issues/106052)."""
    root = Path(__file__).parents[2]
    for room in ("rules", "translators", "providers", "engine", "fcc"):
        for path in (root / room).rglob("*.py"):
            found = re.findall(r"\)[*+?}]\+[^+=\s]", path.read_text("utf-8"))
            assert not found, (path, found)
