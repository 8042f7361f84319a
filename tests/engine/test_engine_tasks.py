"""Tasks are recognised from shapes; whatever only looks like a chore is `main`."""

from __future__ import annotations

import timeit

import pytest

from engine.tasks import task_of
from support.requests import ask, fixture, request

TASK_OF = {
    "main": "main",
    "main_safeguards": "main",
    "main_effort_in_message": "main",
    "main_no_thinking": "main",
    "subagent": "subagent",
    "compact": "compact",
    "quota_probe": "quota_probe",
    "model_probe": "model_probe",
    "search": "search",
    "title": "title",
    "title_text": "title",
    "suggestion": "suggestion",
    "prefix": "prefix",
    "filepaths": "filepaths",
    "classifier": "classifier",
    "count_tokens": "main",
    "image": "main",
    "pdf_in_tool_result": "main",
    "tool_reference": "main",
}
CHORES = [name for name, task in TASK_OF.items() if task not in ("main", "subagent", "compact", "search")]
GUARDS = [{"type": "dangerous_tool_use"}]


@pytest.mark.parametrize(("name", "task"), TASK_OF.items())
def test_each_measured_shape(name, task):
    assert task_of(fixture(name)) == task


@pytest.mark.parametrize("name", TASK_OF)
@pytest.mark.parametrize("guards", [GUARDS, []])
def test_what_carries_safeguards_is_main(name, guards):
    assert task_of(fixture(name, safeguards=guards)) == "main"


@pytest.mark.parametrize("name", TASK_OF)
@pytest.mark.parametrize("stop", ["</block>", "</severity>"])
def test_the_stop_sequences_of_a_verdict_make_a_classifier_of_anything(name, stop):
    made = fixture(name, stop_sequences=[stop], safeguards=None)
    assert task_of(made) == "classifier"


def test_a_transcript_to_be_judged_is_a_classifier_without_stop_sequences_too():
    assert task_of(fixture("classifier", stop_sequences=None)) == "classifier"
    judge = "Judge the <transcript>. End with <severity>none</severity>."
    assert task_of(ask("<transcript>…</transcript>", system=judge)) == "classifier"
    assert task_of(ask("Summarise the <transcript>…</transcript>")) == "main"


def test_the_second_stage_of_the_classifier():
    assert task_of(fixture("classifier", max_tokens=8192, stop_sequences=["</severity>"])) == "classifier"


@pytest.mark.parametrize("name", ["compact", "suggestion"])
def test_reminders_with_the_role_system_may_follow(name):
    made = fixture(name)
    made.messages.append({"role": "system", "content": "The list of tasks is empty."})
    assert task_of(made) == TASK_OF[name]


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("Is this about a quota? Answer yes or no.", {"max_tokens": 1}),
        ("quota", {"max_tokens": 64}),
        ("quota", {"max_tokens": 1, "tools": [{"name": "Bash", "input_schema": {}}]}),
        ("Hi", {"max_tokens": 2}),
        ("Hi", {"max_tokens": 1, "stream": True}),
        ("Hi there, is this spam?", {"max_tokens": 1}),
        ("What does [SUGGESTION MODE: on] mean?", {}),
        ("Explain why the prompt says CRITICAL: Respond with TEXT ONLY", {}),
        ("<policy_spec> is a tag of ours", {}),
        ("Command: ls\nOutput: a b\nWhy is it empty?", {}),
        ("Command: git status\nOutput: modified: src/filepaths.py\nWhat now?", {}),
        ("Command: make\nOutput: a.c:1", {"system": "Extract the error, without the file paths."}),
        ("Suggest a title for this blog post about sessions in Django", {}),
        ("Translate this page title to French: 'What we learnt in this session'", {}),
        ("Explain the title page. We talk about it in this session.", {}),
        ("What is a sentence-case title?", {}),
        ("A three-word title for a deck of conversation starters, please.", {}),
        ("I am a baker.", {"system": "Ask for the user's job title, then plan this session with them."}),
        ("I like trains.", {"system": "Suggest a new conversation topic with a catchy title."}),
    ],
)
def test_an_ordinary_question_that_mentions_a_chore_is_main(text, fields):
    assert task_of(ask(text, **fields)) == "main"


def schema(*names):
    fields = {name: {"type": "string"} for name in names}
    return {"format": {"type": "json_schema", "schema": {"type": "object", "properties": fields}}}


@pytest.mark.parametrize(
    ("system", "output", "task"),
    [
        ("Extract the title of the paper.", schema("title"), "main"),
        ("Name this conversation.", schema("title"), "title"),
        ("Name this conversation.", schema("title", "branch"), "title"),
        ("Name this conversation.", schema("title", "mood"), "main"),
        ("Name this conversation.", schema("name"), "main"),
        ("Give the title of the recipe. The user is in a cooking session.", schema("title"), "main"),
        ("Generate a short title for this coding session.", None, "title"),
        ("Return JSON with the title of the paper under discussion in this session.", None, "main"),
        ("Write a sentence-case title for the coding session.", None, "title"),
        ("You write. Each chapter has a title.", None, "main"),
    ],
)
def test_a_title_is_one_of_a_session(system, output, task):
    assert task_of(ask("The tide tables of 1911", system=system, output_config=output)) == task


def test_claude_code_needs_no_word_about_sessions_to_ask_for_a_title():
    made = ask("fix it", output_config=schema("title"))
    assert task_of(made) == "main"
    made.headers["user-agent"] = "claude-cli/2.1.330 (external, cli)"
    assert task_of(made) == "title"


@pytest.mark.parametrize(
    ("system", "before"),
    [("Extract any file paths that it reads.", ""), ("List filepaths.", ""), ("", "Give its filepaths.\n")],
)
def test_paths_are_asked_for_before_the_command(system, before):
    made = ask(f"{before}Command: cat a.py\nOutput: x = 1", system=system)
    assert task_of(made) == "filepaths"


def test_a_title_with_tools_is_main():
    assert task_of(fixture("title", tools=fixture("main").body["tools"])) == "main"


def test_a_sub_agent_is_known_by_header_or_billing_line():
    made = fixture("subagent", {"x-claude-code-agent-id": None})
    assert task_of(made) == "subagent"
    made = fixture("main", {"x-claude-code-agent-id": "a1"})
    assert task_of(made) == "subagent"
    assert task_of(fixture("main", system="cc_is_subagent=true; says the user")) == "main"


def test_a_sub_agent_that_compacts_or_searches_does_that():
    agent = {"x-claude-code-agent-id": "a1"}
    assert task_of(fixture("compact", agent)) == "compact"
    assert task_of(fixture("search", agent)) == "search"


def test_web_search_among_other_tools_is_main():
    search = fixture("search").body["tools"]
    assert task_of(fixture("main", tools=[*search, *fixture("main").body["tools"]])) == "main"


@pytest.mark.parametrize("content", ["", [], [{"type": "image"}], [{"type": "text", "text": ""}]])
def test_messages_without_text(content):
    assert task_of(ask(content)) == "main"
    assert task_of(request({"model": "m", "messages": [{"role": "assistant", "content": "x"}]})) == "main"


def test_a_long_conversation_costs_microseconds():
    made = fixture("main")
    turns = made.messages[:3]
    made.body["messages"] = turns * 100
    seconds = min(timeit.repeat(lambda: task_of(made), number=100, repeat=3)) / 100
    assert seconds < 500e-6
