"""Requests as the Responses API takes them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from translators.openai_responses import write_request
from translators.openai_responses.reasoning import opened, sealed
from translators.profile import Profile
from translators.request import Request
from translators.wire import Target

HELLO = [{"role": "user", "content": "Hi"}]
THINKER = Profile(dialect="openai-responses", thinking_switch="effort", inline_system=True)
READ = {"name": "Read", "description": "Reads.", "input_schema": {"type": "object", "$schema": "x"}}


def written(
    profile: Profile = THINKER, *, without: frozenset[str] = frozenset(), **fields: Any
) -> dict[str, Any]:
    request = Request({"model": "m", "max_tokens": 500, "messages": HELLO} | fields, "m", "m")
    wire = write_request(request, Target("gpt-x", profile, without=without))
    assert wire.path == "/responses"
    return json.loads(wire.body)


def items(*messages: dict[str, Any], profile: Profile = THINKER, **fields: Any) -> list[dict[str, Any]]:
    return written(profile, messages=list(messages), **fields)["input"]


def use(tool_id: str, **given: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": tool_id, "name": "Read", "input": given}


def result(tool_id: str, content: Any) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": tool_id, "content": content}


def test_a_plain_request():
    system = [
        {"type": "text", "text": "x-anthropic-billing-header: a=b;"},
        {"type": "text", "text": "Be brief."},
    ]
    assert written(system=system, temperature=1, top_k=3, stop_sequences=["X"]) == {
        "model": "gpt-x",
        "stream": True,
        "store": False,
        "instructions": "Be brief.",
        "input": [{"type": "message", "role": "user", "content": "Hi"}],
        "max_output_tokens": 500,
        "temperature": 1,
        "reasoning": {"effort": "none"},
        "include": ["reasoning.encrypted_content"],
    }


def test_tools_are_flat_and_not_strict():
    body = written(
        tools=[READ], tool_choice={"type": "tool", "name": "Read", "disable_parallel_tool_use": True}
    )
    assert body["tools"] == [
        {
            "type": "function",
            "name": "Read",
            "description": "Reads.",
            "parameters": {"type": "object", "properties": {}},
            "strict": False,
        }
    ]
    assert body["tool_choice"] == {"type": "function", "name": "Read"}
    assert body["parallel_tool_calls"] is False


def test_long_tool_names_are_aliased_in_declarations_and_calls():
    name = "mcp__" + "x" * 80
    call = {"type": "tool_use", "id": "t1", "name": name, "input": {}}
    body = written(
        tools=[{**READ, "name": name}],
        messages=[
            *HELLO,
            {"role": "assistant", "content": [call]},
            {"role": "user", "content": [result("t1", "ok")]},
        ],
    )
    alias = body["tools"][0]["name"]
    assert len(alias) <= 64
    assert body["input"][1]["name"] == alias


@pytest.mark.parametrize(
    ("fields", "profile", "reasoning"),
    [
        ({"thinking": {"type": "adaptive"}, "output_config": {"effort": "high"}}, THINKER, ("high", "auto")),
        ({"thinking": {"type": "adaptive"}, "output_config": {"effort": "max"}}, THINKER, ("high", "auto")),
        ({"thinking": {"type": "enabled", "budget_tokens": 4000}}, THINKER, ("low", "auto")),
        ({"thinking": {"type": "adaptive"}}, THINKER, (None, "auto")),
        ({}, THINKER, ("none", None)),
        ({}, Profile(thinking_switch="effort", thinking="always"), ("low", None)),
        ({"thinking": {"type": "adaptive"}}, Profile(thinking_switch="effort", thinking="never"), None),
        ({"thinking": {"type": "adaptive"}}, Profile(), None),
    ],
)
def test_how_hard_to_think(fields, profile, reasoning):
    told = written(profile, **fields).get("reasoning")
    assert (told and (told.get("effort"), told.get("summary"))) == reasoning


def test_a_model_that_never_thinks_is_not_asked_for_its_reasoning():
    assert "include" not in written(Profile(thinking="never"))


def test_a_schema_becomes_the_format_of_the_text():
    schema = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
    schema["additionalProperties"] = False
    body = written(output_config={"format": {"type": "json_schema", "schema": schema}})
    assert body["text"]["format"] == {
        "type": "json_schema",
        "name": "output",
        "schema": schema,
        "strict": True,
    }


def test_few_tokens_are_raised_to_the_fewest_the_api_takes():
    assert written(max_tokens=1)["max_output_tokens"] == 16


def test_what_the_upstream_refused_is_left_out():
    thinking = {"type": "adaptive"}
    body = written(without=frozenset({"reasoning.summary", "temperature"}), temperature=1, thinking=thinking)
    assert "reasoning" not in body
    assert "temperature" not in body
    assert "include" not in written(without=frozenset({"reasoning.encrypted_content"}))
    assert "top_p" not in written(Profile(drop=("top_p",)), top_p=0.5)
    refused = written(without=frozenset({"tools"}), tools=[READ], tool_choice={"type": "any"})
    assert {"tools", "tool_choice"}.isdisjoint(refused)


def test_results_come_before_everything_else_that_was_said_meanwhile():
    said = items(
        *HELLO,
        {"role": "assistant", "content": [{"type": "text", "text": "Look."}, use("t1", path="x"), use("t2")]},
        {"role": "system", "content": "Careful."},
        {"role": "user", "content": [{"type": "text", "text": "Go on."}, result("t1", "one")]},
    )
    assert [item.get("role") or item["type"] for item in said] == [
        "user",
        "assistant",
        "function_call",
        "function_call",
        "function_call_output",
        "function_call_output",
        "system",
        "user",
    ]
    assert [item["output"] for item in said[4:6]] == ["one", "(no result)"]
    assert json.loads(said[2]["arguments"]) == {"path": "x"}


def test_a_result_without_its_call_is_told_as_text():
    (message,) = items({"role": "user", "content": [result("t9", "late")]})
    assert message["role"] == "user"
    assert "t9" in message["content"]
    assert message["content"].endswith("late")


def test_images_and_documents():
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA=="}}
    file = {"type": "document", "title": "d", "source": {"type": "url", "url": "https://example.com/d.pdf"}}
    (message,) = items({"role": "user", "content": [image, file]}, profile=Profile(documents=True))
    assert message["content"] == [
        {"type": "input_image", "detail": "auto", "image_url": "data:image/png;base64,AA=="},
        {"type": "input_file", "file_url": "https://example.com/d.pdf"},
    ]


@pytest.mark.parametrize("inside", [True, False])
def test_images_of_results_stay_inside_or_follow(inside):
    image = {"type": "image", "source": {"type": "url", "url": "https://example.com/i.png"}}
    said = items(
        *HELLO,
        {"role": "assistant", "content": [use("t1")]},
        {"role": "user", "content": [result("t1", [{"type": "text", "text": "Seen."}, image])]},
        profile=Profile(tool_images=inside),
    )
    seen, heading = (
        {"type": "input_text", "text": "Seen."},
        {"type": "input_text", "text": "[Output of Read, call t1]"},
    )
    shown = {"type": "input_image", "detail": "auto", "image_url": "https://example.com/i.png"}
    assert said[2]["output"] == ([seen, shown] if inside else "Seen.")
    assert [item["content"] for item in said[3:]] == ([] if inside else [[heading, shown]])


def answer_with(signature: str, *, data: str | None = None) -> dict[str, Any]:
    thought = {"type": "thinking", "thinking": "Hm.", "signature": signature}
    blocks = [{"type": "redacted_thinking", "data": data}] if data else [thought]
    return {"role": "assistant", "content": [*blocks, {"type": "text", "text": "Yes."}]}


def test_reasoning_goes_back_to_the_model_it_came_from():
    first, reasoning, *_ = items(*HELLO, answer_with(sealed("gAAA", "gpt-x")))
    assert first["role"] == "user"
    assert reasoning == {
        "type": "reasoning",
        "summary": [{"type": "summary_text", "text": "Hm."}],
        "encrypted_content": "gAAA",
    }
    redacted = items(*HELLO, answer_with("", data=sealed("gBBB", "gpt-x")))[1]
    assert redacted == {"type": "reasoning", "summary": [], "encrypted_content": "gBBB"}


@pytest.mark.parametrize("signature", ["", "fcc.t.", "EqQBCg==", sealed("gAAA", "gpt-y"), "fcc.r."])
def test_foreign_reasoning_stays_behind(signature):
    assert [item["type"] for item in items(*HELLO, answer_with(signature))] == ["message", "message"]


def test_nothing_is_replayed_to_an_upstream_that_refused_it():
    message = answer_with(sealed("gAAA", "gpt-x"))
    body = written(messages=[*HELLO, message], without=frozenset({"include"}))
    assert [item["type"] for item in body["input"]] == ["message", "message"]


def test_open_reasoning_goes_back_where_the_model_wants_it():
    reasoning = items(*HELLO, answer_with("fcc.t."), profile=Profile(replay="reasoning_content"))[1]
    assert reasoning["content"] == [{"type": "reasoning_text", "text": "Hm."}]


def test_reasoning_keeps_its_place_before_what_came_of_it():
    content = [
        {"type": "thinking", "thinking": "One.", "signature": sealed("g1", "gpt-x")},
        {"type": "text", "text": "Look."},
        {"type": "thinking", "thinking": "Two.", "signature": sealed("g2", "gpt-x")},
        use("t1"),
    ]
    said = items(*HELLO, {"role": "assistant", "content": content})[1:]
    assert [item["type"] for item in said] == [
        "reasoning",
        "message",
        "reasoning",
        "function_call",
        "function_call_output",
    ]


def test_an_answer_of_thinking_alone_is_left_out():
    thought = {"type": "thinking", "thinking": "Hm.", "signature": sealed("g", "gpt-x")}
    assert len(items(*HELLO, {"role": "assistant", "content": [thought]})) == 1


def test_a_seal_opens_for_its_own_model_only():
    assert opened(sealed("content", "a"), "a") == "content"
    assert opened(sealed("content", "a"), "b") is None
    assert opened(None, "a") is None
