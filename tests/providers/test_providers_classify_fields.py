"""Complaints about the request: too long in every dialect, and the field that was refused."""

from __future__ import annotations

import json

import pytest

from providers.rejected import is_unknown, limit_of_answer, rejected_field
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
        "Invalid request: Your request exceeded model token limit: 262144 (requested: 269030)",
        269030,
        262144,
    ),
    ("Your request exceeded model token limit : 8192", None, None),
    (
        "The input (40000 tokens) is longer than the model's context length (32768 tokens).",
        40000,
        32768,
    ),
    (
        "Input length (5000 tokens) exceeds the maximum allowed length (4096 tokens). Use a shorter input.",
        5000,
        4096,
    ),
    (
        "You passed 131073 input tokens and requested 1 output tokens. However, the model's context length is only "
        "131072 tokens, resulting in a maximum input length of 131071 tokens.",
        131073,
        131072,
    ),
    (
        "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 16000. Given: 20000 `inputs` tokens and "
        "1000 `max_new_tokens`",
        20000,
        16000,
    ),
    (
        "Please reduce the length of the messages or completion. Current length is 70000 while limit is 65536",
        70000,
        65536,
    ),
    ("<400> InternalError.Algo.InvalidParameter: Range of input length should be [1, 129024]", None, None),
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


@pytest.mark.parametrize(
    ("preset", "status", "body"),
    [
        ("zai", 400, {"error": {"code": "1261", "message": "Too much"}}),
        ("groq", 413, openai("Request too large for model `x` on tokens per minute: Limit 8000, Requested 60000")),
        ("gemini", 400, openai("The input token count (9) exceeds the maximum number of tokens allowed (8).")),
        ("llamacpp", 400, openai("request (9 tokens) exceeds it", type="exceed_context_size_error")),
        ("lmstudio", 400, {"error": "the initial prompt is greater than the context length (n_keep: 9)"}),
        ("openai", 400, openai("Please shorten it", code="context_length_exceeded")),
    ],
)  # fmt: skip
def test_a_prompt_that_a_row_finds_too_long_is_told_in_the_same_words(
    preset: str, status: int, body: object
) -> None:
    failure = classified(status, body, preset)
    assert failure.kind == "overflow"
    assert failure.message.startswith("prompt is too long")


WITH_ITS_ANSWER = [
    "'max_tokens' or 'max_completion_tokens' is too large: 32000. This model's maximum context length is 32768 tokens "
    "and your request has 20000 input tokens (32000 > 32768 - 20000).",
    "This endpoint's maximum context length is 65536 tokens. However, you requested about 72000 tokens (30000 of text "
    "input, 10000 of tool input, 32000 in the output). Please reduce the length of either one.",
    "This model's maximum context length is 8192 tokens. However, you requested 10000 tokens (6000 in the messages, "
    "4000 in the completion). Please reduce the length of the messages or completion.",
    "This model's maximum context length is 131072 tokens. However, you requested 32000 output tokens and your prompt "
    "contains at least 99073 input tokens, for a total of at least 131073 tokens. Please reduce the length.",
    "Requested token count exceeds the model's maximum context length of 131072 tokens. You requested a total of "
    "140000 tokens: 108000 tokens from the input messages and 32000 tokens for the completion.",
    "`inputs` tokens + `max_new_tokens` must be <= 8192. Given: 6000 `inputs` tokens and 4000 `max_new_tokens`",
]


@pytest.mark.parametrize("text", WITH_ITS_ANSWER)
def test_a_prompt_that_is_too_long_only_with_its_answer_names_the_limit_of_the_answer(text: str) -> None:
    assert classified(400, openai(text)).kind == "overflow"
    body = json.dumps(openai(text)).encode()
    for name in ("max_tokens", "max_completion_tokens", "max_output_tokens", "maxOutputTokens"):
        assert limit_of_answer(body, {"temperature", name}) == name
    assert limit_of_answer(body, {"temperature"}) is None


@pytest.mark.parametrize("text", [text for text, _, _ in TOO_LONG])
def test_a_prompt_that_is_too_long_by_itself_does_not(text: str) -> None:
    assert limit_of_answer(json.dumps(openai(text)).encode(), {"max_tokens"}) is None


def test_tokens_in_a_minute_are_a_rate_unless_one_request_has_too_many() -> None:
    said = "Tokens per minute limit exceeded - too many tokens processed."
    assert classified(429, openai(said)).kind == "rate_limit"
    said = "Request too large for x on tokens per min (TPM): Limit 30000, Requested 45000."
    assert classified(429, openai(said)).kind == "overflow"


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
    (
        422,
        {"detail": [{"loc": ["body", "reasoning_effort"], "msg": "Input should be 'none' or 'high'"}]},
        "reasoning_effort",
    ),
    (400, anthropic("x", "thinking.type: Input should be 'disabled' or 'enabled'"), "thinking"),
    (400, openai("Invalid max_tokens value, the valid range of max_tokens is [1, 8192]"), "max_tokens"),
    (
        400,
        openai("`max_tokens` must be less than or equal to `8192`, the maximum for this model"),
        "max_tokens",
    ),
    (400, openai("<400> InternalError.Algo: Range of max_tokens should be [1, 65536]"), "max_tokens"),
    (400, openai("max_tokens (32000) exceeds the maximum allowed 8192"), "max_tokens"),
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


def test_fields_that_only_some_may_send() -> None:
    words = "Your organization must be verified to generate reasoning summaries."
    said = {"error": {"message": words, "param": "reasoning.summary", "code": "unsupported_value"}}
    body = json.dumps(said).encode()
    assert classified(400, said, "openai").kind == "bad_request"
    assert rejected_field(400, body, {"summary", "effort"}) == "summary"
    assert is_unknown(body)
    body = json.dumps(openai("It could not be verified.", code="invalid_encrypted_content")).encode()
    assert rejected_field(400, body, {"encrypted_content", "effort"}) == "encrypted_content"
    body = json.dumps(openai('"gemma3" does not support thinking')).encode()
    assert rejected_field(400, body, {"reasoning_effort", "max_tokens"}) == "reasoning_effort"
    assert rejected_field(400, body, {"max_tokens"}) is None


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
