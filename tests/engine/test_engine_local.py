"""Chores answered without a model: valid for what was asked, honest in usage, and never a permission check."""

from __future__ import annotations

import json

import pytest
from test_engine_tasks import CHORES, GUARDS, TASK_OF

from engine.commands import file_paths, prefix
from engine.local import local_answer
from engine.tasks import task_of
from engine.titles import branch_of, title_of
from engine.tokens import estimate
from rules.facts import TASKS
from support.requests import ask, fixture
from translators.events import Finish, Start, Text, Usage


def answer(request):
    """The text of the local answer."""
    events = local_answer(task_of(request), request)
    assert events is not None
    return "".join(event.text for event in events if isinstance(event, Text))


@pytest.mark.parametrize("name", [name for name in CHORES if name != "classifier"])
def test_events_are_an_answer_with_true_usage(name):
    made = fixture(name)
    events = local_answer(task_of(made), made)
    assert events is not None
    assert isinstance(events[0], Start)
    assert isinstance(events[-1], Finish)
    assert events[-1].reason == "end_turn"
    assert all(event.text for event in events if isinstance(event, Text))
    assert events[0].usage == Usage(input=estimate(made))
    assert events[-1].usage.input == estimate(made)
    assert events[-1].usage.output in range(1, 100)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("name", TASK_OF)
def test_no_verdict_and_nothing_with_safeguards_is_answered(name, task):
    assert local_answer(task, fixture("classifier")) is None
    assert local_answer(task, fixture(name, safeguards=GUARDS)) is None
    assert local_answer(task, fixture(name, stop_sequences=["</block>"])) is None


@pytest.mark.parametrize("task", ["main", "subagent", "compact", "search", "classifier", "other"])
def test_work_for_a_model_is_not_answered(task):
    assert local_answer(task, fixture("main")) is None


def test_probes_and_suggestions():
    assert answer(fixture("quota_probe")) == "OK"
    assert answer(fixture("model_probe")) == "Hi"
    assert answer(fixture("suggestion")) == ""


def test_a_title_fits_its_schema():
    title = json.loads(answer(fixture("title")))
    assert title == {"title": "Fix the login button on mobile"}


def with_schema(**fields):
    schema = {"type": "object", "properties": fields, "required": list(fields)}
    return fixture("title", output_config={"format": {"type": "json_schema", "schema": schema}})


def test_a_title_with_a_branch_and_a_longest_length():
    said = json.loads(answer(with_schema(title={"type": "string", "maxLength": 9}, branch={})))
    assert said == {"title": "Fix the l", "branch": "claude/fix-the-login-button"}


def test_a_schema_that_wants_more_than_a_title_needs_a_model():
    assert local_answer("title", with_schema(title={}, mood={})) is None


@pytest.mark.parametrize(
    ("system", "said"),
    [
        ("isNewTopic and title, new conversation topic", {"isNewTopic": True, "title": "Add a cart"}),
        ("A sentence-case title. Reply with JSON.", {"title": "Add a cart"}),
        (
            'A sentence-case title and a branch as JSON with "title" and "branch".',
            {"title": "Add a cart", "branch": "claude/add-a-cart"},
        ),
    ],
)
def test_older_forms_in_json(system, said):
    assert json.loads(answer(ask("Add a cart", system=system))) == said


def test_older_forms_in_text():
    assert answer(ask("Add a cart", system="Write a sentence-case title.")) == "Add a cart"
    system = "A sentence-case title in <title> tags, then a branch in <branch> tags."
    assert answer(ask("Add a cart", system=system)) == (
        "<title>Add a cart</title>\n<branch>claude/add-a-cart</branch>"
    )
    prompt = (
        "Please write a 5-10 word title for the following conversation:\n\nUser: add a cart\n\nClaude: done"
    )
    assert answer(ask(prompt)) == "Add a cart"


@pytest.mark.parametrize(
    ("prompt", "title"),
    [
        ("", "Coding session"),
        ("???", "Coding session"),
        ("fix it", "Fix it"),
        ("Hello! Could you please add OAuth to the API client?", "Add OAuth to the API client"),
        ("I'd like you to rename src/cart.py to src/basket.py.", "Rename src/cart.py to src/basket.py"),
        ("<system-reminder>x</system-reminder>\n\nrun the tests", "Run the tests"),
        ("<session>\n# Refactor The Old Parser Module\nmore\n</session>", "Refactor the old parser module"),
        ("one two three four five six seven eight nine", "One two three four five six seven"),
        ("x" * 500, "X" + "x" * 59),
        ("修复手机上的登录按钮。然后运行测试", "修复手机上的登录按钮"),
    ],
)
def test_titles(prompt, title):
    assert title_of(prompt) == title


def test_branches():
    assert branch_of("Fix login, button on mobile") == "claude/fix-login-button-on"
    assert branch_of("修复") == "claude/session"


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("", "none"),
        ("git commit -m 'x y'", "git commit"),
        ("git -C /tmp status", "git"),
        ("git diff HEAD~1", "git diff"),
        ("ls -la", "ls"),
        ("cat foo.txt", "cat"),
        ("npm run lint", "npm run"),
        ("FOO=1 BAR=2 go test ./...", "FOO=1 BAR=2 go test"),
        ("FOO='a b' go test", "none"),
        ("FOO=1", "none"),
        ("sudo rm -rf /", "none"),
        ("env X=1 rm y", "none"),
        ("git status`ls`", "command_injection_detected"),
        ("git diff $(cat key)", "command_injection_detected"),
        ("pwd\n curl example.com", "command_injection_detected"),
        ("git status; rm x", "command_injection_detected"),
        ("git status && rm x", "command_injection_detected"),
        ("git status&rm x", "command_injection_detected"),
        ("cat x | sh", "command_injection_detected"),
        ("cat < x", "command_injection_detected"),
        ("diff <(a) <(b)", "command_injection_detected"),
        ("git commit -m 'open", "command_injection_detected"),
    ],
)
def test_prefixes(command, said):
    assert prefix(command) == said


def test_a_prefix_is_that_of_the_last_command_of_the_prompt():
    assert answer(fixture("prefix")) == "git commit"


@pytest.mark.parametrize(
    ("command", "paths"),
    [
        ("", []),
        ("ls src", []),
        ("rm a", []),
        ("cat -n a b.py", ["a", "b.py"]),
        ("head -n 20 'my file'", ["my file"]),
        ("/usr/bin/tail -f log", ["log"]),
        ("grep -rn total src tests", ["src", "tests"]),
        ("grep -e a -e b src", ["src"]),
        ("grep -A 3 x y", ["y"]),
        ("cat a | grep b", ["a"]),
        ("| cat", []),
        ("cat 'open", []),
    ],
)
def test_file_paths(command, paths):
    assert file_paths(command) == paths


def test_file_paths_in_the_form_that_was_asked_for():
    assert answer(fixture("filepaths")) == "<filepaths>\nsrc/cart.py\nsrc/discounts.py\n</filepaths>"
    prompt = "Set <is_displaying_contents>. List <filepaths>.\nCommand: ls src\nOutput: a"
    assert answer(ask(prompt)) == (
        "<is_displaying_contents>\nfalse\n</is_displaying_contents>\n\n<filepaths>\n</filepaths>"
    )
