"""Thinking that only its own model takes back.

Anthropic refuses a thinking block that it did not sign ("Invalid `signature` in `thinking` block"), and a server that
signs in a way of its own may refuse Anthropic's. So what a server other than Anthropic signed is given to the client
with the name of its model, and goes back to that model only.
"""

from __future__ import annotations

from translators.signatures import Seal

_SEAL = Seal("a")

sealed = _SEAL.sealed
"""Of a signature, or of the data of a redacted_thinking block."""

opened = _SEAL.opened
