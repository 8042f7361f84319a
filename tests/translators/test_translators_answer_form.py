"""A client that wants JSON of a schema gets it asked for: in a field where the upstream has one, else in words."""

from __future__ import annotations

import json
from typing import Any

import pytest

from support.messages_wire import ANTHROPIC, NATIVE
from translators import anthropic, gemini, openai_chat, openai_responses
from translators.anthropic_request import read_request
from translators.inbound_chat import read_request as read_chat
from translators.profile import Profile
from translators.request import Request
from translators.wire import Target

SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
WORDS = json.dumps(SCHEMA, separators=(",", ":"))
REFUSALS = [(openai_chat, "response_format"), (openai_responses, "text.format"), (openai_responses, "text")]


def ask(**fields: Any) -> Request:
    form = {"type": "json_schema", "schema": SCHEMA}
    body = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "a"}]}
    return read_request(json.dumps(body | {"output_config": {"format": form}} | fields).encode(), {})


def written(dialect: Any, facts: dict[str, Any], *without: str, request: Request | None = None) -> str:
    target = Target("m", Profile(**facts), without=frozenset(without))
    return dialect.write_request(request or ask(system="Be brief."), target).body.decode()


def told_in_words(body: str) -> bool:
    return json.dumps(WORDS)[1:-1] in body and "Be brief." in body


@pytest.mark.parametrize(("dialect", "field"), REFUSALS)
def test_the_form_is_said_in_words_once_its_field_is_refused(dialect, field):
    assert not told_in_words(written(dialect, {}))
    after = written(dialect, {}, field)
    assert told_in_words(after)
    assert "json_schema" not in after


def test_gemini_is_told_in_words_what_it_has_no_field_for_or_refused():
    assert not told_in_words(written(gemini, {}))
    assert told_in_words(written(gemini, {}, "responseJsonSchema", "responseSchema"))
    tools = [{"name": "read", "input_schema": {"type": "object"}}]
    assert told_in_words(written(gemini, {}, request=ask(system="Be brief.", tools=tools)))
    levels = {"thinking": "switchable", "thinking_switch": "effort"}
    assert not told_in_words(written(gemini, levels, request=ask(system="Be brief.", tools=tools)))


@pytest.mark.parametrize("system", ["Be brief.", [{"type": "text", "text": "Be brief."}]])
def test_a_messages_upstream_that_is_not_anthropics_is_told_in_words(system):
    assert told_in_words(written(anthropic, NATIVE, request=ask(system=system)))
    plain = ask(system=system, output_config={"effort": "low"})
    assert not told_in_words(written(anthropic, NATIVE, request=plain))


def test_without_a_system_text_the_words_are_all_of_it():
    body = json.loads(written(anthropic, NATIVE, request=ask()))
    assert [WORDS in block["text"] for block in body["system"]] == [True]


@pytest.mark.parametrize("field", ["output_config", "output_config.format"])
def test_anthropic_is_told_in_words_once_it_has_refused_the_field(field):
    assert not told_in_words(written(anthropic, ANTHROPIC))
    assert told_in_words(written(anthropic, ANTHROPIC, field))


def test_the_name_that_openai_clients_give_a_schema_is_kept_from_anthropic():
    form = {"type": "json_schema", "json_schema": {"name": "A", "schema": SCHEMA, "strict": True}}
    asked = {"model": "m", "messages": [{"role": "user", "content": "a"}], "response_format": form}
    request = read_chat(json.dumps(asked).encode(), {})
    body = json.loads(written(anthropic, ANTHROPIC, request=request))
    assert body["output_config"]["format"] == {"type": "json_schema", "schema": SCHEMA}
    body = json.loads(written(openai_chat, {}, request=request))
    assert body["response_format"]["json_schema"]["name"] == "A"
