"""What changed between two texts of a policy: line by line, and for whom."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fcc.plan_report import recorded, report
from fcc.plan_words import as_text
from providers.presets import catalogue
from rules.policy import load

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


def meaning(before: bytes, after: bytes, env: Mapping[str, str], ledger: Path | None) -> str | None:
    """As `fcc plan` prints it: the classes of requests that are treated otherwise. `ledger`: where their shares come
    from. None when one of the texts is no policy any more. May take a few seconds.
    """
    old, new = (load(data, path="", env=env, catalogue=catalogue()).policy for data in (before, after))
    if old is None or new is None:
        return None
    return as_text(report(old, new, None if ledger is None else recorded(None, ledger)))
