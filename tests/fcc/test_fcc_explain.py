"""`fcc test` and `fcc explain`, as they are called from a shell."""

from __future__ import annotations

import io
import json

import pytest

from fcc.cli import main
from support.requests import FOLDER

POLICY = """rules = '''
alias a = zen/a
alias b = zen/b
chain coding = a then b, without thinking
offer b
route titles when task is title answer locally
route closed when time in 22:00..06:00 refuse 429 "night"
route greet when header.x-hello is "1" answer "hi"
route vision when images > 0 use requested then least-loaded (a, b)
route long when tokens > 120k and not thinking use b then a on overflow with thinking
route rest when model is "claude-*" use coding
{}
'''

[models."zen/a"]
images = true
[models."zen/b"]
images = true
"""
GOOD = """expect long given tokens 130k to try b
expect rest given a resting to try b"""


@pytest.fixture
def policy(tmp_path):
    path = tmp_path / "routes.toml"
    path.write_text(POLICY.format(GOOD))
    return path


def explained(capsys, *words):
    status = main(["explain", *map(str, words), "--format", "json"])
    return status, json.loads(capsys.readouterr().out)


def test_facts_as_flags(policy, capsys):
    status, found = explained(capsys, policy, "--model", "claude-opus-4-7", "--tokens", "130k")
    assert status == 0
    assert found == {
        "route": "long",
        "action": "use zen/b then zen/a",
        "chain": [
            {"target": "zen/b", "thinking": "client", "skipped": None},
            {"target": "zen/a", "thinking": "with", "skipped": "only asked after overflow"},
        ],
        "passed_over": [
            {"route": "titles", "test": "task is title", "saw": "main"},
            {"route": "closed", "test": "time in 22:00..06:00", "saw": "12:00"},
            {"route": "greet", "test": 'header.x-hello is "1"', "saw": ""},
            {"route": "vision", "test": "images > 0", "saw": 0},
        ],
    }


@pytest.mark.parametrize(
    ("words", "route", "action"),
    [
        (["--task", "title"], "titles", "answer locally"),
        (["--time", "23:30"], "closed", 'refuse 429 "night"'),
        (["--header", "X-Hello=1"], "greet", 'answer "hi"'),
        (["--images", "1"], "vision", "use requested then least-loaded (zen/a, zen/b)"),
        (["--tokens", "130k", "--thinking"], "rest", "use coding"),
        (["--model", "zen/b"], "offer b", "use zen/b"),
        (["--model", "anthropic/zen/b--no-thinking"], "offer b", "use zen/b"),
        (
            ["--stream", "--effort", "high", "--tool", "A", "--tool", "B", "--day", "sun"],
            "rest",
            "use coding",
        ),
    ],
)
def test_every_kind_of_action(policy, capsys, words, route, action):
    status, found = explained(capsys, policy, *words)
    assert (status, found["route"], found["action"]) == (0, route, action)


def test_a_request_that_no_route_takes(policy, capsys):
    status, found = explained(capsys, policy, "--model", "gpt-5")
    assert status == 1
    assert (found["route"], found["action"], found["chain"]) == (None, None, [])
    assert found["passed_over"][-1] == {"route": "rest", "test": 'model is "claude-*"', "saw": "gpt-5"}


@pytest.mark.parametrize(
    ("words", "skipped"),
    [
        (["--resting", "a"], ["rests after failures", None]),
        (["--limited", "zen/b"], [None, "has reached its limit"]),
        (["--failing", "a=auth"], [None, "the key of zen was refused"]),
        (["--limited", "coding"], ["has reached its limit", "has reached its limit"]),
    ],
)
def test_states_that_are_supposed(policy, capsys, words, skipped):
    _, found = explained(capsys, policy, *words)
    assert [one["skipped"] for one in found["chain"]] == skipped


def test_a_whole_request_with_or_without_headers(policy, tmp_path, capsys):
    noon = ("--time", "12:00", "--day", "sat")
    status, found = explained(capsys, policy, "--request", FOLDER / "title.json")
    assert (status, found["route"]) == (0, "titles")
    body = tmp_path / "body.json"
    body.write_text(json.dumps(json.loads((FOLDER / "image.json").read_text("utf-8"))["body"]))
    assert explained(capsys, policy, "--request", body, *noon)[1]["route"] == "vision"
    assert explained(capsys, policy, "--request", body, "--time", "23:00")[1]["route"] == "closed"


def test_a_batch_gives_a_line_for_each(policy, tmp_path, capsys, monkeypatch):
    lines = '{"tokens": "130k"}\n\n{"model": "zen/b"}\n{"header": {"x-hello": "1"}, "images": 2}\n'
    batch = tmp_path / "batch.jsonl"
    batch.write_text(lines)
    assert main(["explain", str(policy), "--batch", str(batch)]) == 0
    found = [json.loads(line)["route"] for line in capsys.readouterr().out.splitlines()]
    assert found == ["long", "offer b", "greet"]
    monkeypatch.setattr("sys.stdin", io.StringIO(lines))
    assert main(["explain", str(policy), "--batch", "-"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_a_bad_line_does_not_stop_a_batch(policy, tmp_path, capsys):
    batch = tmp_path / "batch.jsonl"
    batch.write_text('{"tokns": 5}\nnonsense\n[1]\n{}\n')
    assert main(["explain", str(policy), "--batch", str(batch)]) == 1
    first, second, third, last = map(json.loads, capsys.readouterr().out.splitlines())
    assert "did you mean `tokens`?" in first["error"]
    assert set(second) == set(third) == {"error"}
    assert last["route"] == "rest"


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["--tokens", "many"], "130k"),
        (["--task", "titel"], "did you mean `title`?"),
        (["--header", "x"], "NAME=VALUE"),
        (["--resting", "nobody"], "no model, alias or chain `nobody`"),
        (["--failing", "a=tired"], "no failure `tired`"),
        (["--request", "absent.json"], "fcc explain: there is no file absent.json\n"),
        (["--request", "."], "fcc explain: . is a folder; name the file in it\n"),
        (["--batch", "absent.jsonl"], "fcc explain: there is no file absent.jsonl\n"),
        (["--batch", "-", "--tokens", "5"], "say all facts themselves"),
        (["--batch", "-", "--request", "x.json"], "say all facts themselves"),
        (["--request", str(FOLDER / "main.json"), "--tokens", "5"], "says `tokens` itself"),
    ],
)
def test_what_cannot_be_explained(policy, capsys, words, part):
    assert main(["explain", str(policy), *words]) == 2
    assert part in capsys.readouterr().err


def test_a_request_in_another_encoding_is_said_to_be_one(policy, tmp_path, capsys):
    path = tmp_path / "r.json"
    for words in (["--request"], ["--batch"]):
        path.write_bytes("ü".encode("utf-16"))
        assert main(["explain", str(policy), *words, str(path)]) == 2
        assert capsys.readouterr().err == f"fcc explain: {path} is no UTF-8 text (byte 1); save it as UTF-8\n"
    path.write_text("{")
    assert main(["explain", str(policy), "--request", str(path)]) == 2
    assert capsys.readouterr().err.startswith(f"fcc explain: {path} is no JSON: ")
    path.write_bytes(b"\xef\xbb\xbf" + (FOLDER / "title.json").read_bytes())
    assert main(["explain", str(policy), "--request", str(path)]) == 0


def test_a_request_that_is_none(policy, tmp_path, capsys):
    for text in ("{", "[]", "{}", '{"model": "m"}'):
        path = tmp_path / "r.json"
        path.write_text(text)
        assert main(["explain", str(policy), "--request", str(path)]) == 2
        assert capsys.readouterr().err.startswith("fcc explain: ")


def test_an_explanation_for_people(policy, capsys):
    assert main(["explain", str(policy), "--resting", "a"]) == 0
    out = capsys.readouterr().out
    assert "route rest: use coding" in out
    assert "- zen/a, without thinking: rests after failures" in out
    assert "→ zen/b, without thinking" in out
    assert "vision: `images > 0` saw 0" in out


@pytest.mark.parametrize("command", ["test", "explain"])
def test_files_that_cannot_be_used(tmp_path, capsys, command):
    assert main([command, str(tmp_path / "absent.toml")]) == 2
    assert "there is no file" in capsys.readouterr().err
    assert main([command, str(tmp_path)]) == 2
    assert "is a folder" in capsys.readouterr().err
    bad = tmp_path / "bad.toml"
    bad.write_text("rules = '''\nroute a use nobody\n'''\n")
    assert main([command, str(bad)]) == 2
    assert "FCC201" in capsys.readouterr().err


def test_expectations_that_hold(policy, capsys):
    assert main(["test", str(policy)]) == 0
    out = capsys.readouterr().out
    assert out.endswith("2 passed, 0 failed\n")
    assert "no expect reaches: titles, closed, greet, vision" in out
    assert '`model is "claude-*"` of `rest` never decided anything' not in out


def test_a_failing_expectation_with_what_happened_instead(policy, capsys):
    policy.write_text(POLICY.format("expect long given tokens 5\nexpect rest given tokens 5 to try b"))
    assert main(["test", str(policy)]) == 1
    out = capsys.readouterr().out
    assert "routes.toml:12:1: expect long given tokens 5\n  instead: the request goes to `rest`" in out
    assert "because: `tokens > 120k and not thinking`" not in out
    assert "because: `tokens > 120k` of `long` saw 5" in out
    assert "instead: a, b would be tried, not b" in out
    assert out.endswith("0 passed, 2 failed\n")


def test_results_for_scripts(policy, capsys):
    policy.write_text(POLICY.format("expect long given tokens 130k, thinking"))
    assert main(["test", str(policy), "--format", "json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["passed"], found["failed"]) == (0, 1)
    (entry,) = found["expects"]
    assert (entry["line"], entry["column"], entry["expect"], entry["route"]) == (12, 1, "long", "rest")
    assert entry["given"] == {"tokens": 130000, "thinking": True}
    assert entry["blocked_by"] == {"test": "thinking", "saw": True}
    assert found["untested_routes"] == ["titles", "closed", "greet", "vision", "long"]
    assert [one["test"] for one in found["undecided_tests"]] == ["tokens > 120k"]


def test_a_file_without_expectations(policy, capsys):
    policy.write_text(POLICY.format(""))
    assert main(["test", str(policy)]) == 0
    assert capsys.readouterr().out == "there is no `expect` in this file\n0 passed, 0 failed\n"


def test_help_has_an_example(capsys):
    for command in ("test", "explain"):
        assert main([command, "--help"]) == 0
        assert "Example: fcc " in capsys.readouterr().out
