"""Reasoning that only its own model can read, carried through the client in a signature.

With `store: false` a Responses upstream hands its reasoning out encrypted and wants it back in the next turn
(platform.openai.com/docs/guides/reasoning, "encrypted reasoning items"). The client keeps it as the signature of a
thinking block, or as a redacted_thinking block where no text goes with it. Another model refuses it, so it says
whose it is.
"""

from __future__ import annotations

import hashlib

from translators.signatures import PREFIX

_SEALED = PREFIX + "r."
"""Begins a signature that holds encrypted reasoning: `_SEALED`, digest of the model's name, dot, the content."""


def sealed(content: str, model: str) -> str:
    """A signature that carries the `encrypted_content` that `model` gave."""
    return f"{_SEALED}{_digest(model)}.{content}"


def opened(signature: object, model: str) -> str | None:
    """The `encrypted_content` in a signature, if it is one of `model`'s."""
    if not isinstance(signature, str):
        return None
    head = f"{_SEALED}{_digest(model)}."
    return signature.removeprefix(head) if signature.startswith(head) else None


def _digest(model: str) -> str:
    return hashlib.sha256(model.encode()).hexdigest()[:12]
