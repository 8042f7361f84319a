"""Signatures of thinking blocks that are ours and not Anthropic's.

A thinking block must be signed (docs.claude.com/en/docs/build-with-claude/extended-thinking), and clients send it back
in the next turn, signature and all. What begins with `PREFIX` was written by this house and means nothing to Anthropic:

    fcc.t.               thinking of a model that does not sign
    fcc.t.BASE64         the same, where the client did not want to see it (`display: "omitted"`): the thinking itself,
                         as Anthropic's own signatures carry it then, for models that want it back
    fcc.LETTER.DIGEST.…  what a dialect keeps for the model that the digest names; another may refuse it
"""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from typing import Any

PREFIX = "fcc."
_THINKING = PREFIX + "t."
_LONGEST = 256 * 1024
"""Characters of thinking that are worth carrying."""

UNSIGNED = _THINKING
"""The signature of thinking that the client can see."""


class Seal:
    """Marks what only the model that said it takes back: the letter of a dialect, a digest of the model's name."""

    def __init__(self, letter: str) -> None:
        self._begin = f"{PREFIX}{letter}."

    def sealed(self, content: str, model: str) -> str:
        """What the client is to keep of `content`, which `model` gave."""
        return self._head(model) + content

    def opened(self, kept: object, model: str) -> str | None:
        """The content of what the client kept, if it is one of `model`'s."""
        head = self._head(model)
        return kept.removeprefix(head) if isinstance(kept, str) and kept.startswith(head) else None

    def _head(self, model: str) -> str:
        return f"{self._begin}{hashlib.sha256(model.encode(errors='replace')).hexdigest()[:12]}."


def carrying(thinking: str) -> str:
    """The signature of thinking that the client cannot see."""
    if len(thinking) > _LONGEST:
        return UNSIGNED
    return _THINKING + b64encode(thinking.encode("utf-8", "replace")).decode()


def is_ours(signature: Any) -> bool:
    """Whether no Anthropic upstream will know this signature; an empty or missing one counts."""
    return not isinstance(signature, str) or not signature or signature.startswith(PREFIX)


def thinking_of(block: dict[str, Any]) -> str:
    """What was thought in a thinking block, be it in sight or carried."""
    thinking, signature = block.get("thinking"), block.get("signature")
    if isinstance(thinking, str) and thinking:
        return thinking
    if not isinstance(signature, str) or not signature.startswith(_THINKING):
        return ""
    try:
        return b64decode(signature.removeprefix(_THINKING), validate=True).decode()
    except ValueError:
        return ""
