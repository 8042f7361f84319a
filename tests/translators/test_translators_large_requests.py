"""Large bodies are decoded in pieces: they come to the same, and what is too much is refused before it is decoded."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translators.anthropic_request import DEEPEST, MOST_BLOCKS, _without_halves, read_request
from translators.lenient_json import text_of
from translators.request import RequestError

PAD = "x" * 300_000
BLOCKS: list[Any] = [
    {"type": "text", "text": PAD},
    {"type": "tool_use", "id": "a", "name": "n", "input": {"b": [1, 2.5]}},
]


def body(messages: Any, **fields: Any) -> bytes:
    return json.dumps({"model": "m", "max_tokens": 1, "messages": messages, **fields}).encode()


@pytest.mark.parametrize(
    "messages",
    [
        [{"role": "user", "content": PAD}],
        [{"role": "user", "content": BLOCKS}, {"role": "assistant", "content": "short"}],
        [{"role": "user", "content": [{"type": "tool_result", "content": BLOCKS}], "more": [PAD]}],
        [{"role": "user", "content": "short"}] * 9_000,
        [{"role": "user", "content": [{"type": "text", "text": "ä😀"}] * 9_000}],
    ],
    ids=["text", "blocks", "nested", "many messages", "many blocks"],
)
def test_in_pieces_it_comes_to_the_same(messages: list[Any]) -> None:
    data = body(messages)
    assert len(data) > 256 * 1024
    assert read_request(data, {}).body == json.loads(data)


@pytest.mark.parametrize("per_message", [MOST_BLOCKS + 1, 25])
def test_blocks_are_counted_over_all_messages(per_message: int) -> None:
    block = {"type": "text", "text": "a"}
    messages = [{"role": "user", "content": [block] * per_message}] * (MOST_BLOCKS // per_message + 1)
    with pytest.raises(RequestError, match="at most 100000 content blocks"):
        read_request(body(messages), {})
    del messages[-1]
    assert not messages or len(read_request(body(messages), {}).messages) == MOST_BLOCKS // per_message


@pytest.mark.parametrize(
    ("messages", "said"),
    [
        ([PAD], "messages.0: Input should be an object"),
        ([{"role": "user", "content": [PAD]}], "messages.0.content.0: Input should be an object"),
        (
            [{"role": "user", "content": {"a": PAD}}],
            "messages.0.content: Input should be a valid string or list",
        ),
        ({"a": PAD}, "messages: Input should be a valid list"),
        ([{"role": "user", "content": "x"}] * 20_000, "messages: List should have at most 10000 items"),
    ],
)
def test_what_is_wrong_with_a_large_body_is_said_as_of_a_small_one(messages: Any, said: str) -> None:
    with pytest.raises(RequestError, match=f"^{said}"):
        read_request(body(messages), {})


@pytest.mark.parametrize("pad", ["", PAD])
@pytest.mark.parametrize("where", ["input", "content", "more"])
def test_depth_is_counted_from_the_top(pad: str, where: str) -> None:
    """Above the innermost are the body, the messages, the message, and for a block its list and itself."""

    def nested(levels: int) -> bytes:
        deep: Any = []
        for _ in range(levels - 1):
            deep = [deep]
        block = {"type": "text", "text": pad}
        if where == "more":
            return body([{"role": "user", "content": [block], "more": deep}])
        return body([{"role": "user", "content": [block, {"type": "tool_use", where: deep}]}])

    above = 3 if where == "more" else 5
    assert read_request(nested(DEEPEST - above), {}).messages
    with pytest.raises(RequestError, match="deeper than"):
        read_request(nested(DEEPEST - above + 1), {})


PIECES = (r"\ud83d", r"\ude00", r"\uDBFF", r"\uDc00", r"\\", r"\n", r"\u0041", "u", "d83d", "a")


@given(st.lists(st.sampled_from(PIECES), max_size=9))
def test_halves_of_signs_are_replaced_as_by_the_lenient_reader(pieces: list[str]) -> None:
    data = f'["{"".join(pieces)}"]'.encode()
    assert json.loads(_without_halves(data)) == json.loads(text_of(json.loads(data)))
