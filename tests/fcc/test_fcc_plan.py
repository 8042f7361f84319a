"""`fcc plan` and `fcc replay`, as they are called from a shell."""

from __future__ import annotations

import io
import json
import time

import pytest

from engine.decision import Decision, Tries
from engine.ledger_file import opened, write
from engine.ledger_tables import DECISIONS, insert
from fcc.cli import main

OLD = """rules = '''
alias a = zen/a
alias b = zen/b
chain coding = a then b
offer b
route titles when task is title answer locally
route long when tokens > 120k use b
route rest use coding
'''
"""
FACTS = ({"tokens": 5}, {"tokens": 130_000}, {"task": "title"}, {"tokens": 110_000}, {"tokens": 7})


@pytest.fixture
def files(tmp_path, monkeypatch):
    """`files(new)`: the paths of the old policy and of one made from it by replacements."""
    monkeypatch.setenv("OPENCODE_API_KEY", "x")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.delenv("FCC_CONFIG", raising=False)

    def made(*changes, more=""):
        text = OLD
        for before, after in changes:
            assert before in text
            text = text.replace(before, after)
        (tmp_path / "old.toml").write_text(OLD)
        (tmp_path / "new.toml").write_text(text + more)
        return str(tmp_path / "old.toml"), str(tmp_path / "new.toml")

    return made


def planned(capsys, *words):
    status = main(["plan", *words, "--format", "json"])
    return status, json.loads(capsys.readouterr().out)


LONG = ("tokens > 120k", "tokens > 100k")


def test_the_shape_for_scripts(files, capsys):
    status, found = planned(capsys, *files(LONG))
    assert status == 0
    assert list(found) == [
        "equivalent",
        "regions",
        "offers",
        "settings",
        "renamed",
        "undecided",
        "recorded",
    ]
    (region,) = found["regions"]
    step = {"thinking": "client", "options": {}, "health": None, "limit": None}
    assert region == {
        "given": {"model": 'not "zen/b"', "task": "not title", "tokens": "100001..120001"},
        "witness": {"model": "claude-opus-4-7", "task": "main", "tokens": 100001},
        "whole": True,
        "share": None,
        "old": {
            "route": "rest",
            "action": "use coding",
            "chain": [{"target": "zen/a", **step}, {"target": "zen/b", **step}],
        },
        "new": {"route": "long", "action": "use zen/b", "chain": [{"target": "zen/b", **step}]},
    }


def test_the_witness_is_a_request_for_explain(files, capsys, tmp_path):
    paths = files(
        LONG, ("route rest", 'route greet when tool is "X*" and header.x-a is "1" answer "hi"\nroute rest')
    )
    _, found = planned(capsys, *paths)
    assert len(found["regions"]) == 2
    batch = tmp_path / "batch.jsonl"
    batch.write_text("\n".join(json.dumps(one["witness"]) for one in found["regions"]))
    for path, side in zip(paths, ("old", "new"), strict=True):
        assert main(["explain", path, "--batch", str(batch)]) == 0
        routes = [json.loads(line)["route"] for line in capsys.readouterr().out.splitlines()]
        assert routes == [one[side]["route"] for one in found["regions"]]


@pytest.mark.parametrize(
    "change",
    [
        ("alias a", "# why not\nalias a"),
        ("use coding", "use   a then\n  b"),
        ("alias a = zen/a\n", "alias first = zen/a\nalias a = zen/a\n"),
    ],
)
def test_text_alone_is_equivalent(files, capsys, change):
    paths = files(change)
    assert main(["plan", *paths, "--exit-code"]) == 0
    assert capsys.readouterr().out == "equivalent\n"
    assert planned(capsys, *paths)[1]["equivalent"] is True


def test_a_renamed_route_is_said_apart(files, capsys):
    paths = files(("route rest", "route default"))
    assert main(["plan", *paths, "--exit-code"]) == 0
    assert capsys.readouterr().out == "route rest is called default\nequivalent but for names\n"
    assert planned(capsys, *paths)[1]["renamed"] == [{"old": "rest", "new": "default"}]


def test_exit_statuses(files, capsys, tmp_path):
    old, new = files(LONG)
    broken = tmp_path / "broken.toml"
    broken.write_text("rules = '''\nroute a use nobody\n'''\n")
    assert main(["plan", old, new]) == 0
    assert main(["plan", old, new, "--exit-code"]) == 2
    assert main(["plan", old, old, "--exit-code"]) == 0
    for wrong in (str(broken), str(tmp_path / "absent.toml"), str(tmp_path)):
        assert main(["plan", old, wrong]) == 2
        assert main(["plan", old, wrong, "--exit-code"]) == 1
    assert main(["plan", old, new, "--ledger", str(tmp_path / "absent.sqlite")]) == 2
    assert "absent.sqlite" in capsys.readouterr().err


def test_settings_and_offers_are_changes_too(files, capsys):
    tables = '[server]\nport = 9000\n[models."zen/a"]\ncontext = 1000\n[providers.zen]\nkey = "env:OPENCODE_API_KEY"\n'
    status, found = planned(capsys, *files(("offer b", 'offer b as "B"'), more=tables), "--exit-code")
    assert (status, found["equivalent"], found["regions"]) == (2, False, [])
    assert found["offers"] == [
        {
            "id": "zen/b",
            "thinking": "client",
            "old": {"label": None, "place": 1},
            "new": {"label": "B", "place": 1},
        }
    ]
    settings = {one["key"]: (one["old"], one["new"]) for one in found["settings"]}
    assert settings["server.port"] == (8082, 9000)
    assert settings["models.zen/a.context"] == (None, 1000)
    assert settings["providers.zen.key"] == (None, "env:OPENCODE_API_KEY")


def test_a_secret_in_the_file_is_not_told(files, capsys):
    more = '[providers.work]\ndialect = "openai-chat"\nbase_url = "https://models.example/v1"\n'
    more += '[providers.work.headers]\nx-project = "private"\n'
    _, found = planned(capsys, *files(more=more))
    told = {one["key"]: one["new"] for one in found["settings"]}
    assert told["providers.work.headers.x-project"] == "(hidden)"
    assert "private" not in json.dumps(found)


def test_changes_for_people(files, capsys):
    assert main(["plan", *files(LONG, ("use coding", "use coding start within 5s, retry 0"))]) == 0
    out = capsys.readouterr().out
    assert "   old  route rest: use coding\n   new  route long: use zen/b\n" in out
    assert "     - zen/a\n     - zen/b\n     + zen/a, start within 5s, retry 0\n" in out
    assert 'such as model "claude-opus-4-7", task main, tokens 100001' in out
    assert out.endswith("2 classes of requests changed\n")


# --- recorded requests ----------------------------------------------------------------------------------------------


def row(number, facts, route, asked, at=None):
    """A row of the ledger."""
    tries = [Tries(target, None, 0.0, 5.0, 1.0) for target in asked]
    names = ("id", "at", "session", "sub_agent", "client", "task", "asked")
    values = (f"req_{number}", time.time() if at is None else at, "", "", "", "main", "m")
    assert len(names) == len(values)
    target = asked[-1] if asked else "local"
    return Decision(
        *values, True, 10, route, target, 200, None, 0, 1.0, 5.0, 1, 1, 0, 0, "g", tries, [], facts
    )


@pytest.fixture
def ledger(tmp_path):
    """Five requests as the old policy decided them, and one from long ago."""
    ways = [
        ("rest", ["zen/a"]),
        ("long", ["zen/b"]),
        ("titles", []),
        ("rest", ["zen/a", "zen/b"]),
        ("rest", ["zen/b"]),
    ]
    rows = [row(number, facts, *way) for number, (facts, way) in enumerate(zip(FACTS, ways, strict=True))]
    rows.insert(0, row(99, {"tokens": 6}, "rest", ["zen/a"], at=1000.0))
    path = tmp_path / "ledger.sqlite"
    connection = opened(path)
    write(connection, [(insert, DECISIONS, one) for one in rows])
    connection.close()
    return str(path)


def replayed(capsys, *words):
    status = main(["replay", *words, "--format", "json"])
    return status, json.loads(capsys.readouterr().out)


def test_shares_of_recorded_traffic(files, capsys, ledger):
    status, found = planned(capsys, *files(LONG), "--ledger", ledger)
    assert status == 0
    assert found["recorded"] == {"requests": 6, "changed": 1}
    assert [one["share"] for one in found["regions"]] == [0.1667]


def test_the_ledger_of_the_server_is_found(files, capsys, ledger):
    _, found = planned(capsys, *files(LONG, more='[ledger]\npath = "ledger.sqlite"\n'))
    assert found["recorded"] == {"requests": 6, "changed": 1}


def test_the_same_policy_moves_nothing(files, capsys, ledger):
    status, found = replayed(capsys, "--against", files()[0], "--ledger", ledger)
    assert status == 0
    assert found == {"requests": 5, "moved": 0, "renamed": 0, "unreadable": 0, "unsaid": [], "moves": []}


def test_moves_by_route(files, capsys, ledger):
    status, found = replayed(capsys, "--against", files(LONG)[1], "--ledger", ledger)
    assert (status, found["requests"], found["moved"]) == (1, 5, 1)
    (move,) = found["moves"]
    assert move == {
        "from": {"route": "rest", "targets": ["zen/a", "zen/b"]},
        "to": {"route": "long", "action": "use zen/b", "targets": ["zen/b"]},
        "kind": "moved",
        "count": 1,
        "share": 0.2,
        "examples": [{"request": "req_3", "at": move["examples"][0]["at"], "facts": {"tokens": 110_000}}],
    }


def test_moves_by_model_alone(files, capsys, ledger):
    status, found = replayed(capsys, "--against", files(("zen/a", "zen/c"))[1], "--ledger", ledger)
    assert (status, found["moved"]) == (1, 1)
    assert found["moves"][0]["to"]["targets"] == ["zen/c", "zen/b"]


def test_a_renamed_route_moves_nobody(files, capsys, ledger):
    status, found = replayed(capsys, "--against", files(("route rest", "route x"))[1], "--ledger", ledger)
    assert (status, found["moved"], found["renamed"]) == (0, 0, 3)
    assert found["moves"][0]["kind"] == "renamed"


def test_how_far_back(files, capsys, ledger):
    old = files()[0]
    assert replayed(capsys, "--against", old, "--ledger", ledger, "--since", "20000d")[1]["requests"] >= 5
    assert replayed(capsys, "--against", old, "--ledger", ledger, "--most", "2")[1]["requests"] == 2
    assert main(["replay", "--against", old, "--ledger", ledger, "--since", "yesterday"]) == 2
    assert "24h" in capsys.readouterr().err


def test_lines_of_facts(files, capsys, tmp_path, monkeypatch):
    old = files()[0]
    lines = [
        {"facts": {"tokens": "130k"}, "route": "rest", "target": "zen/a", "request": "r1"},
        {"facts": {"tokens": 5}, "route": "rest"},
        {"facts": {"tokns": 5}, "route": "rest"},
        {"task": "title"},
    ]
    text = "\n".join(map(json.dumps, lines))
    (tmp_path / "facts.jsonl").write_text(text + "\n\n")
    status, found = replayed(capsys, "--against", old, "--records", str(tmp_path / "facts.jsonl"))
    assert (status, found["requests"], found["moved"], found["unreadable"]) == (1, 3, 1, 1)
    assert {one["kind"] for one in found["moves"]} == {"moved", "unknown"}
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    assert replayed(capsys, "--against", old, "--records", "-")[1] == found


def test_facts_that_are_not_on_record_are_said(files, capsys, ledger):
    new = files(("route rest", 'route red when header.x-team is "red" use b\nroute rest'))[1]
    assert replayed(capsys, "--against", new, "--ledger", ledger)[1]["unsaid"] == ["header.x-team"]
    assert main(["replay", "--against", new, "--ledger", ledger]) == 0
    assert "the records do not say `header.x-team`" in capsys.readouterr().out


def test_moves_for_people(files, capsys, ledger):
    assert main(["replay", "--against", files(("use b\n", "use a\n"))[1], "--ledger", ledger]) == 1
    out = capsys.readouterr().out
    assert "long (zen/b)  long: use zen/a" in out
    assert out.endswith("1 of 5 requests would move\n")


def test_what_cannot_be_replayed(files, capsys, tmp_path, ledger):
    old = files()[0]
    (tmp_path / "other.sqlite").write_bytes(b"no database" * 100)
    (tmp_path / "bad.jsonl").write_text("[1]\n")
    for words, part in (
        (["--ledger", str(tmp_path / "absent")], "there is no ledger"),
        ([], "there is no ledger"),
        (["--ledger", str(tmp_path / "other.sqlite")], "cannot read the ledger"),
        (["--records", str(tmp_path / "bad.jsonl")], "line 1"),
        (["--records", str(tmp_path / "absent.jsonl")], "absent.jsonl"),
        (["--records", "-", "--ledger", ledger], "name one"),
    ):
        assert main(["replay", "--against", old, *words]) == 2
        assert part in capsys.readouterr().err


@pytest.mark.parametrize("command", ["plan", "replay"])
def test_help_has_an_example(capsys, command):
    assert main([command, "--help"]) == 0
    assert "Example: fcc " in capsys.readouterr().out
