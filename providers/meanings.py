"""What statuses, error types and words of providers mean. Tables only; `classify` says which of them is believed first.

Sources: the providers' error pages (docs.claude.com/en/api/errors, platform.openai.com/docs/guides/error-codes,
ai.google.dev/gemini-api/docs/troubleshooting, platform.moonshot.ai, api-docs.deepseek.com, console.groq.com) and
answers that were really seen.
"""

from __future__ import annotations

import re

from providers.failures import Kind

STATUSES: dict[int, Kind] = {
    401: "auth",
    402: "credit",
    403: "auth",
    404: "not_found",
    405: "not_found",
    408: "server_error",
    409: "server_error",
    410: "not_found",
    413: "overflow",
    425: "server_error",
    429: "rate_limit",
    451: "refused",
    499: "server_error",
    529: "overloaded",
}
"""Other 4xx are `bad_request`, other 5xx `server_error`."""

TYPES: dict[str, Kind] = {
    "overloaded_error": "overloaded",
    "engine_overloaded_error": "overloaded",
    "server_is_overloaded": "overloaded",
    "slow_down": "overloaded",
    "rate_limit_error": "rate_limit",
    "rate_limit_exceeded": "rate_limit",
    "rate_limit_reached_error": "rate_limit",
    "RateLimitReached": "rate_limit",
    "RESOURCE_EXHAUSTED": "rate_limit",
    "insufficient_quota": "credit",
    "exceeded_current_quota_error": "credit",
    "billing_error": "credit",
    "billing_not_active": "credit",
    "billing_hard_limit_reached": "credit",
    "insufficient_balance": "credit",
    "insufficient_credits": "credit",
    "authentication_error": "auth",
    "invalid_api_key": "auth",
    "invalid_authentication_error": "auth",
    "API_KEY_INVALID": "auth",
    "UNAUTHENTICATED": "auth",
    "model_not_found": "not_found",
    "invalid_model": "not_found",
    "not_found_error": "not_found",
    "resource_not_found_error": "not_found",
    "DeploymentNotFound": "not_found",
    "content_filter": "refused",
    "content_policy_violation": "refused",
    "ResponsibleAIPolicyViolation": "refused",
    "data_inspection_failed": "refused",
    "invalid_prompt": "refused",
    "image_content_policy_violation": "refused",
}
"""Error types and codes that mean the same whatever the status is."""

CLOUDFLARE = {
    520: "Unknown Error",
    521: "Web Server Is Down",
    522: "Connection Timed Out",
    523: "Origin Is Unreachable",
    524: "A Timeout Occurred",
    525: "SSL Handshake Failed",
    526: "Invalid SSL Certificate",
    529: "Site Is Overloaded",
}

_CREDIT = re.compile(
    r"credit balance is too low|insufficient (?:balance|credits?|funds)|out of credits?|no credits? (?:left|remaining)"
    r"|(?:requires?|need) more credits|payment required|billing (?:is )?(?:not active|hard limit)|account .{0,20}arrear"
    r"|reached your specified api usage limits|exceeded your monthly (?:spend|budget)"
    r"|spending (?:limit|cap) (?:is |has been )?reached"
)
_QUOTA = re.compile(
    r"rate[ _-]?limit|too many requests|quota (?:exceeded|has been exceeded)|exceeded your current quota"
    r"|requests per (?:minute|day|hour)|tokens per (?:minute|day)|resource (?:has been )?exhausted|usage limit reached"
)
_OVERLOADED = re.compile(
    r"overloaded|(?:at|over|insufficient|no) capacity|server is busy|too busy|capacity exceeded"
)
_KEY = re.compile(
    r"(?:invalid|incorrect|missing|expired|revoked|no) (?:api[ _-]?key|authentication|auth(?:orization)? header)"
    r"|api key (?:not valid|is invalid|not found|expired)|unauthori[sz]ed|authentication (?:failed|required)"
)
_MODEL = re.compile(
    r"model[^.{}]{0,120}?(?:not found|does ?n[o']t exist|do(?:es)? not exist|not exist|is not available|unavailable"
    r"|no longer|deprecated|not accessible|decommissioned|been retired)"
    r"|(?:invalid|unknown|no such|unsupported|not a valid) model\b|no endpoints found"
    r"|not allowed to sample from this model|not have access to (?:the |this )?model|no access to (?:the |this )?model"
)
_CONTENT = re.compile(
    r"content (?:violates|policy|filter|management policy|exists risk)|flagged (?:as|for|by)|input was flagged"
    r"|safety (?:system|filter|policy)|(?:unsafe|sensitive) content|considered high risk"
    r"|violates? (?:\S+ ){0,3}(?:usage|content) (?:policy|policies|guidelines)|(?:contain )?inappropriate content"
)

_BY_WORDS: dict[int, tuple[tuple[re.Pattern[str], Kind], ...]] = {
    400: (
        (_CREDIT, "credit"),
        (_KEY, "auth"),
        (_CONTENT, "refused"),
        (_QUOTA, "rate_limit"),
        (_MODEL, "not_found"),
    ),
    401: ((_CREDIT, "credit"),),
    403: ((_CREDIT, "credit"), (_CONTENT, "refused"), (_MODEL, "not_found"), (_QUOTA, "rate_limit")),
    429: ((_CREDIT, "credit"),),
    500: ((_OVERLOADED, "overloaded"), (_QUOTA, "rate_limit")),
    0: (
        (_OVERLOADED, "overloaded"),
        (_CREDIT, "credit"),
        (_CONTENT, "refused"),
        (_QUOTA, "rate_limit"),
    ),
}

STREAMED: dict[str, Kind] = {
    "permission_error": "auth",
    **dict.fromkeys(
        (
            "invalid_request_error",
            "BadRequestError",
            "invalid_image",
            "invalid_image_format",
            "invalid_base64_image",
            "invalid_image_url",
            "invalid_image_mode",
            "image_too_large",
            "image_too_small",
            "image_parse_error",
            "image_file_too_large",
            "image_file_not_found",
            "unsupported_image_media_type",
            "empty_image_file",
            "failed_to_download_image",
        ),
        "bad_request",
    ),
}
"""Types of errors inside a stream, where no status says that to ask again would not mend them
(platform.openai.com/docs/api-reference/responses/object, "error")."""


def by_words(status: int | None, text: str) -> Kind | None:
    """What the words of an error (lower case) say at a status, or without one. 422 is read as 400, every 5xx as 500."""
    level = 0 if status is None else 500 if status >= 500 else 400 if status == 422 else status
    return next((kind for pattern, kind in _BY_WORDS.get(level, ()) if pattern.search(text)), None)
