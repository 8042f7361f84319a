"""What answers mean: every row of the failure table, the wordings of each provider, and what must never be shown."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.classify import failure_of_fault, failure_of_response
from providers.failures import OUTCOMES
from providers.presets import catalogue
from providers.rows import rows_of
from providers.said import LONGEST, clean, said
from support.refusals import NOW, classified, openai
from translators.events import Fault

STATUSES = [
    (101, "malformed"),
    (199, "malformed"),
    (204, "empty"),
    (205, "malformed"),
    (300, "not_found"),
    (301, "not_found"),
    (302, "not_found"),
    (304, "empty"),
    (307, "not_found"),
    (308, "not_found"),
    (399, "not_found"),
    (400, "bad_request"),
    (401, "auth"),
    (402, "credit"),
    (403, "auth"),
    (404, "not_found"),
    (405, "not_found"),
    (406, "bad_request"),
    (408, "server_error"),
    (409, "server_error"),
    (410, "not_found"),
    (413, "overflow"),
    (415, "bad_request"),
    (422, "bad_request"),
    (425, "server_error"),
    (429, "rate_limit"),
    (451, "refused"),
    (500, "server_error"),
    (501, "server_error"),
    (502, "server_error"),
    (503, "server_error"),
    (504, "server_error"),
    (520, "server_error"),
    (521, "server_error"),
    (522, "server_error"),
    (523, "server_error"),
    (524, "server_error"),
    (525, "server_error"),
    (526, "server_error"),
    (527, "server_error"),
    (528, "server_error"),
    (529, "overloaded"),
    (599, "server_error"),
    (600, "malformed"),
    (999, "malformed"),
    (0, "malformed"),
]


@pytest.mark.parametrize(("status", "kind"), STATUSES)
@pytest.mark.parametrize("body", [b"", b"<html><b>no</b></html>", b'{"error":{"message":"no"}}', b"\xff\xfe"])
def test_a_status_alone(status: int, kind: str, body: bytes) -> None:
    failure = classified(status, body)
    assert failure.kind == kind
    assert failure.status == status
    assert failure.message
    assert "<" not in failure.message


@pytest.mark.parametrize("status", [503, 529])
def test_a_time_to_wait_means_overload(status: int) -> None:
    failure = classified(status, b"<html>", retry_after="20")
    assert (failure.kind, failure.retry_after) == ("overloaded", 20.0)


@pytest.mark.parametrize("status", [500, 502, 504, 524])
def test_a_time_to_wait_does_not_excuse_other_errors(status: int) -> None:
    assert classified(status, b"", retry_after="20").kind == "server_error"


def test_the_end_of_a_rate_window_means_something_only_at_429() -> None:
    """Many providers send it with every answer."""
    window = {"x_ratelimit_reset_requests": "23m2s"}
    assert classified(429, **window).retry_after == 1382.0
    failure = classified(503, **window)
    assert (failure.kind, failure.retry_after) == ("server_error", None)
    assert classified(400, **window).retry_after is None


def test_a_row_of_the_user_comes_before_all_else() -> None:
    rows = rows_of([{"status": 400, "text": "Banana", "kind": "overloaded", "hint": "wait"}])
    failure = failure_of_response(400, {}, b'{"error":{"message":"a BANANA, prompt is too long"}}', rows, NOW)
    assert (failure.kind, failure.hint) == ("overloaded", "wait")
    assert failure_of_response(401, {}, b"banana", rows, NOW).kind == "auth"


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault("", "Overloaded", type="overloaded_error"), "overloaded"),
        (Fault("", "slow down", status=429), "rate_limit"),
        (Fault("", "too many", status=429, retry_after=12.0), "rate_limit"),
        (Fault("", "boom", type="api_error"), "server_error"),
        (Fault("", "boom"), "server_error"),
        (Fault("", "boom", status=502), "server_error"),
        (Fault("", "prompt is too long: 9 tokens > 8 maximum", type="invalid_request_error"), "overflow"),
        (Fault("", "no credit", status=402), "credit"),
        (Fault("", "wrong field", status=400), "bad_request"),
        (Fault("cut", "the stream ended"), "cut"),
        (Fault("malformed", "not JSON"), "malformed"),
        (Fault("empty", "nothing"), "empty"),
    ],
)
def test_errors_inside_a_good_answer(fault: Fault, kind: str) -> None:
    failure = failure_of_fault(fault, ())
    assert failure.kind == kind
    assert failure.status == fault.status
    if fault.retry_after:
        assert failure.retry_after == fault.retry_after


def test_an_error_inside_says_what_it_is_called_and_how_long_to_wait() -> None:
    bare = failure_of_fault(Fault("", " "), ())
    assert (bare.kind, bare.message) == ("server_error", "the upstream reported an error")
    assert (bare.type, bare.retry_after) == (None, None)
    named = failure_of_fault(Fault("", "Slow down.", type="odd", retry_after=5.0), ())
    assert (named.message, named.type, named.retry_after) == ("Slow down.", "odd", 5.0)


def test_the_type_is_the_one_that_told_it_or_else_the_first() -> None:
    body = b'{"error": {"type": "vague", "code": "exact", "message": "m"}}'
    for row, found in (
        ({"type": "exact"}, "exact"),
        ({"type": "vague"}, "vague"),
        ({"status": 400}, "vague"),
    ):
        rows = rows_of([{**row, "kind": "overloaded"}])
        failure = failure_of_response(400, {}, body, rows, NOW)
        assert (failure.kind, failure.type) == ("overloaded", found)
    assert classified(500, openai("boom", type="vague")).type == "vague"
    assert classified(500, openai("boom", type="vague", code="rate_limit_error")).type == "rate_limit_error"
    assert classified(413, openai("no", type="vague")).type == "vague"
    assert classified(400, openai("prompt is too long: 9 tokens > 8 maximum", type="vague")).type == "vague"
    assert classified(500).type is None


def test_a_length_is_looked_for_only_where_one_was_seen() -> None:
    assert classified(404, openai("prompt is too long: 9 tokens > 8 maximum")).kind == "not_found"
    assert classified(422, openai("prompt is too long: 9 tokens > 8 maximum")).kind == "overflow"


@pytest.mark.parametrize(
    ("status", "message"),
    [(500, "HTTP 500 Internal Server Error"), (597, "HTTP 597"), (418, "HTTP 418 I'm a Teapot")],
)
def test_a_status_is_named_when_it_has_a_name(status: int, message: str) -> None:
    assert classified(status).message == message


def test_a_refusal_of_content_condemns_nobody() -> None:
    failure = classified(400, openai("flagged", code="content_policy_violation"))
    assert failure.kind == "refused"
    assert failure.outcome.verdict is None
    assert failure.outcome.next == "any"
    assert classified(451).outcome.verdict is not None


def test_texts_are_one_short_line() -> None:
    failure = classified(400, openai("a\x00b\x1b[31m\nc\u202e\u2028" + "x" * 1000))
    assert failure.message.startswith("a b [31m c x")
    assert len(failure.message) == LONGEST
    assert failure.message.isprintable()


def test_pages_are_never_shown() -> None:
    page = b"\xef\xbb\xbf \n<!DOCTYPE html><title>Bad gateway secret</title>"
    for status in (404, 500, 502, 521):
        assert "secret" not in classified(status, page).message
        assert "secret" not in classified(status, openai("<html>secret</html>")).message
    assert classified(502, page).message == "HTTP 502 Bad Gateway"
    assert classified(521, page).message == "HTTP 521 Web Server Is Down"


@given(
    st.integers(0, 1000),
    st.binary(max_size=200),
    st.dictionaries(st.sampled_from(["retry-after"]), st.text()),
)
def test_any_answer_means_something(status: int, body: bytes, headers: dict[str, str]) -> None:
    failure = failure_of_response(status, headers, body, catalogue()["zen"].failures, NOW)
    assert failure.kind in OUTCOMES
    assert failure.message
    assert len(failure.message) <= LONGEST
    assert failure.message.isprintable()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["error", "message", "type", "code", "detail", "errors", "details", "metadata", "raw", "msg"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_any_json_can_be_read(value: object) -> None:
    words = said(json.dumps(value).encode())
    assert len(words.text) <= LONGEST
    assert all(isinstance(one, str) for one in words.types)


def test_deep_json_is_not_followed() -> None:
    assert said(b'{"error":' * 100_000).text
    assert said(b"[" * 100_000).text


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b'{"code": 401, "msg": "token invalid"}', "token invalid"),
        (b'{"base_resp": {"status_code": 1004, "status_msg": "login fail"}}', "login fail"),
        (b'{"error_code": 17, "error_msg": "daily limit"}', "daily limit"),
        (b'{"Message": "no such action"}', "no such action"),
        (b'{"fault": {"faultstring": "quota"}}', '{"fault":{"faultstring":"quota"}}'),
        (b'{"answer": "<html>secret</html>"}', ""),
        (b"{}", ""),
    ],
)
def test_texts_in_shapes_of_their_own(body: bytes, text: str) -> None:
    assert said(body).text == text


def test_clean() -> None:
    assert clean("  a \t b\r\n") == "a b"
    assert clean("x" * 10, 5) == "xxxx…"
    assert clean("\ud800") == ""
