"""What changed between two texts of a policy, line by line."""

from __future__ import annotations

import difflib
from typing import Any

AROUND = 3
"""Lines shown before and after a change."""
MOST = 4_000
"""Lines of a difference; what is beyond is left out."""


def lines(before: str, after: str) -> list[dict[str, Any]]:
    """`{"kind", "text"}`: `-` and `+` for lines that went and came, a blank for those around them, `@` for the place
    where the next ones begin. Empty when the texts are the same.
    """
    found = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=AROUND)
    shown = []
    for number, line in enumerate(found):
        if number >= MOST:
            break
        if number >= 2:
            shown.append({"kind": line[:1], "text": line.strip("@ ") if line[:1] == "@" else line[1:]})
    return shown
