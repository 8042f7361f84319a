"""What scripts rely on: exact keys and types of each command's JSON, places, exit statuses."""

from __future__ import annotations

import json
from types import NoneType
from typing import Any, get_args

import pytest

from fcc.cli import main
from rules.settings import ModelTable
from rules.settings_reader import hints
from translators.profile import ThinkingSwitch

POLICY = """rules = '''
alias a = zen/a
alias b = zen/b
chain coding = a then b
route dead when tokens < 0 use a
route small when model is "*haiku*" use nobdy
route rest use coding
'''
"""
DEAD = POLICY.replace("use nobdy", "use b")
SOUND = DEAD.replace("route dead when tokens < 0 use a\n", "")

PLACE = {"line": int, "column": int, "end_line": int, "end_column": int}
FIX = {"title": str, "safe": bool, "edits": [{**PLACE, "text": str}]}
FINDING = {
    "code": str,
    "severity": str,
    "message": str,
    **PLACE,
    "labels": [{"line": int, "column": int, "text": str}],
    "help": (str, NoneType),
    "witness": (dict, NoneType),
    "fix": (FIX, NoneType),
}
LINT = {"path": str, "findings": [FINDING]}
EXPLAIN = {
    "route": (str, NoneType),
    "action": (str, NoneType),
    "chain": [{"target": str, "thinking": str, "skipped": (str, NoneType)}],
    "passed_over": [{"route": str, "test": str, "saw": object}],
}
TEST = {
    "path": str,
    "passed": int,
    "failed": int,
    "expects": [
        {
            **PLACE,
            "expect": str,
            "given": dict,
            "holds": bool,
            "route": (str, NoneType),
            "tried": (list, NoneType),
            "wanted": (list, NoneType),
            "instead": (str, NoneType),
            "blocked_by": ({"test": str, "saw": object}, NoneType),
        }
    ],
    "untested_routes": [str],
    "undecided_tests": [{"route": str, "test": str, **PLACE}],
}
OUTCOME = {"route": (str, NoneType), "action": (str, NoneType), "chain": [dict]}
PLAN = {
    "equivalent": bool,
    "regions": [
        {
            "given": dict,
            "witness": dict,
            "whole": bool,
            "share": (float, NoneType),
            "old": OUTCOME,
            "new": OUTCOME,
        }
    ],
    "offers": [{"id": str, "thinking": str, "old": (dict, NoneType), "new": (dict, NoneType)}],
    "settings": [{"key": str, "old": object, "new": object}],
    "renamed": [{"old": str, "new": str}],
    "undecided": [{"old": (str, NoneType), "new": (str, NoneType)}],
    "recorded": ({"requests": int, "changed": int}, NoneType),
}


def fits(value: Any, wanted: Any) -> bool:
    """Whether a value has the keys and types; a boolean is no number, a tuple lists what it may be."""
    if isinstance(wanted, tuple):
        return any(fits(value, one) for one in wanted)
    if isinstance(wanted, dict):
        return (
            isinstance(value, dict)
            and list(value) == list(wanted)
            and all(fits(value[key], wanted[key]) for key in wanted)
        )
    if isinstance(wanted, list):
        return isinstance(value, list) and all(fits(one, wanted[0]) for one in value)
    return isinstance(value, wanted) and not (wanted is int and isinstance(value, bool))


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """`run(words, text)`: status and output of a command; `FILE` among its words is a file with that text."""
    monkeypatch.setenv("OPENCODE_API_KEY", "x")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))

    def ran(words: str, text: str | bytes = POLICY) -> tuple[int, str]:
        path = tmp_path / "routes.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        status = main(words.replace("FILE", str(path)).split())
        return status, capsys.readouterr().out

    return ran


@pytest.mark.parametrize(
    ("words", "text", "shape", "full"),
    [
        ("lint FILE --format json", POLICY, LINT, ["findings"]),
        ("lint FILE --format json", DEAD, LINT, ["findings"]),
        ("lint FILE --format json", "# \U0001d4b3\n", LINT, ["findings"]),
        ("explain FILE --tokens 5k --format json", SOUND, EXPLAIN, ["chain", "passed_over"]),
        ("test FILE --format json", SOUND, TEST, []),
        (
            "test FILE --format json",
            SOUND + "# expect",
            TEST,
            [],
        ),
        ("plan FILE FILE --format json", SOUND, PLAN, []),
    ],
)
def test_the_output_is_one_object_of_its_shape(run, words, text, shape, full):
    if "expect" in text:
        text = SOUND.replace("use coding\n'''", "use coding\nexpect small given tokens 5\n'''")
    status, out = run(words, text)
    found = json.loads(out)
    assert fits(found, shape), found
    assert all(found[key] for key in full)
    assert status in (0, 1)


def test_findings_with_everything_have_their_shape(run):
    _, out = run(
        "lint FILE --format json",
        SOUND.replace("route rest", 'route mini when model is "*" use a\nroute rest'),
    )
    found = json.loads(out)["findings"]
    assert fits(found, [FINDING])
    assert any(one["labels"] for one in found)
    _, out = run("lint FILE --format json", DEAD.replace("tokens < 0", "tokens == 0"))
    assert any(one["fix"] and one["fix"]["edits"] for one in json.loads(out)["findings"])
    _, out = run("lint FILE --format json", SOUND.replace("route rest", 'route rest when model is "x"'))
    assert any(one["witness"] for one in json.loads(out)["findings"])


def test_lines_of_a_batch_are_objects_of_the_same_shape(run, tmp_path):
    (tmp_path / "batch.jsonl").write_text('{"tokens": 5}\n{"model": "claude-haiku-4-5"}\n')
    status, out = run(f"explain FILE --batch {tmp_path / 'batch.jsonl'}", SOUND)
    assert status == 0
    assert [fits(json.loads(line), EXPLAIN) for line in out.splitlines()] == [True, True]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (POLICY, (6, 41, 6, 46)),
        (POLICY.replace("route small", "\troute\tsmall"), (6, 42, 6, 47)),
        (POLICY.replace("\n", "\r\n"), (6, 41, 6, 46)),
        (POLICY.replace("*haiku*", "\U0001d4b3\U0001d4b4"), (6, 36, 6, 41)),
        (b"\xef\xbb\xbf" + POLICY.encode(), (6, 41, 6, 46)),
        (POLICY.replace("use nobdy", "use\n  nobdy"), (7, 3, 7, 8)),
    ],
)
def test_places_are_lines_and_characters_from_one(run, text, place):
    _, out = run("lint FILE --format json", text)
    (unknown,) = [one for one in json.loads(out)["findings"] if one["code"] == "FCC201"]
    assert tuple(unknown[key] for key in PLACE) == place


@pytest.mark.parametrize(
    ("words", "text", "status"),
    [
        ("lint FILE", POLICY, 1),
        ("lint FILE", "rules = '''\nroute rest answer \"hi\"\n'''\n", 0),
        ("lint absent.toml", "", 2),
        ("lint FILE --format xml", POLICY, 2),
        ("lint --explain FCC999", "", 2),
        ("test FILE", SOUND, 0),
        ("test FILE", POLICY, 2),
        ("test absent.toml", "", 2),
        ("explain FILE", SOUND, 0),
        ("explain FILE", POLICY, 2),
        ("explain FILE --tokens many", SOUND, 2),
        ("show FILE", SOUND, 0),
        ("show FILE", POLICY, 2),
        ("plan FILE FILE --exit-code", SOUND, 0),
        ("plan FILE FILE --exit-code", POLICY, 1),
        ("plan FILE FILE", POLICY, 2),
        ("plan FILE", SOUND, 2),
        ("replay --against FILE --records absent", SOUND, 2),
        ("replay", SOUND, 2),
        ("graph FILE", POLICY, 2),
        ("fmt absent.toml", "", 2),
        ("nonsense", "", 2),
        ("--version", "", 0),
    ],
)
def test_exit_statuses(run, words, text, status):
    assert run(words, text)[0] == status


@pytest.mark.parametrize(
    ("said", "meant"), [("lnt", "lint"), ("explian", "explain"), ("plam", "plan"), ("reply", "replay")]
)
def test_an_unknown_command_suggests_the_nearest(said, meant, capsys):
    assert main([said]) == 2
    assert f"did you mean `fcc {meant}`?" in capsys.readouterr().err


def test_the_words_of_the_tables_are_those_of_the_translators():
    declared = get_args(hints(ModelTable)["thinking_switch"])[0]
    assert get_args(declared) == get_args(ThinkingSwitch)
