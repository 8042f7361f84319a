"""Large bodies are decoded in pieces: they come to the same, and what is too much is refused before it is decoded."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from translators import inbound_chat, inbound_responses
from translators.anthropic_request import DEEPEST, MOST_VALUES, _without_halves, read_request
from translators.crowded import crowded
from translators.lenient_json import text_of
from translators.request import Request, RequestError

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


@pytest.mark.parametrize(
    "crowd",
    [
        b'{"metadata": [%s1]}' % (b"1.5," * MOST_VALUES),
        b'{"metadata": [%s1]}' % (b"{}," * MOST_VALUES),
        b'{"tools": [%s1]}' % (b"[]," * MOST_VALUES),
        b'{"messages": [%s1]}' % (b'"",' * MOST_VALUES),
        b'{"messages": [{"role": "user", "content": [%s1]}]}' % (b"[1]," * MOST_VALUES),
        b'{"a": 1%s}' % (b',"b":2' * MOST_VALUES),
        b'{"metadata": [%s1' % (b"1.5," * MOST_VALUES),
    ],
    ids=["numbers", "objects", "tools", "messages", "blocks", "fields", "no JSON"],
)
@pytest.mark.parametrize("read", [read_request, inbound_chat.read_request, inbound_responses.read_request])
def test_a_crowd_of_values_is_refused_before_it_is_decoded(
    crowd: bytes, read: Callable[[bytes, dict[str, str]], Request], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("translators.anthropic_request._fields", lambda _: pytest.fail("it was decoded"))
    with pytest.raises(RequestError, match=f"more than {MOST_VALUES} values"):
        read(crowd, {})


@pytest.mark.parametrize(
    "text", [",[{" * 300_000, '","[{' * 200_000, "\\" * 900_001 + ",", '\\",' * 300_000, "ä,😀,\n" * 200_000]
)
def test_what_stands_in_texts_is_no_value(text: str) -> None:
    data = body([{"role": "user", "content": text}])
    assert read_request(data, {}).messages == [{"role": "user", "content": text}]


def test_the_largest_conversation_has_room() -> None:
    """20,000 calls and their results are more than the window of any model takes."""
    call = {"type": "tool_use", "id": "toolu_1", "name": "Read", "input": {"path": "a", "limit": 5}}
    result = {
        "type": "tool_result",
        "tool_use_id": "toolu_1",
        "content": [{"type": "text", "text": "x" * 20}],
    }
    turns = [{"role": "assistant", "content": [call] * 2}, {"role": "user", "content": [result] * 2}]
    assert len(read_request(body(turns * 5_000), {}).messages) == 10_000


@settings(max_examples=40)
@given(
    st.recursive(
        st.none() | st.integers() | st.text(alphabet='\\",[{}:ab\u00e4'),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(alphabet='\\",[{'), inner),
    ),
    st.sampled_from([2, 3, 7, 64]),
    st.booleans(),
)
def test_values_are_counted_as_they_are(value: Any, window: int, ascii_only: bool) -> None:
    def signs(value: Any) -> int:
        if not isinstance(value, list | dict):
            return 0
        inner = value.values() if isinstance(value, dict) else value
        return max(len(value), 1) + sum(map(signs, inner))

    text = json.dumps(value, ensure_ascii=ascii_only).encode()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("translators.crowded._WINDOW", window)
        assert not crowded(text, signs(value))
        assert not signs(value) or crowded(text, signs(value) - 1)


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
