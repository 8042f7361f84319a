"""The nearest known name to a mistyped one."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

CUTOFF = 0.6


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """The known name most like `name`, or None when none is near; letter case does not count."""
    folded = {one.casefold(): one for one in known}
    if name.casefold() in folded:
        return folded[name.casefold()]
    close = get_close_matches(name.casefold(), folded, n=1, cutoff=CUTOFF)
    return folded[close[0]] if close else None
