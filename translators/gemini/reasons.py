"""What a finishReason or a blockReason comes to.

Source: ai.google.dev/api/generate-content#FinishReason, cloud.google.com/vertex-ai, "FinishReason". Reasons not
named here (OTHER, unknown ones) end the turn if anything was said.
"""

from __future__ import annotations

from typing import Any

REFUSALS = frozenset(
    {
        "SAFETY",
        "RECITATION",
        "LANGUAGE",
        "BLOCKLIST",
        "PROHIBITED_CONTENT",
        "SPII",
        "MODEL_ARMOR",
        "IMAGE_SAFETY",
        "IMAGE_PROHIBITED_CONTENT",
        "IMAGE_RECITATION",
    }
)

BROKEN = frozenset(
    {
        "MALFORMED_FUNCTION_CALL",
        "UNEXPECTED_TOOL_CALL",
        "TOO_MANY_TOOL_CALLS",
        "MALFORMED_RESPONSE",
        "MISSING_THOUGHT_SIGNATURE",
    }
)
"""The model wrote what the API could not read."""


def refusal_details(reason: str, message: Any) -> dict[str, Any]:
    """`stop_details` of a refusal."""
    explanation = message if isinstance(message, str) and message else f"the upstream's filter said {reason}"
    return {"type": "refusal", "category": reason.lower(), "explanation": explanation}
