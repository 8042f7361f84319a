"""Bodies of the Messages API: what is taken as it comes, what is refused and in which words."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translators.anthropic_request import DEEPEST, MOST_MESSAGES, MOST_TOOLS, read_count_request, read_request
from translators.request import Request, RequestError

HELLO = [{"role": "user", "content": "Hi"}]


def body(**fields) -> dict:
    return {"model": "zen/big-pickle", "max_tokens": 5, "messages": HELLO} | fields


def read(fields: object) -> Request:
    return read_request(json.dumps(fields).encode(), {"x-app": "cli"})


def test_a_request_is_kept_as_it_was_sent():
    fields = body(
        model="anthropic/zen/big-pickle (no thinking)",
        stream=True,
        tools=[{"name": "Read", "input_schema": {"type": "object"}, "defer_loading": True}],
        system=[{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
        safeguards=[{"type": "dangerous_tool_use"}],
        messages=[*HELLO, {"role": "system", "content": "x", "output_config": {"effort": "high"}}],
        metadata={"user_id": "{}"},
        thinking=None,
    )
    request = read(fields)
    assert request.body == fields
    assert (request.asked, request.model, request.no_thinking) == (fields["model"], "zen/big-pickle", True)
    assert (request.stream, request.max_tokens, request.messages) == (True, 5, fields["messages"])
    assert request.headers == {"x-app": "cli"}
    assert request.size == len(json.dumps(fields))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ([], "The request body should be a JSON object"),
        (3, "The request body should be a JSON object"),
        ({}, "model: Field required"),
        (body(model=None), "model: Field required"),
        (body(model=3), "model: Input should be a valid string"),
        (body(model=""), "model: String should have 1 to 256 characters"),
        (body(model="x" * 257), "model: String should have 1 to 256 characters"),
        ({"model": "x", "messages": HELLO}, "max_tokens: Field required"),
        (body(max_tokens="5"), "max_tokens: Input should be a valid integer"),
        (body(max_tokens=True), "max_tokens: Input should be a valid integer"),
        (body(max_tokens=1.5), "max_tokens: Input should be a valid integer"),
        (body(max_tokens=0), "max_tokens: Input should be greater than or equal to 1"),
        ({"model": "x", "max_tokens": 5}, "messages: Field required"),
        (body(messages=[]), "messages: at least one message is required"),
        (body(messages="x"), "messages: Input should be a valid list"),
        (body(messages=["x"]), "messages.0: Input should be an object"),
        (body(messages=[*HELLO, {}]), "messages.1.role: Input should be 'user', 'assistant' or 'system'"),
        (body(messages=[{"role": "user"}]), "messages.0.content: Field required"),
        (
            body(messages=[{"role": "user", "content": 3}]),
            "messages.0.content: Input should be a valid string or list",
        ),
        (
            body(messages=[{"role": "user", "content": ["x"]}]),
            "messages.0.content.0: Input should be an object",
        ),
        (body(messages=[{"role": "user", "content": [{}]}]), "messages.0.content.0.type: Field required"),
        (
            body(messages=[{"role": "user", "content": [{"type": "text"}]}]),
            "messages.0.content.0.text: Input should be a valid string",
        ),
        (
            body(messages=HELLO * (MOST_MESSAGES + 1)),
            f"messages: List should have at most {MOST_MESSAGES} items",
        ),
        (body(system=3), "system: Input should be a valid string or list"),
        (body(system=[{"type": "text", "text": None}]), "system.0.text: Input should be a valid string"),
        (body(tools={}), "tools: Input should be a valid list"),
        (body(tools=["x"]), "tools.0: Input should be an object"),
        (body(tools=[{"name": 3}]), "tools.0.name: Input should be a valid string"),
        (
            body(tools=[{"name": "x"}] * (MOST_TOOLS + 1)),
            f"tools: List should have at most {MOST_TOOLS} items",
        ),
        (body(stop_sequences="x"), "stop_sequences: Input should be a valid list of strings"),
        (body(stop_sequences=[3]), "stop_sequences: Input should be a valid list of strings"),
    ],
)
def test_what_is_not_a_request_is_refused_in_the_words_of_the_api(fields, message):
    for _ in range(2):
        with pytest.raises(RequestError) as refused:
            read(fields)
        assert (refused.value.message, refused.value.status) == (message, 400)
        assert refused.value.type == "invalid_request_error"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"{not json",
        b"\xff",
        b'{"model": "\xff"}',
        b'{"a": NaN}',
        b'{"a": 1e999}',
        b'{"a": ' + b"9" * 5000 + b"}",
    ],
)
def test_what_is_not_json_is_refused(data):
    with pytest.raises(RequestError, match="not valid JSON") as refused:
        read_request(data, {})
    assert refused.value.status == 400


@pytest.mark.parametrize("opening", ['{"a":', "["])
@pytest.mark.parametrize("name", ["tools", "metadata", "messages"])
def test_bodies_are_at_most_so_deep(opening, name):
    closing = "}" if opening[0] == "{" else "]"

    def nested(levels: int) -> bytes:
        fields = {key: value for key, value in body().items() if key != name}
        deep = opening * levels + "1" + closing * levels
        return (json.dumps(fields)[:-1] + f', "{name}": {deep}}}').encode()

    for levels in (DEEPEST, 500, 100_000):
        with pytest.raises(RequestError, match=f"deeper than {DEEPEST} levels"):
            read_count_request(nested(levels), {})
    if name == "metadata":
        assert read_count_request(nested(DEEPEST - 1), {}).body["metadata"]
    else:
        with pytest.raises(RequestError) as refused:
            read_count_request(nested(DEEPEST - 1), {})
        assert "deeper" not in refused.value.message


@pytest.mark.parametrize("text", ["half \ud83d", "\udc00 a", "\ud83d\ude00 \ud83d"])
def test_lone_surrogates_become_replacement_characters(text):
    fields = body(messages=[{"role": "user", "content": text}], tools=[{"name": "x", "description": text}])
    mended = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    for data in (
        json.dumps(fields).encode(),
        json.dumps(fields, ensure_ascii=False).encode("utf-8", "surrogatepass"),
    ):
        request = read_request(data, {})
        assert request.messages[0]["content"] == mended
        assert request.tools[0]["description"] == mended


def test_a_byte_order_mark_is_no_reason_to_refuse():
    assert read_request(b"\xef\xbb\xbf" + json.dumps(body()).encode(), {}).model == "zen/big-pickle"


def test_whole_numbers_may_be_written_with_a_point():
    assert read(body(max_tokens=5.0)).max_tokens == 5


def test_counting_needs_no_max_tokens():
    request = read_count_request(b'{"model": "x", "messages": [{"role": "user", "content": "Hi"}]}', {})
    assert request.messages == HELLO


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["type", "role", "content", "text"]), inner)
    ),
    max_leaves=6,
)


@given(
    st.dictionaries(
        st.sampled_from(["model", "max_tokens", "messages", "system", "tools", "stop_sequences", "x"]), JSON
    )
)
def test_any_json_is_read_or_refused(fields):
    try:
        request = read(body() | fields)
    except RequestError as error:
        said = error.message
    else:
        said = "messages"
        assert all(isinstance(message["role"], str) for message in request.messages)
    assert said.split(":")[0].split(".")[0] in (
        "messages",
        "model",
        "max_tokens",
        "system",
        "tools",
        "stop_sequences",
    )


@given(st.binary(max_size=40))
def test_any_bytes_are_refused_without_an_accident(data):
    with pytest.raises(RequestError):
        read_request(data, {})
