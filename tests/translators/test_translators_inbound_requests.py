"""What OpenAI clients send, as canonical requests."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from translators import inbound_chat, inbound_responses, openai_chat, openai_responses
from translators.request import Request, RequestError
from translators.wire import Target

PNG = "data:image/png;base64,AA=="
USER = {"role": "user", "content": "Hi"}
READ = {
    "name": "read",
    "description": "Reads.",
    "parameters": {"type": "object", "properties": {}},
    "strict": True,
}
TEXT = {"type": "text", "text": "Hi"}


def chat(*messages: Any, **fields: Any) -> Request:
    body = {"model": "anthropic/zen/x", "messages": list(messages) or [USER], **fields}
    return inbound_chat.read_request(json.dumps(body).encode(), {"session-id": "1"})


def responses(*items: Any, **fields: Any) -> Request:
    body = {"model": "anthropic/zen/x", "input": list(items) or "Hi", **fields}
    return inbound_responses.read_request(json.dumps(body).encode(), {"session-id": "1"})


BOTH = pytest.mark.parametrize("read", [chat, responses])


@BOTH
def test_the_least_that_can_be_sent(read):
    request = read()
    assert request.body == {
        "model": "anthropic/zen/x",
        "max_tokens": 32_000,
        "messages": [{"role": "user", "content": [TEXT]}],
        "stream": False,
    }
    assert (request.asked, request.model, request.headers) == (
        "anthropic/zen/x",
        "zen/x",
        {"session-id": "1"},
    )
    assert request.size > 0


@BOTH
def test_unknown_fields_are_ignored(read):
    assert (
        read(seed=7, service_tier="auto", safety_identifier="x", logit_bias={}, store=True).body
        == read().body
    )


def test_a_type_that_is_null_is_the_usual_one():
    """Clients whose language has no absent fields write them as null."""
    said = {"type": None, **USER}
    assert responses(input=[said]).body == responses().body
    tool = {"type": None, "function": {"name": "read", "parameters": {"type": "object"}}}
    assert chat(tools=[tool]).body == chat(tools=[{**tool, "type": "function"}]).body


@BOTH
def test_a_limit_may_be_a_whole_number_with_a_point(read):
    name = "max_tokens" if read is chat else "max_output_tokens"
    limit = read(**{name: 500.0}).body["max_tokens"]
    assert (limit, type(limit)) == (500, int)
    with pytest.raises(RequestError, match="whole number"):
        read(**{name: 500.5})


@BOTH
def test_a_session_is_told_by_the_cache_key(read):
    user_id = read(prompt_cache_key="abc").body["metadata"]["user_id"]
    assert json.loads(user_id) == {"session_id": "abc"}


@BOTH
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b"{}",
        b'{"model": 7}',
        b'{"model": ""}',
        b'{"model": "m"}',
        b'{"model":"m","messages":[1],"input":[1]}',
    ],
)
def test_what_is_no_request(read, body):
    module = inbound_chat if read is chat else inbound_responses
    with pytest.raises(RequestError) as caught:
        module.read_request(body, {})
    assert caught.value.status == 400


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"n": 2}, "n"),
        ({"functions": [READ]}, "functions"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_completion_tokens": "9"}, "max_completion_tokens"),
        ({"messages": [{"role": "wizard", "content": "x"}]}, "role"),
        ({"messages": [{"role": "user", "content": [{"type": "input_audio"}]}]}, "audio"),
        ({"messages": [{"role": "user", "content": [{"type": "file", "file": {"file_id": "f"}}]}]}, "file"),
    ],
)
def test_what_chat_cannot_have(fields, word):
    with pytest.raises(RequestError, match=word):
        chat(**fields)


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"previous_response_id": "resp_1"}, "previous_response_id: nothing is stored here"),
        ({"conversation": "c"}, "conversation"),
        ({"prompt": {"id": "p"}}, "prompt"),
        ({"background": True}, "background"),
        ({"max_output_tokens": -1}, "max_output_tokens"),
        ({"input": [{"type": "item_reference", "id": "x"}]}, "item_reference"),
        ({"input": [{"role": "tool", "content": "x"}]}, "role"),
        ({"input": [{"role": "user", "content": [{"type": "input_image", "file_id": "f"}]}]}, "image"),
    ],
)
def test_what_responses_cannot_have(fields, word):
    with pytest.raises(RequestError, match=word):
        responses(**fields)


def test_a_conversation_of_chat():
    call = {"id": "c1", "type": "function", "function": {"name": "read", "arguments": '{"path": "x"}'}}
    custom = {"id": "c2", "type": "custom", "custom": {"name": "patch", "input": "***"}}
    request = chat(
        {"role": "system", "content": "Be brief."},
        {"role": "developer", "content": [{"type": "text", "text": "Be kind."}]},
        {
            "role": "user",
            "content": [TEXT, {"type": "image_url", "image_url": {"url": PNG, "detail": "low"}}],
        },
        {"role": "assistant", "content": "Look.", "reasoning_content": "Hm.", "tool_calls": [call, custom]},
        {"role": "tool", "tool_call_id": "c1", "content": "one"},
        {"role": "tool", "tool_call_id": "c2", "content": [{"type": "text", "text": "two"}]},
        {"role": "user", "content": "Go on."},
        {"role": "system", "content": "Hurry."},
        {"role": "assistant", "content": None, "refusal": "No."},
    )
    assert [block["text"] for block in request.body["system"]] == ["Be brief.", "Be kind."]
    assert request.messages == [
        {
            "role": "user",
            "content": [
                TEXT,
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA=="}},
            ],
        },
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "Hm.", "signature": "fcc.t."},
                {"type": "text", "text": "Look."},
                {"type": "tool_use", "id": "c1", "name": "read", "input": {"path": "x"}},
                {"type": "tool_use", "id": "c2", "name": "patch", "input": {"input": "***"}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "c1", "content": [{"type": "text", "text": "one"}]},
                {"type": "tool_result", "tool_use_id": "c2", "content": [{"type": "text", "text": "two"}]},
                {"type": "text", "text": "Go on."},
            ],
        },
        {"role": "system", "content": [{"type": "text", "text": "Hurry."}]},
        {"role": "assistant", "content": [{"type": "text", "text": "No."}]},
    ]


def test_a_conversation_of_codex():
    request = responses(
        {"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "Sandbox."}]},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hi"}]},
        {
            "type": "reasoning",
            "summary": [{"type": "summary_text", "text": "Hm."}],
            "encrypted_content": "sig==",
        },
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Look."}]},
        {"type": "function_call", "call_id": "c1", "name": "shell", "arguments": '{"command": ["ls"]}'},
        {"type": "custom_tool_call", "call_id": "c2", "name": "apply_patch", "input": "***"},
        {"type": "web_search_call", "id": "ws_1", "status": "completed"},
        {"type": "function_call_output", "call_id": "c1", "output": "a.txt"},
        {
            "type": "custom_tool_call_output",
            "call_id": "c2",
            "output": [{"type": "input_image", "image_url": PNG}],
        },
        instructions="You are Codex.",
        tools=[
            {"type": "function", **READ},
            {
                "type": "custom",
                "name": "apply_patch",
                "description": "P.",
                "format": {"definition": "start: x"},
            },
            {"type": "web_search"},
            {"type": "local_shell"},
        ],
        tool_choice="auto",
        parallel_tool_calls=False,
        reasoning={"effort": "medium", "summary": "auto"},
        include=["reasoning.encrypted_content"],
        prompt_cache_key="7",
        store=False,
        stream=True,
    )
    assert [block["text"] for block in request.body["system"]] == ["You are Codex.", "Sandbox."]
    assert [(message["role"], [b["type"] for b in message["content"]]) for message in request.messages] == [
        ("user", ["text"]),
        ("assistant", ["thinking", "text", "tool_use", "tool_use"]),
        ("user", ["tool_result", "tool_result"]),
    ]
    assert request.messages[1]["content"][0] == {"type": "thinking", "thinking": "Hm.", "signature": "sig=="}
    assert [tool["name"] for tool in request.tools] == ["read", "apply_patch"]
    assert request.tools[1]["input_schema"]["required"] == ["input"]
    assert request.tools[1]["description"].endswith("start: x")
    assert request.body["tool_choice"] == {"type": "auto", "disable_parallel_tool_use": True}
    assert request.body["thinking"]["type"] == "adaptive"
    assert request.body["output_config"] == {"effort": "medium"}
    assert request.stream


def test_instructions_alone_are_what_the_user_says():
    assert chat({"role": "system", "content": "Hi"}).messages == [{"role": "user", "content": [TEXT]}]


@pytest.mark.parametrize(
    ("choice", "flat", "canonical"),
    [
        ("auto", "auto", {"type": "auto"}),
        ("none", "none", {"type": "none"}),
        ("required", "required", {"type": "any"}),
        (
            {"type": "function", "function": {"name": "read"}},
            {"type": "function", "name": "read"},
            {"type": "tool", "name": "read"},
        ),
        (
            {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": []}},
            {"type": "allowed_tools", "mode": "required", "tools": []},
            {"type": "any"},
        ),
        (None, {"type": "web_search"}, None),
    ],
)
def test_the_choice_among_tools(choice, flat, canonical):
    nested = [{"type": "function", "function": READ}]
    assert chat(tools=nested, tool_choice=choice).body.get("tool_choice") == canonical
    assert (
        responses(tools=[{"type": "function", **READ}], tool_choice=flat).body.get("tool_choice") == canonical
    )
    assert "tool_choice" not in chat(tool_choice="required").body


@pytest.mark.parametrize(
    ("effort", "thinking", "config"),
    [
        (None, None, None),
        ("none", {"type": "disabled"}, None),
        ("minimal", {"type": "disabled"}, None),
        ("high", {"type": "adaptive", "display": "summarized"}, {"effort": "high"}),
    ],
)
def test_efforts(effort, thinking, config):
    for request in (chat(reasoning_effort=effort), responses(reasoning={"effort": effort})):
        assert (request.body.get("thinking"), request.body.get("output_config")) == (thinking, config)


def test_formats():
    schema = {"type": "object"}
    nested = {"type": "json_schema", "json_schema": {"name": "a", "schema": schema, "strict": True}}
    flat = {"format": {"type": "json_schema", "name": "a", "schema": schema}}
    for request in (chat(response_format=nested, reasoning_effort="low"), responses(text=flat)):
        assert request.body["output_config"]["format"] == {
            "type": "json_schema",
            "name": "a",
            "schema": schema,
        }
    assert chat(response_format=nested, reasoning_effort="low").body["output_config"]["effort"] == "low"
    for request in (
        chat(response_format={"type": "json_object"}),
        responses(text={"format": {"type": "json_object"}}),
    ):
        assert "JSON" in request.body["system"][-1]["text"]


def test_limits_and_sampling_of_chat():
    request = chat(max_tokens=9, max_completion_tokens=8, stop="X", temperature=1.7, top_p=0.5)
    fields = ("max_tokens", "stop_sequences", "temperature", "top_p")
    assert [request.body[name] for name in fields] == [8, ["X"], 1, 0.5]
    assert chat(stop=["X", 7]).body["stop_sequences"] == ["X"]


@pytest.mark.parametrize(
    ("arguments", "given_input"),
    [
        ('{"a": 1}', {"a": 1}),
        ("", {}),
        ("{'a': 1}", {"a": 1}),
        ('{"a": ', {"input": '{"a": '}),
        ({"a": 1}, {"a": 1}),
    ],
)
def test_arguments_of_earlier_calls_are_objects(arguments, given_input):
    call = {"type": "function_call", "call_id": "c", "name": "read", "arguments": arguments}
    assert responses(call).messages[0]["content"][0]["input"] == given_input


def test_what_makes_no_sense_is_ignored():
    tools = [{"type": "function", "function": READ}, {"type": ["x"]}]
    odd = {"type": "function", "function": {"name": 7}}
    request = chat(
        tools=tools, tool_choice=odd, stop=3, temperature=True, stream_options=1, response_format=[]
    )
    assert request.body.keys() == {"model", "max_tokens", "messages", "stream", "tools"}
    flat = responses(
        tools=[{"type": "function", **READ}], tool_choice={"type": "function", "name": "other"}, text=1
    )
    assert flat.body.keys() == request.body.keys()


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.sampled_from(["user", "tool", "text", "function", "x", ""]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["role", "content", "type", "text", "tool_calls", "function", "name", "output", "summary"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=10,
)


@settings(max_examples=150)
@given(st.dictionaries(
    st.sampled_from(["messages", "input", "tools", "tool_choice", "stop", "response_format", "text", "reasoning",
                     "reasoning_effort", "stream_options", "temperature", "instructions", "max_tokens"]), JSON
))  # fmt: skip
def test_whatever_is_sent_is_read_or_refused(fields):
    body = json.dumps({"model": "m", "messages": [USER], "input": [USER], **fields}).encode()
    for module in (inbound_chat, inbound_responses):
        try:
            request = module.read_request(body, {})
        except RequestError:
            continue
        assert request.messages
        for speaker in (openai_chat, openai_responses):
            assert json.loads(speaker.write_request(request, Target("m")).body)["model"] == "m"
