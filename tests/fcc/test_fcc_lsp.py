"""The language server over its own protocol, in a process of its own."""

from __future__ import annotations

from itertools import count

import pytest

from fcc.cli import main
from rules.format import formatted
from support.editor import Editor, Refused

POLICY = """\
rules = '''
# "ä𝄞" before everything
alias mini = zen/minimax-m2.5-free
alias glm  = nvidia_nim/z-ai/glm4.7
limit zen/* 9 per minute
chain quick = mini then least-loaded (glm, mini) retry 2
offer quick as "Auto"
route pics when images > 0 use glm
route rest use quick on timeout
expect rest given model "𝄞", mini resting to try glm
'''

[server]
port = 8082
"""
NUMBERS = count()


@pytest.fixture(scope="module")
def editor():
    with Editor() as one:
        yield one


@pytest.fixture
def uri(tmp_path):
    return f"file://{tmp_path}/{next(NUMBERS)}/routes.toml"


@pytest.fixture
def opened(editor, uri):
    editor.open(uri, POLICY)
    return uri


def codes(findings):
    return [one["code"] for one in findings]


def test_findings_when_opened_and_as_typed(editor, uri):
    text = POLICY.replace("use glm", "use glmm")
    (found,) = [one for one in editor.open(uri, text) if one["code"] == "FCC201"]
    assert found["severity"] == 1
    assert found["source"] == "fcc"
    assert found["range"] == {
        "start": editor.at(uri, "glmm")["position"],
        "end": editor.at(uri, "glmm", behind=True)["position"],
    }
    assert "did you mean `glm`?" in found["message"]
    editor.change(uri, POLICY)
    assert "FCC201" not in codes(editor.shown(uri))
    for end in range(5, 11):
        editor.change(uri, POLICY.replace("route rest use quick", "route rest use quick"[:end]))
    assert "FCC101" in codes(editor.shown(uri))


def test_columns_are_counted_as_editors_count(editor, uri):
    text = POLICY.replace('"𝄞", mini resting', '"𝄞𝄞", mimi resting')
    (found,) = [one for one in editor.open(uri, text) if one["code"] == "FCC201"]
    start = text.splitlines()[9].index("mimi") + 2
    assert found["range"]["start"] == {"line": 9, "character": start}


def test_other_files_are_left_alone(editor, tmp_path):
    other = f"file://{tmp_path}/pyproject.toml"
    assert editor.open(other, "[server]\nport = true\n") == []
    assert editor.ask("textDocument/hover", editor.at(other, "port")) is None
    named = f"file://{tmp_path}/policy.toml"
    assert "FCC101" in codes(editor.open(named, "rules = '''\nroute\n'''\n"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("images > 0", "images in the conversation"),
        ("then least", "Who is asked next"),
        ("glm, mini", "nvidia_nim/z-ai/glm4.7"),
        ("quick on timeout", "1. `zen/minimax-m2.5-free`"),
        ("timeout\n", "counts against health"),
        ("rest given", "route rest use quick on timeout"),
        ("port =", "port to listen on"),
        ("server]", "where fcc listens"),
    ],
)
def test_hover(editor, opened, words, said):
    shown = editor.ask("textDocument/hover", editor.at(opened, words))
    assert said in shown["contents"]["value"]


def test_a_chain_is_shown_with_its_groups_and_options(editor, opened):
    shown = editor.ask("textDocument/hover", editor.at(opened, "quick as"))["contents"]["value"]
    assert shown.splitlines()[2:] == [
        "1. `zen/minimax-m2.5-free`",
        "1. least-loaded (retry 2)",
        "   - `nvidia_nim/z-ai/glm4.7`",
        "   - `zen/minimax-m2.5-free`",
    ]


@pytest.mark.parametrize(
    ("typed", "among", "not_among"),
    [
        ("", {"route", "alias", "expect"}, {"then", "images"}),
        ("ro", {"route"}, {"then"}),
        ("route x ", {"when", "use", "answer", "refuse"}, {"if", "then", "route"}),
        ("route x when ", {"images", "task", "header.", "not"}, {"mini", "use"}),
        ("route x when task is ", {"title", "main", "subagent"}, {"mini", "images"}),
        ("route x when task in (title, ", {"search"}, {"mini"}),
        ("route x when images ", {"is", "in", "and", "use"}, {"then"}),
        ("route x use ", {"mini", "quick", "requested", "race", "zen/minimax-m2.5-free"}, {"images", "then"}),
        ("route x use mini ", {"then", "retry", "without", "on"}, {"alias"}),
        ("route x use mini then race (", {"glm", "quick"}, {"images"}),
        ("route x use mini on ", {"timeout", "overflow"}, {"mini"}),
        ("route x use mini on (timeout, ", {"overflow"}, {"mini"}),
        ("expect ", {"rest", "pics"}, {"mini"}),
        ("expect rest given ", {"model", "mini", "quick"}, {"route"}),
        ("expect rest given mini ", {"resting", "limited", "failing"}, {"then"}),
        ("expect rest given mini failing ", {"timeout", "to"}, {"mini"}),
        ("alias x = ", {"zen/minimax-m2.5-free"}, {"mini", "images"}),
        ("alias x = zen/mini", {"zen/minimax-m2.5-free"}, set()),
        ("health ", {"*", "zen/*"}, {"mini"}),
        ("limit zen/* 9 per ", {"minute", "hour"}, {"mini"}),
        ("chain x = env ", {"AUTO_MODEL_ORDER"}, {"mini"}),
        ("alias ", set(), {"mini", "route"}),
        ("# route x use ", set(), {"mini"}),
        ('route x when model is "', set(), {"mini"}),
    ],
)
def test_completion_by_position(editor, uri, typed, among, not_among):
    editor.open(uri, POLICY.replace("route pics", f"{typed}\nroute pics"))
    asked = editor.at(uri, f"{typed}\nroute pics")
    asked["position"]["character"] += len(typed)
    items = editor.ask("textDocument/completion", asked)
    found = {one["label"] for one in items}
    assert found >= among
    assert not found & not_among


def test_a_completion_takes_the_place_of_what_was_typed(editor, uri):
    editor.open(uri, POLICY.replace("use quick", "use qu"))
    items = editor.ask("textDocument/completion", editor.at(uri, "use qu", behind=True))
    (edit,) = [one["textEdit"] for one in items if one["label"] == "quick"]
    assert editor.apply(uri, [edit]) == POLICY


def test_nothing_is_completed_outside_of_the_rules(editor, opened):
    assert editor.ask("textDocument/completion", editor.at(opened, "port", behind=True)) == []


@pytest.mark.parametrize(
    ("used", "defined"),
    [
        ("quick on timeout", "quick ="),
        ("glm, mini", "glm  ="),
        ("rest given", "rest use"),
        ("mini resting", "mini ="),
    ],
)
def test_definition(editor, opened, used, defined):
    found = editor.ask("textDocument/definition", editor.at(opened, used))
    assert found["range"]["start"] == editor.at(opened, defined)["position"]


def test_references(editor, opened):
    asked = editor.at(opened, "mini =", context={"includeDeclaration": True})
    assert len(editor.ask("textDocument/references", asked)) == POLICY.count("mini") - POLICY.count("/mini")


@pytest.mark.parametrize(
    ("at", "new", "renamed"),
    [
        (
            "mini =",
            "fast",
            lambda text: text.replace("/mini", "/§").replace("mini", "fast").replace("§", "mini"),
        ),
        (
            "rest given",
            "other",
            lambda text: text.replace("e rest", "e other").replace("t rest g", "t other g"),
        ),
        ("quick on", "slow", lambda text: text.replace("quick", "slow")),
    ],
)
def test_rename(editor, opened, at, new, renamed):
    edit = editor.ask("textDocument/rename", editor.at(opened, at, newName=new))
    assert editor.apply(opened, edit["changes"][opened]) == renamed(POLICY)


@pytest.mark.parametrize(
    ("at", "new", "why"),
    [
        ("mini =", "glm", "already"),
        ("mini =", "then", "cannot be"),
        ("mini =", "a b", "cannot be"),
        ("limit", "x", "only"),
    ],
)
def test_a_rename_that_would_break_the_file_is_refused(editor, opened, at, new, why):
    with pytest.raises(Refused, match=why):
        editor.ask("textDocument/rename", editor.at(opened, at, newName=new))


def test_formatting(editor, uri):
    text = POLICY.replace("alias mini = ", "alias  mini=")
    editor.open(uri, text)
    asked = {"textDocument": {"uri": uri}, "options": {"tabSize": 4, "insertSpaces": True}}
    assert editor.apply(uri, editor.ask("textDocument/formatting", asked)) == formatted(text)
    editor.change(uri, formatted(text))
    assert editor.ask("textDocument/formatting", asked) == []
    editor.change(uri, POLICY.replace("route pics", "route"))
    assert editor.ask("textDocument/formatting", asked) is None


def test_fixes_are_offered_where_their_findings_are(editor, uri):
    text = POLICY.replace("mini then", "mini ->")
    editor.open(uri, text)
    place = editor.at(uri, "->")["position"]
    asked = {
        "textDocument": {"uri": uri},
        "range": {"start": place, "end": place},
        "context": {"diagnostics": []},
    }
    (action,) = editor.ask("textDocument/codeAction", asked)
    assert (action["title"], action["isPreferred"]) == ("write `then`", True)
    assert editor.apply(uri, action["edit"]["changes"][uri]) == POLICY
    asked["range"] = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}}
    assert editor.ask("textDocument/codeAction", asked) == []


def test_symbols(editor, opened):
    found = editor.ask("textDocument/documentSymbol", {"textDocument": {"uri": opened}})
    assert [(one["detail"], one["name"]) for one in found] == [
        ("alias", "mini"),
        ("alias", "glm"),
        ("limit", "zen/*"),
        ("chain", "quick"),
        ("offer", "quick"),
        ("route", "pics"),
        ("route", "rest"),
        ("expect", "rest"),
    ]


def test_a_closed_file_has_no_findings(editor, uri):
    assert editor.open(uri, POLICY.replace("use glm", "use glmm"))
    editor.findings.pop(uri)
    editor.tell("textDocument/didClose", {"textDocument": {"uri": uri}})
    assert editor.shown(uri) == []


def test_without_pygls_it_says_what_to_install(monkeypatch, capsys):
    monkeypatch.setattr("fcc.cli.lsp.NEEDED", "pygls_that_is_not_there")
    assert main(["lsp"]) == 2
    assert "fcc[editor]" in capsys.readouterr().err
