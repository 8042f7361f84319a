"""`fcc show`, as it is called from a shell."""

from __future__ import annotations

import json

import pytest

from fcc.cli import main

POLICY = """rules = '''
alias a = zen/a
offer a
route answer  # refuse is no action here
  answer "use # this"
route small when (model in ("*haiku*", "x") or task is search) use a  # cheap
route night when time in 22:00..06:00 and not tool is "Web*" refuse 429 "night"
route odd when tokens in 1..3 and stream and not tokens = 2 answer locally
route rest use a then zen/b
'''
"""


@pytest.fixture
def path(tmp_path):
    found = tmp_path / "routes.toml"
    found.write_text(POLICY.replace("route answer  #", "route answer when images > 3  #"))
    return found


def shown(capsys, path):
    assert main(["show", str(path), "--format", "json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_rows_say_what_they_take_and_what_becomes_of_it(path, capsys):
    rows = shown(capsys, path)["rows"]
    assert [(row["route"], row["when"], row["action"]) for row in rows] == [
        ("offer a", {"model": '"zen/a"'}, "use zen/a"),
        ("answer", {"images": "4.."}, 'answer "use # this"'),
        ("small", {"model": '"*haiku*" or "x"'}, "use a"),
        ("small", {"task": "search"}, "use a"),
        ("night", {"time": "00:00..06:00, 22:00..24:00", "tool": 'not "Web*"'}, 'refuse 429 "night"'),
        (
            "odd",
            {
                "tokens": "1",
                "stream": "yes",
                "task": "title, suggestion, quota_probe, model_probe, prefix, filepaths",
            },
            "answer locally",
        ),
        ("rest", {}, "use a then zen/b"),
    ]
    assert all(row["exact"] for row in rows)


def test_facts_say_their_cells(path, capsys):
    facts = {one["fact"]: one["cells"] for one in shown(capsys, path)["facts"]}
    assert facts["tokens"] == ["0", "1", "2", "3.."]
    assert facts["time"] == ["00:00..06:00", "06:00..22:00", "22:00..24:00"]
    assert facts["model"] == ['"zen/a"', '"*haiku*"', '"x"']
    assert facts["stream"] == ["no", "yes"]


def test_a_route_without_condition_says_its_action(tmp_path, capsys):
    path = tmp_path / "routes.toml"
    path.write_text("rules = '''\nroute answer # so\n  answer locally\n'''\n")
    assert [row["action"] for row in shown(capsys, path)["rows"]] == ["answer locally"]


def test_the_table_has_a_column_for_each_fact(path, capsys):
    assert main(["show", str(path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == [
        "route",
        "model",
        "task",
        "tokens",
        "images",
        "stream",
        "tool",
        "time",
        "action",
    ]
    assert lines[-1].split() == ["7", "rest", *"-------", "use", "a", "then", "zen/b"]


def test_rows_that_are_not_exact_are_marked(tmp_path, capsys):
    path = tmp_path / "routes.toml"
    pairs = " and ".join(f'(header.x-a{n} is "1" or header.x-b{n} is "1")' for n in range(8))
    path.write_text(f"rules = '''\nroute big when {pairs} answer locally\nroute rest answer locally\n'''\n")
    assert main(["show", str(path)]) == 0
    assert "* lets through more than the condition" in capsys.readouterr().out


def test_without_a_file_or_policy_it_cannot_run(tmp_path, capsys):
    assert main(["show", str(tmp_path / "none.toml")]) == 2
    assert "there is no file" in capsys.readouterr().err
    bad = tmp_path / "bad.toml"
    bad.write_text("rules = '''\nroute a use nobody\n'''\n")
    assert main(["show", str(bad)]) == 2
    assert "FCC201" in capsys.readouterr().err
