"""Complaints about the request: too long in every dialect, and the field that was refused."""

from __future__ import annotations

import json

import pytest

from providers.rejected import is_unknown, rejected_field
from support.refusals import anthropic, classified, openai

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
        "tool_choice",
        "effort",
        "generationConfig",
        "thinkingLevel",
        "thinkingBudget",
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
    (400, openai("tool_choice 'specified' is incompatible with thinking enabled"), "tool_choice"),
    (400, openai("Argument not supported on this model: stop"), "stop"),
    (400, openai("Model grok-4 does not support parameter stop."), "stop"),
    (400, openai("Model grok-4 does not support parameter reasoningEffort."), "reasoning_effort"),
    (400, openai("Invalid 'stop': array too long. Expected an array with maximum length 4"), "stop"),
    (400, openai("invalid temperature: only 1 is allowed for this model"), "temperature"),
    (400, openai("effort is not supported with this model"), "effort"),
    (400, openai("No effort is not supported with this model"), None),
    (400, openai("max_tokens is too large: 32000. This model supports at most 16384 tokens"), "max_tokens"),
    (400, openai("Thinking level is not supported for this model."), "thinkingLevel"),
    (400, openai("thinking_budget is out of range; supported values are 128 to 32768"), "thinkingBudget"),
    (
        400,
        openai('Unknown name "thinkingLevel" at generation_config.thinking_config: Cannot find field.'),
        "thinkingLevel",
    ),
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


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("Unsupported parameter: 'max_tokens'", True),
        ("context_management: Extra inputs are not permitted", True),
        ('Unknown name "stop": Cannot find field.', True),
        ("Unrecognized request argument supplied: stream_options", True),
        ("reasoning_budget is not supported by this model", True),
        ("Completions.create() got an unexpected keyword argument 'top_k'", True),
        ("Unsupported value: 'temperature' does not support 0.5 with this model", False),
        ("The value 'none' of reasoning_effort is not supported by this model", False),
        ("Only the default (1) value is supported", False),
        ("Invalid 'stop': array too long. Expected an array with maximum length 4", False),
        ("max_tokens is too large: 32000. This model supports at most 16384 tokens", False),
        ("`temperature` and `top_p` cannot both be specified for this model", False),
        ("tool_choice 'specified' is incompatible with thinking enabled", False),
        ("top_p is immutable for this model and must be 0.95, got 1", False),
    ],
)
def test_a_field_that_is_unknown_is_told_from_one_with_a_wrong_value(text: str, unknown: bool) -> None:
    assert is_unknown(json.dumps(openai(text)).encode()) == unknown
