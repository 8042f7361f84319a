"""Answers as providers gave them, and what they mean: the dialects' own, NVIDIA NIM's, Zen's."""

from __future__ import annotations

import pytest

from providers.classify import failure_of_fault
from providers.presets import catalogue
from support.refusals import NOW, anthropic, classified, openai
from translators.events import Fault
from translators.openai_chat.faults import fault_of

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
    (
        "anthropic limit",
        400,
        anthropic("invalid_request_error", "You have reached your specified API usage limits."),
        "credit",
    ),
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


def test_the_end_of_a_day_that_openrouter_tells_in_the_body() -> None:
    reset = {"headers": {"X-RateLimit-Reset": str(int((NOW + 4000) * 1000))}}
    body = {"error": {"message": "Rate limit exceeded: free-models-per-day.", "code": 429, "metadata": reset}}
    failure = classified(429, body, "openrouter")
    assert (failure.kind, failure.retry_after) == ("rate_limit", 4000.0)


GROQ = [
    (400, "tool_use_failed", "malformed"),
    (400, "output_parse_failed", "malformed"),
    (400, "json_validate_failed", "malformed"),
    (400, "model_terms_required", "not_found"),
    (400, "organization_restricted", "auth"),
    (403, "model_permission_blocked_org", "not_found"),
    (498, "capacity_exceeded", "overloaded"),
]


@pytest.mark.parametrize(("status", "code", "meant"), GROQ)
def test_groq_is_read_by_its_error_code(status: int, code: str, meant: str) -> None:
    body = openai("Adjust your prompt", type="invalid_request_error", code=code)
    assert classified(status, body, "groq").kind == meant
    rows = catalogue()["groq"].failures
    assert failure_of_fault(fault_of(body), rows).kind == (meant if status != 498 else "server_error")


ABOUT_THE_CONTENT: list[tuple[str, int, object]] = [
    ("moonshot", 400, openai("rejected because it was considered high risk", type="content_filter")),
    ("deepseek", 400, openai("Content Exists Risk", type="invalid_request_error")),
    ("zai", 400, openai("System detected potentially unsafe or sensitive content in input", code="1301")),
    (
        "openrouter",
        403,
        openai("Your chosen model requires moderation and your input was flagged.", code=403),
    ),
    ("openai", 400, openai("Your prompt was blocked", type="invalid_request_error", code="invalid_prompt")),
]


@pytest.mark.parametrize(("preset", "status", "body"), ABOUT_THE_CONTENT)
def test_a_prompt_that_is_refused_for_what_it_says_puts_no_model_aside(
    preset: str, status: int, body: object
) -> None:
    failure = classified(status, body, preset)
    assert (failure.kind, failure.content) == ("refused", True)
    assert failure.outcome.verdict is None


@pytest.mark.parametrize(
    ("preset", "status", "text"),
    [
        ("llamacpp", 500, "image input is not supported - hint: provide the mmproj"),
        ("vllm", 400, "q is not a multimodal model"),
        ("openrouter", 404, "No endpoints found that support image input"),
    ],
)
def test_an_image_that_a_model_cannot_see_puts_no_model_aside(preset: str, status: int, text: str) -> None:
    failure = classified(status, openai(text), preset)
    assert failure.kind == "bad_request"
    assert failure.hint is not None


STREAMED = [
    (None, "invalid_prompt", "Invalid prompt: your prompt was flagged.", "refused"),
    (None, "image_content_policy_violation", "No.", "refused"),
    (None, "image_parse_error", "The image cannot be read.", "bad_request"),
    (None, "invalid_request_error", "messages: wrong", "bad_request"),
    (None, "invalid_request_error", "Overloaded", "overloaded"),
    (None, "permission_error", "No.", "auth"),
    (None, "api_error", "Internal server error", "server_error"),
    (None, None, "Insufficient balance", "credit"),
    (None, None, "Your prompt violates our usage policies", "refused"),
    (None, None, "Something", "server_error"),
]


@pytest.mark.parametrize(("status", "kind", "text", "meant"), STREAMED)
def test_errors_inside_a_stream_are_read_without_a_status(
    status: int | None, kind: str | None, text: str, meant: str
) -> None:
    assert failure_of_fault(Fault("", text, status=status, type=kind), ()).kind == meant


def test_the_free_tier_verdict_says_what_to_do() -> None:
    failure = classified(403, anthropic("FreeTierError", "only from within OpenCode"), "zen")
    assert failure.hint is not None
    assert "paid" in failure.hint
    assert failure.outcome.verdict is not None, "the model is put aside, not the key"
    assert failure.outcome.verdict_scope == "model"
