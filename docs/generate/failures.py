"""Kinds of failure and what each does, from `providers.failures`."""

from __future__ import annotations

import re

from generate.tables import code
from generate.tables import table as table_in_markdown
from providers import failures
from providers.failures import OUTCOMES, Outcome

_BRANCH = re.compile(r"^ *[├└]─ (\w+) +(.+)$", re.MULTILINE)
NEXT = {
    "any": "the next one",
    "wider": "the next one with a larger window",
    "one other": "one other provider; if it says the same, nobody",
}


def meanings() -> dict[str, str]:
    """Kind → what it stands for, as the tree at the top of the module says."""
    return dict(_BRANCH.findall(failures.__doc__ or ""))


def table_of(outcomes: dict[str, Outcome]) -> str:
    said = meanings()
    rows = [
        (
            code(kind),
            said[kind],
            "yes" if one.health else "–",
            _aside(one),
            "yes" if one.retries else "–",
            NEXT[one.next],
        )
        for kind, one in outcomes.items()
    ]
    head = ("kind", "stands for", "counts for health", "puts aside", "same model again", "who is asked next")
    return table_in_markdown(head, rows)


def table() -> str:
    return table_of({str(kind): one for kind, one in OUTCOMES.items()})


def _aside(one: Outcome) -> str:
    if one.block is not None:
        return f"the {one.block} until Retry-After, or a time that grows, is over"
    if one.verdict is not None:
        return f"the {one.verdict_scope} for {_spoken(one.verdict)}"
    return "–"


def _spoken(seconds: float) -> str:
    return f"{seconds / 60:.0f} minutes" if seconds < 3600 else f"{seconds / 3600:g} hour"
