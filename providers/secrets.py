"""Keys and tokens: a type that does not show them, and a scrubber for texts that others have written.

An upstream may quote the key it refuses, plainly, in base64 or in a URL. Whatever text of a failure is shown or logged
goes through `Scrubber.scrub` first. The whole value is taken out: a prefix left standing would help to find it.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable
from typing import NoReturn
from urllib.parse import quote

HIDDEN = "***"
CUT = "…"
"""Behind a text that was cut."""

SHORTEST = 6
"""Shorter values are words (`none`, `EMPTY`): to take those out would only garble texts."""


class Secret:
    """A value that is sent and never shown."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __repr__(self) -> str:
        return HIDDEN

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not written down")


class Scrubber:
    """Takes a set of secrets out of any text, in the forms they are likely to be quoted in."""

    def __init__(self, secrets: Iterable[Secret]) -> None:
        forms = {form for secret in secrets for form in _forms(secret.reveal())}
        longest_first = sorted(forms, key=len, reverse=True)
        self._forms = longest_first
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if forms else None

    def scrub(self, text: str) -> str:
        """`text` without them; one that was cut does not end in the beginning of one either."""
        if self._pattern is None:
            return text
        text = self._pattern.sub(HIDDEN, text)
        if not text.endswith(CUT):
            return text
        begun = max(_begun(text[:-1], form) for form in self._forms)
        return text[: -1 - begun] + HIDDEN + CUT if begun else text


def _begun(text: str, form: str) -> int:
    """How many signs of `form`, from its first one on, `text` ends in; 0 for fewer than `SHORTEST`."""
    for length in range(min(len(form) - 1, len(text)), SHORTEST - 1, -1):
        if text.endswith(form[:length]):
            return length
    return 0


def _forms(value: str) -> Iterable[str]:
    if len(value) < SHORTEST:
        return
    yield value
    yield quote(value, safe="")
    yield json.dumps(value)[1:-1]
    data = value.encode("utf-8", "surrogatepass")
    for shift in range(3):
        yield _within_base64(data, shift, base64.b64encode)
        yield _within_base64(data, shift, base64.urlsafe_b64encode)


def _within_base64(data: bytes, shift: int, encode: Callable[[bytes], bytes]) -> str:
    """What base64 makes of `data` when it begins `shift` bytes into a group of three, without the signs at both ends
    that depend on the bytes around it."""
    whole = encode(b"\0" * shift + data).decode().rstrip("=")
    first = -(-shift * 8 // 6)
    last = (shift + len(data)) * 8 // 6
    return whole[first:last]
