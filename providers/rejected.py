"""Which request field an upstream says it will not take, so that it can be asked once more without it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from providers.overflow import answer_too_long
from providers.said import said

_UNKNOWN = (
    r"extra (?:inputs|fields) (?:are )?not permitted|extra_forbidden|additional propert"
    r"|unrecogni[sz]ed (?:field|parameter|argument|property|key|request)"
    r"|unknown (?:name|field|parameter|argument|property|key|request)|cannot find field"
    r"|unexpected (?:keyword|field|property|argument|parameter)|no such (?:field|parameter)"
    r"|unsupported (?:field|parameter|argument|property|key)|unsupported_parameter|unknown_parameter"
    r"|(?:is|are) not supported (?:with|by|for|on) this model"
)
"""It does not know the field, so that another value would be no better."""
_REJECTS = re.compile(
    _UNKNOWN + r"|unsupported|immutable|deprecated|unrecogni[sz]ed|not a valid|only the default|is invalid"
    r"|not (?:be )?(?:supported|permitted|allowed|accepted|recogni[sz]ed|available|enabled)|does ?n[o']t support"
    r"|do(?:es)? not support|cannot be used|can ?not be set|must not be|cannot both be|invalid (?:field|parameter)"
    r"|incompatible|only [\d.]+ is allowed|out of range|is unavailable|only enabled when|cannot be disabled"
    r"|must be set to|should be set|array too long|is too large|is mandatory"
    r"|input should be|must be one of|must be (?:less|smaller|at most)|valid range|supported range"
    r"|range of \w+ should be|exceeds the maximum allowed"
)
_PART = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+")
"""The words of a name in snake or camel case; errors write either for the other."""
_VERIFIED = "must be verified to"
"""OpenAI keeps some fields from organizations that have not shown who they are."""
_SEALED = "invalid_encrypted_content"
"""What the client brought back was sealed for another organization's key."""
_THINKING = ("reasoning_effort", "reasoning", "thinkingConfig", "thinking", "chat_template_kwargs")
"""Fields that ask for thinking."""
_LIMITS = frozenset({"max_tokens", "max_completion_tokens", "max_output_tokens", "maxOutputTokens"})
_CODES = frozenset(
    {
        "unsupported_parameter",
        "unknown_parameter",
        "unsupported_value",
        "extra_forbidden",
        "invalid_parameter",
    }
)


def rejected_field(status: int, body: bytes, candidates: Iterable[str]) -> str | None:
    """Which of the fields we sent the upstream says it will not take; None if it names none of them.

    Longer names are looked for first. A name that is also an English word counts only in quotes or as part of a place
    such as `body -> thinking`, `thinking.display`, `"thinking": …`.
    """
    if status not in (400, 422, 500):
        return None
    words = said(body)
    names = sorted(set(candidates), key=lambda name: (-len(name), name))
    rejects = _REJECTS.search(words.whole) is not None
    if words.param is not None and (rejects or not _CODES.isdisjoint(words.types)):
        parts = re.split(r"[.\[\]]+", words.param)
        for part in reversed(parts):
            if part in names:
                return part
    if _SEALED in words.types and "encrypted_content" in names:
        return "encrypted_content"
    if "does not support thinking" in words.whole:
        return next((name for name in _THINKING if name in names), None)
    if not rejects:
        return None
    found = (name for test in (_names, _resembles) for name in names if test(words.whole, name))
    return next(found, None) or next((name for name in names if _begins(words.text, name)), None)


def limit_of_answer(body: bytes, candidates: Iterable[str]) -> str | None:
    """The field that limits the answer, if that and the prompt together are too long and the prompt alone is not."""
    if not answer_too_long(said(body).whole):
        return None
    return next((name for name in candidates if name in _LIMITS), None)


def is_unknown(body: bytes) -> bool:
    """Whether the complaint about a field is that there is no such field, so that no other value will do either."""
    text = said(body).whole
    if _VERIFIED in text:
        return True
    return "value" not in text and re.search(_UNKNOWN, text) is not None


def _names(text: str, name: str) -> bool:
    """Whether a text in lower case is about the field of that name."""
    name = name.lower()
    if name not in text:
        return False
    word = re.escape(name)
    if "_" in name:
        return re.search(rf"(?<![\w]){word}(?![\w])", text) is not None
    quoted = rf"[\"'`‘“*]{word}[\"'`’”*]"
    place = rf"(?:->\s*\**|\.|\bbody[.:]\s*){word}\b|\b{word}(?:\.\w|:\s)"
    called = rf"(?:parameter|argument|field|property|on this model):? {word}\b"
    return re.search(f"{quoted}|{place}|{called}", text) is not None


def _resembles(text: str, name: str) -> bool:
    """Whether a text in lower case is about the field of that name in the other spelling: `thinking_level`."""
    parts = _PART.findall(name)
    between = "_?" if "_" in name else "[_ ]?"
    pattern = between.join(part.lower() for part in parts)
    return len(parts) > 1 and re.search(rf"(?<!\w){pattern}(?!\w)", text) is not None


def _begins(text: str, name: str) -> bool:
    """Whether a complaint begins with the field of that name, and with nothing that makes it a word."""
    return re.match(rf"{re.escape(name)} (?:is|are|does|cannot|must)\b", text, re.IGNORECASE) is not None
