"""Thinking that only its own model takes back.

Anthropic refuses a thinking block that it did not sign ("Invalid `signature` in `thinking` block"), and a server that
signs in a way of its own may refuse Anthropic's. So what a server other than Anthropic signed is given to the client
with the name of its model, and goes back to that model only.
"""

from __future__ import annotations

import hashlib

from translators.signatures import PREFIX

_SEALED = PREFIX + "a."
"""Begins a sealed signature: `_SEALED`, digest of the model's name, dot, the signature."""


def sealed(signature: str, model: str) -> str:
    """What the client keeps of a signature, or of the data of a redacted_thinking block, that `model` gave."""
    return f"{_SEALED}{_digest(model)}.{signature}"


def opened(kept: object, model: str) -> str | None:
    """The signature in what the client kept, if it is one of `model`'s."""
    head = f"{_SEALED}{_digest(model)}."
    return kept.removeprefix(head) if isinstance(kept, str) and kept.startswith(head) else None


def _digest(model: str) -> str:
    return hashlib.sha256(model.encode(errors="replace")).hexdigest()[:12]
