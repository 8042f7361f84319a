"""Globs in presets: `*` for any text, `?` for any one character, as in the routes language."""

from __future__ import annotations


def is_plain(glob: str) -> bool:
    """Whether it stands for one text only: itself."""
    return "*" not in glob and "?" not in glob


def matches(glob: str, text: str) -> bool:
    """Whether the glob stands for the whole text.

    Walks both, and lets the last star take one character more when it cannot go on: presets hold dozens of globs that
    are asked once for each model, too seldom to be worth compiling.
    """
    at = place = start = 0
    star = -1
    while place < len(text):
        sign = glob[at] if at < len(glob) else ""
        if sign == "*":
            star, start = at, place
            at += 1
        elif sign and sign in ("?", text[place]):
            at += 1
            place += 1
        elif star >= 0:
            start += 1
            at, place = star + 1, start
        else:
            return False
    return not glob[at:].strip("*")
