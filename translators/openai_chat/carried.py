"""What a model wants back with the calls it made, carried through the client in a redacted_thinking block.

OpenRouter tells reasoning that only its own model can read as `reasoning_details` and refuses a later turn of some
models without it ("Gemini models require OpenRouter reasoning details to be preserved in each request",
openrouter.ai/docs/guides/best-practices/reasoning-tokens#preserving-reasoning-blocks); an item may name the call it
belongs to. Google's OpenAI endpoint keeps a thought signature as `extra_content` of the call itself
(ai.google.dev/gemini-api/docs/thought-signatures). Another model may refuse either, so they say whose they are.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import Any

import msgspec

from translators.openai_chat.calls import Call
from translators.signatures import Seal

DETAILS = "reasoning_details"
EXTRA = "extra_content"

_SEAL = Seal("c")
"""Of the base64 of a `_Kept`."""
_LONGEST = 256 * 1024
"""Bytes that are worth carrying."""
_SPOKEN = ("reasoning.text", "reasoning.summary")
"""Types of items that come in pieces."""
_OWN = ("data", "signature")
"""Fields that nobody but the model can write."""

Detail = dict[str, Any]


class _Kept(msgspec.Struct):
    details: list[Detail]
    calls: list[str]
    """Ids of the answer's calls as the upstream gave them, which the details may name."""
    extras: list[Detail | None]
    """What came with each of them."""


class Details:
    """The `reasoning_details` of one answer, put together from their pieces."""

    def __init__(self) -> None:
        self._details: list[Detail] = []
        self._size = 0

    def add(self, pieces: Any) -> None:
        """The items of one delta. Pieces of a text have the type and the index of the one before."""
        for piece in pieces if isinstance(pieces, list) else ():
            if isinstance(piece, dict) and self._size <= _LONGEST:
                self._size += len(msgspec.json.encode(piece))
                last = self._details[-1] if self._details else {}
                place = (piece.get("type"), piece.get("index"))
                if place[0] in _SPOKEN and place == (last.get("type"), last.get("index")):
                    _extend(last, piece)
                elif piece != last:
                    self._details.append(dict(piece))

    def sealed(self, calls: list[Call], model: str) -> str | None:
        """What the client is to keep of an answer with these calls; None if the model can do without."""
        extras = [call.extra for call in calls]
        details = self._details if any(item.get(name) for item in self._details for name in _OWN) else []
        if not calls or not (details or any(extras)):
            return None
        kept = msgspec.json.encode(_Kept(details, [call.id for call in calls], extras))
        return _SEAL.sealed(b64encode(kept).decode(), model) if len(kept) <= _LONGEST else None


def give_back(message: dict[str, Any], mark: Any, model: str) -> None:
    """Puts what was carried for `model` into an assistant message with the calls that it came with."""
    content = _SEAL.opened(mark, model)
    if content is None:
        return
    try:
        kept = msgspec.json.decode(b64decode(content, validate=True), type=_Kept)
    except (ValueError, msgspec.DecodeError):
        return
    calls = message.get("tool_calls", [])
    ids = {old: call["id"] for old, call in zip(kept.calls, calls, strict=False) if old}
    if kept.details:
        message[DETAILS] = [_renamed(detail, ids) for detail in kept.details]
    for call, extra in zip(calls, kept.extras, strict=False):
        if extra:
            call[EXTRA] = extra


def _extend(last: Detail, piece: Detail) -> None:
    for name, value in piece.items():
        known = last.get(name)
        if name in ("text", "summary") and isinstance(known, str) and isinstance(value, str):
            last[name] = known + value
        elif value is not None:
            last[name] = value


def _renamed(detail: Detail, ids: dict[str, str]) -> Detail:
    named = detail.get("id")
    return {**detail, "id": ids[named]} if isinstance(named, str) and named in ids else detail
