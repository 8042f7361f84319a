"""The TextMate grammar knows every word of the language; its patterns are tried on lines, as an editor would."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from rules.facts import FACTS
from rules.keywords import words

EDITORS = Path(__file__).parents[2] / "editors"
GRAMMAR = json.loads((EDITORS / "textmate/fcc.tmLanguage.json").read_text(encoding="utf-8"))
REPOSITORY = GRAMMAR["repository"]
ORDER = [one["include"].removeprefix("#") for one in REPOSITORY["rules"]["patterns"]]


def scopes(line: str) -> list[tuple[str, str]]:
    """Words and their scopes: at each place the earliest match wins, of those the first in the grammar's order."""
    found = []
    at = 0
    while at < len(line):
        candidates = []
        for rank, name in enumerate(ORDER):
            rule = REPOSITORY[name]
            pattern = rule.get("match", r'"(?:\\.|[^"])*"?')
            match = re.compile(pattern).search(line, at)
            if match:
                candidates.append((match.start(), rank, match, rule))
        if not candidates:
            break
        _, _, match, rule = min(candidates, key=lambda one: one[:2])
        captures = rule.get("captures", {"0": {"name": rule.get("name")}})
        found += [(match[int(number)], one["name"].removesuffix(".fcc")) for number, one in captures.items()]
        at = max(match.end(), at + 1)
    return found


def test_every_word_of_the_grammar_is_coloured():
    for said in words().values():
        for word in said:
            assert scopes(f"x {word} , y")[0][0] == word


def test_every_fact_is_coloured_where_it_is_tested():
    for fact in FACTS.values():
        name = "header.x-team" if fact.kind == "header" else fact.name
        assert scopes(f"{name} is x")[0] == (name, "variable.language")


def test_every_scope_is_included_once():
    assert sorted(ORDER) == sorted(REPOSITORY.keys() - {"rules"})


CONTROL, ACTION, LOGIC = "keyword.control", "keyword.other.action", "keyword.operator.word"
NAME, FACT, GROUP, OPTION = (
    "entity.name.function",
    "variable.language",
    "support.function",
    "storage.modifier",
)
SIGN, NUMBER, WORD, TEXT = "keyword.operator", "constant.numeric", "keyword.other", "string.quoted.double"
MODEL, GLOB, REMARK = "string.unquoted.model", "string.unquoted.glob", "comment.line.number-sign"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "chain a-1 = zen/x/y:free then race (b, c after 2s) retry 2 # then",
            [CONTROL, NAME, SIGN, MODEL, ACTION, GROUP, OPTION, NUMBER, OPTION, NUMBER, REMARK],
        ),
        ("limit zen/mini* 40 per minute", [CONTROL, GLOB, NUMBER, WORD]),
        (
            'when tokens > 120k and model is "*a then*" use c',
            [LOGIC, FACT, SIGN, NUMBER, LOGIC, FACT, LOGIC, TEXT, ACTION],
        ),
        ("time in 22:00..6:00", [FACT, LOGIC, NUMBER, SIGN, NUMBER]),
        ("retry-2 then usefulness", [ACTION]),
    ],
)
def test_lines(line, expected):
    assert [scope for _, scope in scopes(line)] == expected


@pytest.mark.parametrize(
    ("line", "ours"), [("rules = '''", True), ("  rules='''x", True), ("rules_ = '''", False)]
)
def test_it_begins_where_the_rules_begin(line, ours):
    assert (re.match(GRAMMAR["patterns"][0]["begin"], line) is not None) == ours


def test_the_extension_injects_it_into_toml():
    package = json.loads((EDITORS / "textmate/package.json").read_text(encoding="utf-8"))
    (grammar,) = package["contributes"]["grammars"]
    assert grammar["scopeName"] == GRAMMAR["scopeName"]
    assert grammar["injectTo"] == ["source.toml"]
    assert (EDITORS / "textmate" / grammar["path"]).is_file()
