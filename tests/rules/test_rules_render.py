"""Findings as text and as data: golden text for people, exact places for programs."""

from __future__ import annotations

import json

import pytest

from rules.diagnostics import Diagnostic, Edit, Fix, Label
from rules.lint.registry import codes
from rules.nodes import Span
from rules.render import FORMATS, github, sarif, text
from rules.render.json import entry
from rules.render.page import page
from rules.source import Source, read

FILE = """rules = '''
alias glm = zen/glm-5-free

route vision when images > 0                     use glm
route long   when tokens > 120k                  use glm
route long_images when images > 0 and tokens > 200k use glm
'''
"""


def span(source: Source, part: str, after: str = "") -> Span:
    start = source.text.index(part, source.text.index(after))
    return Span(start, start + len(part))


@pytest.fixture
def source():
    return read(FILE.encode(), "conf/routes.toml")[0]


@pytest.fixture
def finding(source):
    place = span(source, "long_images")
    return Diagnostic(
        "FCC301",
        "error",
        "route `long_images` can never be reached",
        place,
        (
            Label(span(source, "vision"), "takes every request with images"),
            Label(span(source, "long"), "takes the rest above 120k tokens"),
            Label(place, "nothing is left for this route"),
        ),
        "move it above `vision`",
        {"images": 1, "tokens": 200001, "model": "", "thinking": False},
        Fix("move it", (Edit(Span(place.start, place.start), "x"),)),
    )


def test_text_shows_the_lines_and_marks_them(source, finding, snapshot):
    assert text.render(source, [finding]) == snapshot


def test_text_counts_by_severity_and_stops_at_a_hundred(source):
    found = [Diagnostic("FCC101", "error", "x", Span(0, 1))] * 101 + [
        Diagnostic("FCC601", "note", "y", Span(0, 1))
    ]
    lines = text.render(source, found).splitlines()
    assert lines[-3:] == ["… and 2 more", "", "101 errors, 1 note"]
    assert sum(line.startswith("error[") for line in lines) == 100
    assert text.render(source, []) == "no findings\n"


@pytest.mark.parametrize(
    ("line", "part", "name"),
    [
        ('\tkey\t= "v"', '"v"', "tabs"),
        ('名 = "前" x', "x", "wide"),
        ("e\u0301 = x", "x", "combining"),
        ("a = \x1b[31m\u202ered", "red", "control"),
        ("a = 1\r", "1", "carriage return"),
        ("a = [" + "1, " * 100 + "z" + ", 1" * 100 + "]", "z", "long"),
        ("a = ", "", "end"),
    ],
)
def test_marks_stand_below_their_part(line, part, name, snapshot):
    source = Source("x.toml", f"{line}\nb = 1\n")
    start = line.rindex(part)
    found = Diagnostic("FCC001", "warning", "message", Span(start, start + len(part)))
    assert text.block(source, found) == snapshot(name=name)


def test_a_part_of_several_lines_is_marked_on_its_first(source, snapshot):
    place = Span(source.text.index("zen/glm"), source.text.index("route long "))
    assert text.block(source, Diagnostic("FCC101", "note", "message", place)) == snapshot


def test_colours_change_nothing_but_themselves(source, finding):
    coloured = text.render(source, [finding], text.Palette(coloured=True))
    assert "\x1b[1;31merror[FCC301]\x1b[0m" in coloured
    plain = coloured.replace(text.RESET, "")
    for colour in text.COLOURS.values():
        plain = plain.replace(colour, "")
    assert plain == text.render(source, [finding])


def test_json_has_exactly_the_promised_keys(source, finding):
    found = json.loads(FORMATS["json"](source, [finding]))
    assert set(found) == {"path", "findings"}
    assert found["path"] == "conf/routes.toml"
    (one,) = found["findings"]
    assert one == {
        "code": "FCC301",
        "severity": "error",
        "message": "route `long_images` can never be reached",
        "line": 6,
        "column": 7,
        "end_line": 6,
        "end_column": 18,
        "labels": [
            {"line": 4, "column": 7, "text": "takes every request with images"},
            {"line": 5, "column": 7, "text": "takes the rest above 120k tokens"},
            {"line": 6, "column": 7, "text": "nothing is left for this route"},
        ],
        "help": "move it above `vision`",
        "witness": {"images": 1, "tokens": 200001, "model": "", "thinking": False},
        "fix": {
            "title": "move it",
            "safe": True,
            "edits": [{"line": 6, "column": 7, "end_line": 6, "end_column": 7, "text": "x"}],
        },
    }


def test_json_says_null_for_what_is_not_there(source):
    one = entry(source, Diagnostic("FCC101", "error", "m", Span(0, 1)))
    assert (one["help"], one["witness"], one["fix"], one["labels"]) == (None, None, None, [])


def test_github_annotates_a_line(source, finding):
    assert github.render(source, [finding]) == (
        "::error file=conf/routes.toml,line=6,endLine=6,col=7,endColumn=18,title=FCC301"
        "::route `long_images` can never be reached: move it above `vision`\n"
    )


def test_github_leaves_out_columns_across_lines_and_escapes():
    source = Source("a:b,c.toml", "x\ny\n")
    line = github.render(source, [Diagnostic("FCC601", "note", "50%\nof", Span(0, 3))])
    assert line == "::notice file=a%3Ab%2Cc.toml,line=1,endLine=2,title=FCC601::50%25%0Aof\n"


def test_sarif_holds_rules_places_and_fixes(source, finding, snapshot):
    known = Diagnostic(
        "FCC101",
        *[
            getattr(finding, name)
            for name in ("severity", "message", "span", "labels", "help", "witness", "fix")
        ],
    )
    log = json.loads(sarif.render(source, [known]))
    (run,) = log["runs"]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["FCC101"]
    assert run["results"] == snapshot


def test_a_page_shows_both_examples():
    code = codes()["FCC003"]
    told = page(code)
    assert told.startswith("# FCC003: unknown-key\n")
    assert code.bad in told
    assert code.good in told
    assert "Instead of" not in page(codes()["FCC008"])
