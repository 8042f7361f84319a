"""Signatures of thinking blocks that are ours and not Anthropic's.

A thinking block must be signed (docs.claude.com/en/docs/build-with-claude/extended-thinking), and clients send it back
in the next turn, signature and all. What begins with `PREFIX` was written by this house and means nothing to Anthropic:

    fcc.t.           thinking of a model that does not sign
    fcc.t.BASE64     the same, where the client did not want to see it (`display: "omitted"`): the thinking itself,
                     as Anthropic's own signatures carry it then, for models that want it back
    fcc.LETTER.…     what another dialect keeps for its model
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import Any

PREFIX = "fcc."
_THINKING = PREFIX + "t."
_LONGEST = 256 * 1024
"""Characters of thinking that are worth carrying."""

UNSIGNED = _THINKING
"""The signature of thinking that the client can see."""


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
