"""Reasoning that only its own model can read, carried through the client in a signature.

With `store: false` a Responses upstream hands its reasoning out encrypted and wants it back in the next turn
(platform.openai.com/docs/guides/reasoning, "encrypted reasoning items"). The client keeps it as the signature of a
thinking block, or as a redacted_thinking block where no text goes with it. Another model refuses it, so it says
whose it is.
"""

from __future__ import annotations

from translators.signatures import Seal

_SEAL = Seal("r")

sealed = _SEAL.sealed
"""Of the `encrypted_content` of a reasoning item."""

opened = _SEAL.opened
