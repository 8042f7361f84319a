"""Requests in the dialect `gemini`, field by field."""

from __future__ import annotations

import json
from typing import Any

import pytest

from translators import gemini
from translators.gemini.signatures import STAND_IN, sealed
from translators.profile import Profile
from translators.request import Request
from translators.wire import Target

LEVELS = Profile(dialect="gemini", thinking_switch="effort", documents=True, tool_images=True)
BUDGETS = Profile(dialect="gemini", thinking_switch="budget")
PIXEL = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}
TOOL = {"name": "read", "description": "Reads a file", "input_schema": {"type": "object", "properties": {}}}


def written(
    *messages: Any, profile: Profile = LEVELS, target: dict[str, Any] | None = None, **fields: Any
) -> Any:
    body = {"model": "m", "max_tokens": 100, "messages": list(messages) or [user("hi")], **fields}
    request = Request(body, "m", "m")
    return json.loads(gemini.write_request(request, Target("m", profile, **(target or {}))).body)


def user(*content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content[0] if isinstance(content[0], str) else list(content)}


def model(*content: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": content[0] if isinstance(content[0], str) else list(content)}


def call(tool_id: str, name: str = "read", **arguments: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": tool_id, "name": name, "input": arguments}


def result(tool_id: str, content: Any = "done", **fields: Any) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": tool_id, "content": content, **fields}


def text(said: str) -> dict[str, Any]:
    return {"type": "text", "text": said}


@pytest.mark.parametrize(
    ("name", "stream", "path"),
    [
        ("gemini-x", True, "/models/gemini-x:streamGenerateContent?alt=sse"),
        ("gemini-x", False, "/models/gemini-x:generateContent"),
        ("models/gemini-x", False, "/models/gemini-x:generateContent"),
        ("tunedModels/mine", False, "/tunedModels/mine:generateContent"),
        ("odd?key=1#x", False, "/models/odd%3Fkey%3D1%23x:generateContent"),
    ],
)
def test_the_path_names_model_and_method(name: str, stream: bool, path: str) -> None:
    request = Request({"messages": [user("hi")]}, "m", "m")
    assert gemini.write_request(request, Target(name, stream=stream)).path == path


def test_system_text_goes_apart_and_later_system_messages_into_the_users() -> None:
    body = written(
        user("hi"),
        {"role": "system", "content": "Mind the gap."},
        system=[text("x-anthropic-billing-header: 1"), text("Be brief.")],
    )
    assert body["systemInstruction"] == {"parts": [{"text": "Be brief."}]}
    assert body["contents"] == [
        {
            "role": "user",
            "parts": [{"text": "hi"}, {"text": "<system-reminder>\nMind the gap.\n</system-reminder>"}],
        }
    ]


def test_neighbours_of_one_role_are_one_content() -> None:
    contents = written(user("a"), user("b"), model("c"), model("d"), user("e"))["contents"]
    assert [(content["role"], len(content["parts"])) for content in contents] == [
        ("user", 2),
        ("model", 2),
        ("user", 1),
    ]


def test_a_conversation_that_begins_with_the_model_gets_an_opening() -> None:
    assert [content["role"] for content in written(model("Hello."), user("Hi."))["contents"]] == [
        "user",
        "model",
        "user",
    ]


def test_results_come_first_in_the_order_of_the_calls_and_none_is_missing() -> None:
    contents = written(
        user("go"),
        model(call("a", path="x"), call("b"), call("c")),
        user(text("and hurry"), result("c", [text("C")]), result("a", "no such file", is_error=True)),
    )["contents"]
    assert contents[1]["parts"][0]["functionCall"] == {"id": "a", "name": "read", "args": {"path": "x"}}
    answers = [part.get("functionResponse") for part in contents[2]["parts"]]
    assert answers[:3] == [
        {"id": "a", "name": "read", "response": {"error": "no such file"}},
        {"id": "b", "name": "read", "response": {"output": "(no result)"}},
        {"id": "c", "name": "read", "response": {"output": "C"}},
    ]
    assert contents[2]["parts"][3] == {"text": "and hurry"}


def test_a_result_without_its_call_becomes_text() -> None:
    contents = written(user(result("gone", "left over")))["contents"]
    assert contents[0]["parts"] == [
        {"text": "[Result of an earlier tool call gone]"},
        {"text": "left over"},
    ]


@pytest.mark.parametrize("inside", [True, False])
def test_images_in_results_go_where_the_model_takes_them(inside: bool) -> None:
    profile = LEVELS if inside else BUDGETS
    contents = written(
        user("go"), model(call("a")), user(result("a", [text("seen"), PIXEL])), profile=profile
    )["contents"]
    media = {"inlineData": {"mimeType": "image/png", "data": "AAAA"}}
    answer = contents[2]["parts"][0]["functionResponse"]
    assert answer["response"] == {"output": "seen"}
    assert (answer.get("parts") == [media]) is inside
    after = contents[2]["parts"][1:]
    assert after == ([] if inside else [{"text": "[Output of read, call a]"}, media])


def test_media_go_inline_or_by_address() -> None:
    pdf = {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "BBBB"}}
    far = {"type": "image", "source": {"type": "url", "url": "https://pictures.example/a.png?x=1"}}
    assert written(user(PIXEL, pdf, far))["contents"][0]["parts"] == [
        {"inlineData": {"mimeType": "image/png", "data": "AAAA"}},
        {"inlineData": {"mimeType": "application/pdf", "data": "BBBB"}},
        {"fileData": {"fileUri": "https://pictures.example/a.png?x=1", "mimeType": "image/png"}},
    ]


def test_media_a_model_cannot_read_leave_a_note() -> None:
    blind = Profile(dialect="gemini", images=False)
    pdf = {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "BBBB"}}
    parts = written(user(PIXEL, pdf), profile=blind)["contents"][0]["parts"]
    assert [list(part) for part in parts] == [["text"], ["text"]]
    assert "BBBB" not in json.dumps(parts)


def test_a_signature_returns_to_the_part_after_it() -> None:
    thought = {"type": "thinking", "thinking": "hm", "signature": sealed("S1", "m")}
    hidden = {"type": "redacted_thinking", "data": sealed("S2", "m")}
    contents = written(
        user("go"), model(thought, text("So."), hidden, call("a"), call("b")), user(result("a"), result("b"))
    )["contents"]
    assert [part.get("thoughtSignature") for part in contents[1]["parts"]] == ["S1", "S2", None]
    assert "hm" not in json.dumps(contents)


@pytest.mark.parametrize("signature", [sealed("S1", "another"), "Anthropic's own", "", None])
def test_signatures_of_others_stay_behind(signature: str | None) -> None:
    thought = {"type": "thinking", "thinking": "hm", "signature": signature}
    contents = written(user("go"), model(thought, text("So.")), user("on"))["contents"]
    assert contents[1]["parts"] == [{"text": "So."}]


def test_calls_of_the_current_turn_without_a_signature_get_the_stand_in() -> None:
    contents = written(
        user("one"),
        model(call("a")),
        user(result("a")),
        model("Done."),
        user("two"),
        model(call("b"), call("c")),
        user(result("b"), result("c"), text("<system-reminder>x</system-reminder>")),
        model({"type": "redacted_thinking", "data": sealed("S", "m")}, call("d")),
        user(result("d")),
    )["contents"]
    signed = [
        [part.get("thoughtSignature") for part in content["parts"] if "functionCall" in part]
        for content in contents
        if content["role"] == "model"
    ]
    assert signed == [[None], [], [STAND_IN, None], ["S"]]


def test_models_that_check_no_signatures_get_no_stand_in() -> None:
    body = written(user("one"), model(call("a")), user(result("a")), profile=BUDGETS)
    assert STAND_IN not in json.dumps(body)


def test_tools_are_declared_with_names_the_upstream_takes() -> None:
    long = "mcp__" + "x" * 80
    request = Request(
        {
            "messages": [user("go"), model(call("a", long)), user(result("a"))],
            "tools": [
                TOOL,
                {**TOOL, "name": long},
                {**TOOL, "name": "DeferredToolPlaceholder"},
                {"type": "web_search_20250305", "name": "web_search"},
            ],
        },
        "m",
        "m",
    )
    wire = gemini.write_request(request, Target("m", LEVELS))
    body = json.loads(wire.body)
    names = [function["name"] for function in body["tools"][0]["functionDeclarations"]]
    assert names[0] == "read"
    assert len(names) == 2
    assert len(names[1]) <= 64
    assert wire.tool_names == {names[1]: long}
    assert body["contents"][1]["parts"][0]["functionCall"]["name"] == names[1]
    assert body["contents"][2]["parts"][0]["functionResponse"]["name"] == names[1]


@pytest.mark.parametrize(
    ("choice", "config"),
    [
        ({"type": "auto"}, {"mode": "AUTO"}),
        ({"type": "any", "disable_parallel_tool_use": True}, {"mode": "ANY"}),
        ({"type": "none"}, {"mode": "NONE"}),
        ({"type": "tool", "name": "read"}, {"mode": "ANY", "allowedFunctionNames": ["read"]}),
        ({"type": "tool", "name": "unknown"}, None),
        (None, None),
    ],
)
def test_the_choice_of_tools(choice: Any, config: Any) -> None:
    body = written(tools=[TOOL], tool_choice=choice)
    assert body.get("toolConfig") == (config and {"functionCallingConfig": config})


def test_a_model_without_tools_gets_none() -> None:
    profile = Profile(dialect="gemini", tools=False)
    body = written(tools=[TOOL], tool_choice={"type": "any"}, profile=profile)
    assert "tools" not in body
    assert "toolConfig" not in body


def test_limits_and_sampling() -> None:
    body = written(
        max_tokens=100_000,
        temperature=0.5,
        top_p=0.9,
        top_k=20,
        stop_sequences=["1", "2", "3", "4", "5", "6"],
        profile=Profile(dialect="gemini", output=8192),
    )
    assert body["generationConfig"] == {
        "maxOutputTokens": 8192,
        "temperature": 0.5,
        "topP": 0.9,
        "topK": 20,
        "stopSequences": ["1", "2", "3", "4", "5"],
    }


def on(budget: int = 10_000) -> dict[str, Any]:
    return {"type": "enabled", "budget_tokens": budget}


@pytest.mark.parametrize(
    ("facts", "asked", "target", "thinking"),
    [
        ({"thinking_switch": "budget"}, {"thinking": on()}, {}, (True, 10_000)),
        ({"thinking_switch": "budget"}, {"thinking": on(99_999)}, {}, (True, 24_576)),
        ({"thinking_switch": "budget"}, {"thinking": {"type": "adaptive"}}, {}, (True, -1)),
        ({"thinking_switch": "budget"}, {"thinking": on()}, {"effort": "low"}, (True, 1024)),
        ({"thinking_switch": "budget"}, {"thinking": on()}, {"budget": 2000}, (True, 2000)),
        ({"thinking_switch": "budget"}, {}, {}, (None, 0)),
        ({"thinking_switch": "budget"}, {"thinking": on()}, {"thinking": False}, (None, 0)),
        ({"thinking_switch": "budget", "thinking": "always"}, {}, {}, (None, 128)),
        ({"thinking_switch": "effort"}, {"thinking": on()}, {}, (True, None)),
        (
            {"thinking_switch": "effort"},
            {"thinking": on(), "output_config": {"effort": "max"}},
            {},
            (True, "high"),
        ),
        ({"thinking_switch": "effort"}, {}, {"thinking": True, "effort": "low"}, (True, "low")),
        ({"thinking_switch": "effort"}, {}, {}, (None, "minimal")),
        ({"thinking_switch": "effort", "thinking": "always"}, {}, {}, (None, "low")),
        ({"thinking_switch": "effort", "thinking": "never"}, {"thinking": on()}, {}, None),
        ({}, {"thinking": on()}, {}, None),
    ],
)
def test_thinking(facts: Any, asked: Any, target: Any, thinking: Any) -> None:
    config = written(profile=Profile(dialect="gemini", **facts), target=target, **asked)["generationConfig"]
    written_thinking = config.get("thinkingConfig")
    if thinking is None:
        assert written_thinking is None
        return
    shown, much = thinking
    assert written_thinking.get("includeThoughts") == shown
    assert written_thinking.get("thinkingBudget", written_thinking.get("thinkingLevel")) == much


FORMAT = {"format": {"type": "json_schema", "schema": {"type": "object", "properties": {"a": {"const": 1}}}}}


def test_json_answers() -> None:
    config = written(output_config=FORMAT)["generationConfig"]
    assert config["responseMimeType"] == "application/json"
    assert config["responseJsonSchema"]["properties"] == {"a": {"enum": [1]}}
    older = written(output_config=FORMAT, target={"without": frozenset({"responseJsonSchema"})})
    assert older["generationConfig"]["responseSchema"]["properties"] == {
        "a": {"type": "string", "enum": ["1"]}
    }


def test_older_models_do_not_answer_in_json_beside_functions() -> None:
    assert (
        "responseMimeType"
        not in written(output_config=FORMAT, tools=[TOOL], profile=BUDGETS)["generationConfig"]
    )
    assert "responseMimeType" in written(output_config=FORMAT, profile=BUDGETS)["generationConfig"]


def test_fields_the_upstream_refused_are_left_out_wherever_they_stand() -> None:
    messages = (user("go"), model(call("a")), user(result("a")))
    refused = frozenset({"id", "topK", "thinkingLevel", "systemInstruction", "thoughtSignature"})
    body = written(
        *messages,
        system="Be brief.",
        top_k=5,
        thinking=on(),
        output_config={"effort": "low"},
        target={"without": refused},
    )
    said = json.dumps(body)
    assert not [name for name in refused if f'"{name}"' in said]
    assert body["generationConfig"]["thinkingConfig"] == {"includeThoughts": True}


def test_fields_of_the_profile_are_added() -> None:
    extra = {"safetySettings": [], "generationConfig": {"seed": 7}}
    body = written(profile=Profile(dialect="gemini", extra=extra))
    assert body["safetySettings"] == []
    assert body["generationConfig"] == {"seed": 7, "maxOutputTokens": 100}
