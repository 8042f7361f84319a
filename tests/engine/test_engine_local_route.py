"""`answer locally` takes what can be answered locally; the rest is the next route's, for every command alike."""

from __future__ import annotations

import json

import pytest
from test_engine_local import with_schema

from engine.facts import Facts
from engine.local import ANSWERS, decided
from engine.router import Router
from fcc.cli import main
from providers.presets import catalogue
from rules.facts import TASKS
from rules.local import LOCAL_TASKS, implied
from rules.policy import load
from support.world import message, run, world

POLICY = """rules = '''
route chores {condition}answer locally
route rest use zen/a
'''
"""


@pytest.fixture
def written(tmp_path, monkeypatch):
    """`written(condition)`: the path of a policy whose route `chores` has it."""
    monkeypatch.setenv("OPENCODE_API_KEY", "x")

    def made(condition="", text=POLICY):
        path = tmp_path / f"{len(condition)}.toml"
        path.write_text(text.replace("{condition}", condition))
        return path

    return made


def explained(capsys, *words):
    main(["explain", *map(str, words), "--format", "json"])
    return json.loads(capsys.readouterr().out)


def test_every_task_that_a_route_may_take_has_an_answer():
    assert set(LOCAL_TASKS) == set(ANSWERS)
    assert "classifier" not in LOCAL_TASKS


@pytest.mark.parametrize(
    ("condition", "adds"),
    [
        ("task is title", False),
        ("task in (title, quota_probe) and images = 0", False),
        ("task is title or task is prefix and tokens < 9k", False),
        ("not task in (main, subagent, compact, search, classifier)", False),
        ("task is title or tokens < 9k", True),
        ("task in (title, main)", True),
        ("not task is main", True),
        ('model is "*haiku*"', True),
    ],
)
def test_a_condition_that_names_such_tasks_alone_stays_as_it_is(condition, adds):
    text = f"rules = '''\nroute chores when {condition.replace('prefix and tokens < 9k', 'prefix')} answer locally\n'''"
    policy = load(text.encode(), path="routes.toml", env={}, catalogue=catalogue()).policy
    assert policy is not None
    found = policy.routes[0].condition
    items = getattr(found, "items", ())
    assert any(map(implied, items)) is adds


@pytest.mark.parametrize("task", TASKS)
def test_what_cannot_be_answered_goes_to_the_next_route(written, capsys, task):
    found = explained(capsys, written(), "--task", task)
    assert found["route"] == ("chores" if task in LOCAL_TASKS else "rest")
    if task not in LOCAL_TASKS:
        assert found["passed_over"] == [{"route": "chores", "test": "answer locally", "saw": task}]


def test_should_a_chore_need_a_model_after_all_it_goes_on():
    text = POLICY.replace("{condition}", "when task is title ")
    policy = load(text.encode(), path="routes.toml", env={}, catalogue=catalogue()).policy
    assert policy is not None
    facts = Facts(with_schema(title={}, mood={}))
    facts.task = "title"
    route, events = decided(Router(policy), facts)
    assert route is policy.routes[1]
    assert events is None


def test_it_is_no_change_to_say_so_and_one_to_answer_with_words(written, capsys):
    bare, said = written(), written(f"when task in ({', '.join(LOCAL_TASKS)}) ")
    assert main(["plan", str(bare), str(said), "--exit-code"]) == 0
    words = written("when images = 0 ", POLICY.replace("answer locally", 'answer "no"'))
    assert main(["plan", str(bare), str(words), "--exit-code"]) == 2


def linted(capsys, path):
    main(["lint", str(path), "--format", "json"])
    return [(one["code"], one["message"]) for one in json.loads(capsys.readouterr().out)["findings"]]


def test_lint_knows_what_is_left_and_has_no_words_for_what_nobody_wrote(written, capsys):
    assert "FCC301" not in dict(linted(capsys, written()))
    assert "FCC305" not in dict(linted(capsys, written('when model is "*haiku*" ')))
    assert dict(linted(capsys, written("when task is classifier ")))["FCC302"] == (
        "the condition of route `chores` is never true"
    )
    alone = written(text=POLICY.replace("route rest use zen/a\n", ""))
    assert dict(linted(capsys, alone))["FCC304"] == "no route takes this request"


def test_such_a_request_is_served_by_the_next_route():
    async def test() -> None:
        async with world('route chores answer locally\nroute rest answer "hello"') as here:
            response = await here.post(message())
            assert response.status_code == 200
            assert response.headers["x-fcc-route"] == "rest"
            assert response.json()["content"] == [{"type": "text", "text": "hello"}]
            quota = {
                "model": "claude-haiku-4-5",
                "max_tokens": 1,
                "messages": [{"role": "user", "content": "quota"}],
            }
            response = await here.post(quota)
            assert (response.headers["x-fcc-route"], response.headers["x-fcc-target"]) == ("chores", "local")

    run(test())


def test_without_a_next_route_it_is_404_and_no_error_of_ours():
    async def test() -> None:
        async with world("route chores answer locally") as here:
            response = await here.post(message())
            assert response.status_code == 404

    run(test())
