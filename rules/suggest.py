"""The nearest known name to a mistyped one."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from contextvars import ContextVar

CUTOFF = 0.6
LONGEST = 100
"""Characters of a name that is compared; a longer one is no slip of the finger."""
MOST = 200
"""Names that are looked up for one file: whoever mistypes more has another problem."""

_left: ContextVar[list[int] | None] = ContextVar("left", default=None)


@contextmanager
def bounded(most: int = MOST) -> Generator[None]:
    """Within it only so many names are looked up; for further ones there is no suggestion."""
    token = _left.set([most])
    try:
        yield
    finally:
        _left.reset(token)


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """The known name most like `name`, or None when none is near; letter case does not count."""
    left = _left.get()
    if len(name) > LONGEST or (left is not None and left[0] <= 0):
        return None
    if left is not None:
        left[0] -= 1
    folded = {one.casefold(): one for one in known if len(one) <= LONGEST}
    if name.casefold() in folded:
        return folded[name.casefold()]
    from difflib import get_close_matches  # a file without a slip does not need it

    close = get_close_matches(name.casefold(), folded, n=1, cutoff=CUTOFF)
    return folded[close[0]] if close else None
