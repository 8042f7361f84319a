"""What answers mean: every row of the failure table, the wordings of each provider, and what must never be shown."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.classify import failure_of_fault, failure_of_response
from providers.failures import OUTCOMES, Failure
from providers.presets import catalogue
from providers.rejected import rejected_field
from providers.rows import rows_of
from providers.said import LONGEST, clean, said
from translators.events import Fault

NOW = 1_764_000_000.0


def classified(status: int, body: object = b"", preset: str | None = None, **headers: str) -> Failure:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return failure_of_response(status, named, data, catalogue()[preset].failures if preset else (), NOW)


def openai(message: str, **fields: object) -> dict[str, object]:
    return {"error": {"message": message, "param": None, **fields}}


def anthropic(kind: str, message: str) -> dict[str, object]:
    return {"type": "error", "error": {"type": kind, "message": message}}


STATUSES = [
    (101, "malformed"),
    (204, "empty"),
    (205, "malformed"),
    (301, "not_found"),
    (302, "not_found"),
    (304, "empty"),
    (307, "not_found"),
    (308, "not_found"),
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


SEEN: list[tuple[str, int, object, str]] = [
    # OpenAI
    ("openai key", 401, openai("Incorrect API key provided: sk-x.", code="invalid_api_key"), "auth"),
    ("openai quota", 429, openai("You exceeded your current quota", code="insufficient_quota"), "credit"),
    ("openai rate", 429, openai("Rate limit reached for gpt-5", code="rate_limit_exceeded"), "rate_limit"),
    ("openai model", 404, openai("The model `x` does not exist", code="model_not_found"), "not_found"),
    ("openai access", 403, openai("You are not allowed to sample from this model"), "not_found"),
    ("openai overload", 503, openai("Overloaded", code="server_is_overloaded"), "overloaded"),
    ("openai slow down", 503, openai("Slow down", code="slow_down"), "overloaded"),
    ("openai filter", 400, openai("The response was filtered", code="content_filter"), "refused"),
    (
        "openai parameter",
        400,
        openai("Unsupported parameter: 'x'", code="unsupported_parameter"),
        "bad_request",
    ),
    # Anthropic
    ("anthropic key", 401, anthropic("authentication_error", "invalid x-api-key"), "auth"),
    ("anthropic credit", 400, anthropic("invalid_request_error", "Your credit balance is too low"), "credit"),
    ("anthropic overload", 529, anthropic("overloaded_error", "Overloaded"), "overloaded"),
    ("anthropic overload as 500", 500, anthropic("overloaded_error", "Overloaded"), "overloaded"),
    ("anthropic model", 404, anthropic("not_found_error", "model: claude-x"), "not_found"),
    ("anthropic billing", 402, anthropic("billing_error", "Pay"), "credit"),
    ("anthropic size", 413, anthropic("request_too_large", "Request exceeds the maximum size"), "overflow"),
    # Google: the words speak of billing, the limit is per minute
    (
        "google quota",
        429,
        {
            "error": {
                "code": 429,
                "status": "RESOURCE_EXHAUSTED",
                "message": "check your plan and billing details",
            }
        },
        "rate_limit",
    ),
    ("google key", 400, {"error": {"message": "API key not valid.", "status": "INVALID_ARGUMENT"}}, "auth"),
    (
        "google key by reason",
        400,
        {
            "error": {
                "message": "no",
                "status": "INVALID_ARGUMENT",
                "details": [{"reason": "API_KEY_INVALID"}],
            }
        },
        "auth",
    ),
    (
        "google in a list",
        503,
        [{"error": {"message": "The model is overloaded.", "status": "UNAVAILABLE"}}],
        "overloaded",
    ),
    # OpenRouter
    (
        "openrouter model",
        404,
        {"error": {"code": 404, "message": "No endpoints found for q/x:free."}},
        "not_found",
    ),
    (
        "openrouter model as 400",
        400,
        {"error": {"code": 400, "message": "x is not a valid model ID"}},
        "not_found",
    ),
    (
        "openrouter upstream",
        429,
        {
            "error": {
                "message": "Provider returned error",
                "metadata": {"raw": "q/x is temporarily rate-limited"},
            }
        },
        "rate_limit",
    ),
    (
        "openrouter credit",
        402,
        {"error": {"code": 402, "message": "This request requires more credits"}},
        "credit",
    ),
    (
        "openrouter filter",
        403,
        {
            "error": {
                "message": "Provider returned error",
                "metadata": {"raw": "Content violates usage guidelines."},
            }
        },
        "refused",
    ),
    # Others
    (
        "groq key",
        401,
        openai("Invalid API Key", type="invalid_request_error", code="invalid_api_key"),
        "auth",
    ),
    ("groq tools", 400, openai("`tool calling` is not supported with this model"), "bad_request"),
    (
        "mistral model",
        400,
        {"object": "error", "type": "invalid_model", "message": "Invalid model: x"},
        "not_found",
    ),
    ("xai model", 400, {"code": "invalid-argument", "error": "Model not found: grok-x"}, "not_found"),
    ("deepseek credit", 402, openai("Insufficient Balance", type="unknown_error"), "credit"),
    ("moonshot credit", 429, openai("suspended", type="exceeded_current_quota_error"), "credit"),
    ("moonshot overload", 429, openai("engine is overloaded", type="engine_overloaded_error"), "overloaded"),
    ("zai credit", 429, openai("Insufficient balance or no resource package.", code="1113"), "credit"),
    ("fastapi", 422, {"detail": [{"loc": ["body", "x"], "msg": "Field required"}]}, "bad_request"),
    ("codex login", 401, {"detail": "Could not parse your authentication token."}, "auth"),
    ("plain text", 404, b"404 page not found", "not_found"),
    (
        "llama.cpp",
        500,
        openai("Cannot use both json_schema and grammar", type="server_error"),
        "server_error",
    ),
    ("ollama model", 404, {"error": "model 'x' not found"}, "not_found"),
    ("quota with any status", 500, openai("tokens per minute limit, rate limit exceeded"), "rate_limit"),
]


@pytest.mark.parametrize(("status", "body", "kind"), [row[1:] for row in SEEN], ids=[row[0] for row in SEEN])
def test_answers_that_were_seen(status: int, body: object, kind: str) -> None:
    assert classified(status, body).kind == kind


NIM: list[tuple[str, int, object, str]] = [
    ("rate", 429, {"status": 429, "title": "Too Many Requests"}, "rate_limit"),
    (
        "not entitled",
        404,
        {"status": 404, "title": "Not Found", "detail": "Function 'a': Not found for account 'b'"},
        "not_found",
    ),
    ("down", 400, {"detail": "DEGRADED function cannot be invoked", "title": "Bad Request"}, "overloaded"),
    ("key", 403, {"status": 403, "title": "Forbidden", "detail": "Authorization failed"}, "auth"),
    (
        "fixed top_p",
        400,
        {"message": "Validation: 'top_p' is immutable", "type": "Bad Request", "code": 400},
        "bad_request",
    ),
    (
        "worker",
        500,
        {"type": "urn:x", "title": "Internal Server Error", "detail": "Internal error"},
        "server_error",
    ),
    ("length", 400, openai("max_tokens must be at least 1, got -853", type="BadRequestError"), "overflow"),
    ("length as 500", 500, openai("max_tokens must be at least 1, got -853"), "overflow"),
]


@pytest.mark.parametrize(("status", "body", "kind"), [row[1:] for row in NIM], ids=[row[0] for row in NIM])
def test_answers_of_nvidia_nim(status: int, body: object, kind: str) -> None:
    assert classified(status, body, "nvidia_nim").kind == kind


ZEN = [
    (401, "AuthError", "auth"),
    (401, "CreditsError", "credit"),
    (401, "MonthlyLimitError", "credit"),
    (401, "UserLimitError", "credit"),
    (401, "ModelError", "not_found"),
    (403, "RegionError", "refused"),
    (403, "FreeTierError", "refused"),
    (429, "FreeUsageLimitError", "rate_limit"),
    (429, "GoUsageLimitError", "rate_limit"),
    (429, "RateLimitError", "rate_limit"),
    (400, "MissingSessionID", "bad_request"),
]


@pytest.mark.parametrize(("status", "kind", "meant"), ZEN)
def test_zen_is_read_by_its_error_type(status: int, kind: str, meant: str) -> None:
    failure = classified(status, anthropic(kind, "Error from provider"), "zen", retry_after="60")
    assert (failure.kind, failure.type) == (meant, kind)
    assert failure.retry_after == 60.0
    in_stream = failure_of_fault(Fault("", "no", status=status, type=kind), catalogue()["zen"].failures)
    assert in_stream.kind == meant


def test_the_free_tier_verdict_says_what_to_do() -> None:
    failure = classified(403, anthropic("FreeTierError", "only from within OpenCode"), "zen")
    assert failure.hint is not None
    assert "paid" in failure.hint
    assert failure.outcome.verdict is not None, "the model is put aside, not the key"
    assert failure.outcome.verdict_scope == "model"


TOO_LONG = [
    ("prompt is too long: 210000 tokens > 200000 maximum", 210000, 200000),
    ("input length and `max_tokens` exceed context limit: 180000 + 32000 > 200000", None, 200000),
    (
        "This model's maximum context length is 1048565 tokens. However, you requested 1250025 tokens (1250025 in the "
        "messages, 0 in the completion). Please reduce the length of the messages or completion.",
        1250025,
        1048565,
    ),
    (
        "This endpoint's maximum context length is 200000 tokens. However, you requested about 2500021 tokens.",
        2500021,
        200000,
    ),
    (
        "This model's maximum context length is 128000 tokens. However, your messages resulted in 130123 tokens.",
        130123,
        128000,
    ),
    (
        "The input token count (1250074) exceeds the maximum number of tokens allowed (1048576).",
        1250074,
        1048576,
    ),
    (
        "request (20497 tokens) exceeds the available context size (4096 tokens), try increasing it",
        20497,
        4096,
    ),
    ("the request exceeds the available context size. try increasing it", None, None),
    ("Input is too long for requested model.", None, None),
    ("The total length of all messages is too long.", None, None),
    ("max_tokens must be at least 1, got -853", None, None),
    ("capability_rejected: prompt_too_long", None, None),
    ("Prompt contains 40123 tokens, too large for model with 32768 maximum context length", 40123, 32768),
    ("too many tokens: total number of tokens in the prompt cannot exceed 4081 - received 5000.", 5000, 4081),
    (
        "This model's maximum prompt length is 131072 but the request contains 140000 tokens.",
        140000,
        131072,
    ),
    (
        "Request too large for model `x` on tokens per minute (TPM): Limit 6000, Requested 9034, please reduce",
        9034,
        6000,
    ),
    ("Trying to keep the first 5000 tokens when context the overflows.", None, None),
    (
        "Your input exceeds the context window of this model. Please adjust your input and try again.",
        None,
        None,
    ),
]


@pytest.mark.parametrize(("text", "prompt", "window"), TOO_LONG)
@pytest.mark.parametrize("wrapped", [False, True])
def test_too_long_in_every_dialect(text: str, prompt: int | None, window: int | None, wrapped: bool) -> None:
    said = json.dumps({"error": {"message": text}}) if wrapped else text
    failure = classified(400, openai(said))
    assert failure.kind == "overflow"
    assert failure.message.lower().startswith("prompt is too long")
    if prompt is not None and window is not None:
        assert failure.message.startswith(f"prompt is too long: {prompt} tokens > {window} maximum")


def test_too_long_by_code_alone() -> None:
    for code in ("context_length_exceeded", "too_many_prompt_tokens", "exceed_context_size_error"):
        assert classified(400, openai("no", code=code)).kind == "overflow"
    assert classified(413, b"<html>413</html>").message.startswith("prompt is too long")


@pytest.mark.parametrize(
    "text",
    [
        "temperature is too long a word",
        "max_tokens: must be greater than thinking.budget_tokens",
        "Unknown field: context_management",
        "messages: at least one message is required",
    ],
)
def test_other_complaints_are_not_about_length(text: str) -> None:
    assert classified(400, openai(text)).kind == "bad_request"


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


def test_clean() -> None:
    assert clean("  a \t b\r\n") == "a b"
    assert clean("x" * 10, 5) == "xxxx…"
    assert clean("\ud800") == ""


FIELDS = frozenset(
    {
        "temperature",
        "top_p",
        "thinking",
        "reasoning_budget",
        "chat_template_kwargs",
        "reasoning_effort",
        "stream_options",
        "parallel_tool_calls",
        "context_management",
        "cache_control",
        "defer_loading",
        "max_tokens",
        "stop",
    }
)

REFUSED: list[tuple[int, object, str | None]] = [
    (400, {"message": "Validation: 'top_p' is immutable for this model and must be 0.95, got 1"}, "top_p"),
    (400, {"message": "Validation: top_p is immutable for this model"}, "top_p"),
    (
        400,
        openai("Unsupported parameter: 'max_tokens'", param="max_tokens", code="unsupported_parameter"),
        "max_tokens",
    ),
    (
        400,
        openai("Only the default (1) value is supported", param="temperature", code="unsupported_value"),
        "temperature",
    ),
    (
        400,
        anthropic("invalid_request_error", "context_management: Extra inputs are not permitted"),
        "context_management",
    ),
    (
        400,
        anthropic("invalid_request_error", "tools.0.custom.defer_loading: Extra inputs are not permitted"),
        "defer_loading",
    ),
    (400, anthropic("x", "`temperature` and `top_p` cannot both be specified for this model"), "temperature"),
    (
        422,
        {"detail": [{"type": "extra_forbidden", "loc": ["body", "stream_options"], "msg": "Extra inputs"}]},
        "stream_options",
    ),
    (
        422,
        {"detail": "body -> thinking\n  Extra inputs are not permitted (type=extra_forbidden)"},
        "thinking",
    ),
    (400, {"error": {"message": 'Unknown name "stop": Cannot find field.'}}, "stop"),
    (500, {"detail": "reasoning_budget is not supported by this model"}, "reasoning_budget"),
    (400, openai("thinking about it, this is not supported"), None),
    (400, openai("this model does not support images"), None),
    (400, openai("Unsupported parameter: 'colour'", param="colour", code="unsupported_parameter"), None),
    (400, openai("temperature is lovely today"), None),
    (401, openai("top_p is not supported"), None),
    (400, b"<html>top_p is not supported</html>", None),
    (400, b"", None),
]


@pytest.mark.parametrize(("status", "body", "field"), REFUSED)
def test_the_field_that_was_refused(status: int, body: object, field: str | None) -> None:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    assert rejected_field(status, data, FIELDS) == field
