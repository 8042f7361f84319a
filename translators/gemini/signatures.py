"""Thought signatures: the model's own state, which it wants back with the part it came on.

The client keeps one as the signature of the thinking block said just before that part, or in a redacted_thinking
block where no thinking was said. Another model may refuse it, so it says whose it is.

Gemini 3 and later demand a signature on the first function call of every step of the current turn; for calls that
another model made they take a documented stand-in (ai.google.dev/gemini-api/docs/thought-signatures, "FAQs").
"""

from __future__ import annotations

from translators.signatures import Seal

STAND_IN = "skip_thought_signature_validator"
"""Goes where a signature must and none is known."""

_SEAL = Seal("g")

sealed = _SEAL.sealed
"""Of a `thoughtSignature`."""

opened = _SEAL.opened
