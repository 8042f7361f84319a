"""What models of Chat Completions upstreams want back with their calls comes back to them, and to nobody else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from support import grammar, replies
from translators.anthropic_request import read_request
from translators.dialects import speaker
from translators.openai_chat.calls import Call
from translators.openai_chat.carried import Details, give_back
from translators.profile import Profile
from translators.wire import Target

CHAT = Profile(dialect="openai-chat")
DETAILS = replies.FIXTURES / "openai_chat/67-reasoning-details-with-calls.sse"
SIGNED = replies.FIXTURES / "openai_chat/67-call-with-thought-signature.sse"


def next_turn(path: Any, target: Target) -> tuple[Any, list[str]]:
    """The assistant message of the turn after an answer, as sent to `target`, and the ids of its calls."""
    events = replies.events_of(path, [path.read_bytes()])
    content = grammar.check_stream(replies.streamed(path, events), replies.asked(path)[0])["content"]
    calls = [block["id"] for block in content if block["type"] == "tool_use"]
    results = [{"type": "tool_result", "tool_use_id": call, "content": "1"} for call in calls]
    messages = [
        {"role": "user", "content": "Read them."},
        {"role": "assistant", "content": content},
        {"role": "user", "content": results},
    ]
    body = {"model": "m", "max_tokens": 9, "messages": messages}
    wire = speaker(target.profile.dialect).write_request(read_request(json.dumps(body).encode(), {}), target)
    return json.loads(wire.body), calls


def test_reasoning_details_come_back_with_the_ids_of_this_turn() -> None:
    body, calls = next_turn(DETAILS, Target("model", CHAT))
    message = body["messages"][1]
    assert message["reasoning_details"] == [
        {"type": "reasoning.text", "text": "Two files.", "index": 0, "format": "google-gemini-v1"},
        {
            "type": "reasoning.encrypted",
            "data": "c2VhbA==",
            "id": calls[0],
            "index": 0,
            "format": "google-gemini-v1",
        },
    ]
    assert [call["id"] for call in message["tool_calls"]] == calls


def test_a_thought_signature_comes_back_on_its_call() -> None:
    body, _ = next_turn(SIGNED, Target("model", CHAT))
    first, second = body["messages"][1]["tool_calls"]
    assert first["extra_content"] == {"google": {"thought_signature": "c2VhbA=="}}
    assert "extra_content" not in second


@pytest.mark.parametrize("path", [DETAILS, SIGNED], ids=["details", "signature"])
@pytest.mark.parametrize(
    "target",
    [
        Target("other", CHAT),
        Target("model", CHAT, without=frozenset({"reasoning_details"})),
        Target("model", CHAT, without=frozenset({"extra_content"})),
        Target("model", Profile(dialect="openai-responses")),
        Target("model", Profile(dialect="gemini")),
        Target("model", Profile(dialect="anthropic")),
        Target("model", Profile(dialect="anthropic", first_party=True)),
    ],
    ids=["model", "details", "extra", "responses", "gemini", "messages", "anthropic"],
)
def test_nobody_else_gets_it(path: Any, target: Target) -> None:
    sent = json.dumps(next_turn(path, target)[0])
    assert "c2VhbA==" not in sent
    assert "fcc.c." not in sent
    assert "redacted_thinking" not in sent


@pytest.mark.parametrize(
    "mark", [None, 7, "", "fcc.c.", "fcc.c.9f86d081884c.!", "fcc.c.9f86d081884c.e30=", "abc"]
)
def test_what_is_not_ours_changes_nothing(mark: Any) -> None:
    message: dict[str, Any] = {"role": "assistant", "tool_calls": [{"id": "a"}]}
    give_back(message, mark, "test")
    assert message == {"role": "assistant", "tool_calls": [{"id": "a"}]}


def test_reasoning_that_can_be_read_or_is_endless_is_not_carried() -> None:
    plain, endless = Details(), Details()
    plain.add([{"type": "reasoning.text", "text": "Hm.", "index": 0}])
    plain.add("odd")
    assert plain.sealed([Call()], "model") is None
    for _ in range(600):
        endless.add([{"type": "reasoning.encrypted", "data": "x" * 1000}, {"data": "y" * 1000}])
    assert endless.sealed([Call()], "model") is None
