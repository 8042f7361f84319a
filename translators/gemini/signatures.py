"""Thought signatures: the model's own state, which it wants back with the part it came on.

The client keeps one as the signature of the thinking block said just before that part, or in a redacted_thinking
block where no thinking was said. Another model may refuse it, so it says whose it is.

Gemini 3 and later demand a signature on the first function call of every step of the current turn; for calls that
another model made they take a documented stand-in (ai.google.dev/gemini-api/docs/thought-signatures, "FAQs").
"""

from __future__ import annotations

import hashlib

from translators.signatures import PREFIX

STAND_IN = "skip_thought_signature_validator"
"""Goes where a signature must and none is known."""

_SEALED = PREFIX + "g."
"""Begins a signature that holds a thought signature: `_SEALED`, digest of the model's name, dot, the signature."""


def sealed(signature: str, model: str) -> str:
    """What the client keeps of the `thoughtSignature` that `model` gave."""
    return f"{_SEALED}{_digest(model)}.{signature}"


def opened(kept: object, model: str) -> str | None:
    """The `thoughtSignature` in what the client kept, if it is one of `model`'s."""
    head = f"{_SEALED}{_digest(model)}."
    return kept.removeprefix(head) if isinstance(kept, str) and kept.startswith(head) else None


def _digest(model: str) -> str:
    return hashlib.sha256(model.encode(errors="replace")).hexdigest()[:12]
