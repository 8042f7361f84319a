"""A model without the server's tools is told so; otherwise it would make up what it was to find."""

from __future__ import annotations

import json
from typing import Any

import pytest

from support.messages_wire import ANTHROPIC, NATIVE
from translators import anthropic, gemini, openai_chat, openai_responses
from translators.anthropic_request import read_request
from translators.profile import Profile
from translators.wire import Target

SEARCH = {"type": "web_search_20250305", "name": "web_search", "max_uses": 8}
READ = {"name": "read", "input_schema": {"type": "object"}}
OTHERS = [(anthropic, NATIVE), (openai_chat, {}), (openai_responses, {}), (gemini, {})]


def written(dialect: Any, facts: dict[str, Any], *tools: Any, **fields: Any) -> str:
    body = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "a"}], "tools": tools}
    request = read_request(json.dumps(body | fields).encode(), {})
    return dialect.write_request(request, Target("m", Profile(**facts))).body.decode()


@pytest.mark.parametrize(("dialect", "facts"), OTHERS)
@pytest.mark.parametrize("system", [None, "Be brief.", [{"type": "text", "text": "Be brief."}]])
def test_it_is_said_which_tool_is_missing(dialect, facts, system):
    body = written(dialect, facts, READ, SEARCH, SEARCH, system=system)
    assert body.count("There is no tool here for: web_search.") == 1
    assert ("Be brief." in body) == (system is not None)


@pytest.mark.parametrize(("dialect", "facts"), OTHERS)
@pytest.mark.parametrize(
    "tool", [READ, {"type": "custom", **READ}, {"type": "bash_20250124", "name": "bash"}]
)
def test_nothing_is_said_of_tools_that_the_client_runs(dialect, facts, tool):
    assert "no tool here" not in written(dialect, facts, tool)


def test_anthropic_has_them():
    body = json.loads(written(anthropic, ANTHROPIC, SEARCH))
    assert body["tools"] == [SEARCH]
    assert "system" not in body
