"""What an upstream's error quotes of the request, taken out of what is kept of it.

A prompt is its client's. Upstreams repeat pieces of it in their errors (FastAPI's `input`, filters that name what they
found), and errors go into the log, the ledger, the dashboard and the reasons other clients are told. The client itself
is told the whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from translators.request import Request

SHORTEST = 24
"""Signs in a row that are a quotation; fewer are words that anybody may use."""
HIDDEN = "…"
_SEARCHED = 1024 * 1024
"""Most signs of a request that are searched, the newest first."""
_STEP = SHORTEST // 2
_NOT_WORDS = re.compile(r"(?:\\+[nrt]|[\s\\\"'])+")
"""Blanks and quotes, written out or as escapes."""
_ESCAPES = re.compile(r"\\+[nrt]")
_BLANKS = "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000"
_SIGNS = dict.fromkeys(map(ord, _BLANKS + "".join(map(chr, range(0x2000, 0x200B))) + "\\\"'"))
"""The rest of them, for `str.translate`, which takes a seventh of the time over a prompt in ASCII."""


def unquoted(message: str, request: Request) -> str:
    """`message` with every run of `SHORTEST` or more signs of the prompt replaced; blanks and quotes do not count."""
    if len(message) < SHORTEST:
        return message
    said, places = _bare(message)
    prompt = _ESCAPES.sub("", "\0".join(_texts(request))).translate(_SIGNS)
    hidden: list[tuple[int, int]] = []
    at = 0
    while at + _STEP <= len(said):
        start, end = _around(said, at, prompt)
        if end - start >= SHORTEST:
            hidden.append((places[start], places[end - 1] + 1))
        at = max(end, at) // _STEP * _STEP + _STEP
    for start, end in reversed(hidden):
        message = message[:start] + HIDDEN + message[end:]
    return message


def _around(said: str, at: int, prompt: str) -> tuple[int, int]:
    """The longest run around `at` that stands in the prompt, found by its first place; empty if there is none."""
    if said[at : at + _STEP] not in prompt:
        return at, at
    start, end = at, at + _STEP
    while end < len(said) and said[start : end + 1] in prompt:
        end += 1
    while start > 0 and said[start - 1 : end] in prompt:
        start -= 1
    return start, end


def _bare(message: str) -> tuple[str, list[int]]:
    """The message without blanks, backslashes and quotes, and where each sign stood."""
    places, at = list[int](), 0
    for gap in _NOT_WORDS.finditer(message):
        places += range(at, gap.start())
        at = gap.end()
    places += range(at, len(message))
    return "".join(message[place] for place in places), places


def _texts(request: Request) -> Iterator[str]:
    """The prompt's texts, newest message first, up to `_SEARCHED` signs."""
    left = _SEARCHED
    waiting: list[Any] = [request.body.get("system"), *request.messages]
    while waiting and left > 0:
        one = waiting.pop()
        if isinstance(one, str):
            left -= len(one)
            yield one[:left] if left < 0 else one
        elif isinstance(one, dict):
            waiting += [value for name, value in one.items() if name not in ("type", "role", "media_type")]
        elif isinstance(one, list):
            waiting += one
