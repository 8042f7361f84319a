"""How long an upstream wants to be left alone: the headers and words that have come into use for it.

Sources: RFC 9110 §10.2.3 (seconds or a date), `retry-after-ms` (OpenAI), `x-ms-retry-after-ms` (Azure),
`x-ratelimit-reset-*` as a duration (`6m0s`, `250ms`; OpenAI, Groq), in seconds or as a time (OpenRouter, GitHub),
`ratelimit-reset` (draft-ietf-httpapi-ratelimit-headers), `retryDelay` (Google), and what providers write in plain text.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

SHORTEST = 1.0
LONGEST = 86_400.0
"""Seconds. A block is never shorter or longer than these."""

_ABSURD = 366 * 86_400.0
"""Nobody means to wait longer; what says so is no duration."""

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_PIECE = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?")

_WORDS = re.compile(
    r"(?:retry|try again|reset\w*|available(?: again)?|wait|come back)\W+(?:\w+\W+){0,3}?"
    r"(\d+(?:\.\d+)?)\s*(milliseconds?|ms|seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d)(?![a-z])"
    r"((?:\s*(?:and\s+)?\d+(?:\.\d+)?\s*(?:seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h)(?![a-z]))*)"
)
"""`try again in 7.66s`, `try again in 6m0s`, `reset in 3 days`, `retry after 20 seconds`."""
_MORE = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]+)")
_RETRY_DELAY = re.compile(r'"retrydelay"\s*:\s*"(\d+(?:\.\d+)?)s"')
_RESET = re.compile(r'"?x-ratelimit-reset"?\s*:\s*"?(\d{10,13})\b')
"""OpenRouter tells the header in the body."""


def retry_after(headers: Mapping[str, str], now: float, *, resets: bool = True) -> float | None:
    """Seconds to wait, from 1 to a day, as the headers (lower-case names) say; None if they say nothing sensible.

    `now` is the wall clock in seconds since 1970. It is of use where the upstream does not say what its own is: a
    machine that has slept may be wrong by hours. `resets`: the ends of rate windows count too. Many providers send
    those with every answer, so they mean something only where a rate was exceeded.
    """
    now = _date(headers.get("date", ""), 0.0) or now
    for name in ("retry-after-ms", "x-ms-retry-after-ms"):
        if (said := _number(headers.get(name, ""))) is not None and (
            wait := _bounded(said / 1000)
        ) is not None:
            return wait
    written = headers.get("retry-after", "")
    if (wait := _bounded(_moment(written, now))) is not None or (
        wait := _bounded(_date(written, now))
    ) is not None:
        return wait
    return _reset(headers, now) if resets else None


def retry_after_words(text: str, now: float | None = None) -> float | None:
    """The same from a text in lower case, such as an error message; times in it only if `now` is known."""
    if (delay := _RETRY_DELAY.search(text)) is not None:
        return _bounded(float(delay[1]))
    if now is not None and (reset := _RESET.search(text)) is not None:
        return _bounded(_moment(reset[1], now))
    said = _WORDS.search(text)
    if said is None:
        return None
    seconds = float(said[1]) * _unit(said[2])
    seconds += sum(float(amount) * _unit(unit) for amount, unit in _MORE.findall(said[3]))
    return _bounded(seconds)


def _reset(headers: Mapping[str, str], now: float) -> float | None:
    """The longest of the windows that are used up; if none is known to be, the shortest of all."""
    waits: list[float] = []
    spent: list[float] = []
    for name, written in headers.items():
        if "ratelimit-reset" not in name:
            continue
        wait = _bounded(_moment(written, now))
        if wait is None:
            continue
        waits.append(wait)
        if headers.get(name.replace("reset", "remaining"), "").strip() in ("0", "0.0"):
            spent.append(wait)
    return max(spent) if spent else min(waits, default=None)


def _moment(written: str, now: float) -> float | None:
    """Seconds from a number, a duration, or a time since 1970 in seconds or milliseconds."""
    written = written.strip().lower()
    number = _number(written)
    if number is not None:
        if number > 1e11:
            return number / 1000 - now
        return number - now if number > 1e9 else number
    pieces = _PIECE.findall(written)
    if pieces and "".join(amount + unit for amount, unit in pieces) == written:
        return sum(float(amount) * _UNITS[unit] for amount, unit in pieces)
    return None


def _date(written: str, now: float) -> float | None:
    try:
        return parsedate_to_datetime(written).timestamp() - now
    except (ValueError, TypeError, OverflowError):
        return None


def _number(written: str) -> float | None:
    written = written.strip()
    return float(written) if len(written) < 32 and _NUMBER.fullmatch(written) else None


def _bounded(seconds: float | None) -> float | None:
    if seconds is None or not math.isfinite(seconds) or not 0 <= seconds <= _ABSURD:
        return None
    return min(max(seconds, SHORTEST), LONGEST)


def _unit(word: str) -> float:
    if word.startswith(("ms", "milli")):
        return 0.001
    return _UNITS[word[0]]
