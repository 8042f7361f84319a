"""A row of `failures` that names no failure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rules.diagnostics import Diagnostic
from rules.lint.fcc207_unknown_failure import FAILURES
from rules.lint.registry import Context, LintCode
from rules.suggest import did_you_mean

CODE = LintCode(
    "FCC012",
    "wrong-failure-row",
    "error",
    "a row of `failures` that names no failure",
    """A row of `failures` in `[providers.NAME]` says what an answer of that provider means: `kind` is the failure, and
`status`, `type` (the provider's own word) or `text` (a piece of what it says) tell by which answers it is known.
It may have a `hint` for people. Everything else is a slip, and the provider could not be used.""",
    bad="""\
rules = '''
route rest use zen/minimax-m2.5-free
'''

[providers.zen]
failures = [{ status = 400, text = "DEGRADED", kind = "overlaoded" }]
""",
    good="""\
rules = '''
route rest use zen/minimax-m2.5-free
'''

[providers.zen]
failures = [{ status = 400, text = "DEGRADED", kind = "overloaded" }]
""",
)

FIELDS: Mapping[str, type] = {"status": int, "type": str, "text": str, "kind": str, "hint": str}
WORDS: Mapping[type, str] = {int: "a whole number", str: "text in quotes"}


def check(context: Context) -> Iterator[Diagnostic]:
    for name, provider in context.settings.providers.items():
        for number, row in enumerate(provider.failures):
            yield from _row(context, ("providers", name, "failures", number), row)


def _row(context: Context, path: tuple[str | int, ...], row: Mapping[str, Any]) -> Iterator[Diagnostic]:
    for key, value in row.items():
        place = context.source.place(*path, key)
        if key not in FIELDS:
            close = did_you_mean(key, FIELDS)
            advice = f"did you mean `{close}`?" if close else f"it may be {_listed(FIELDS)}"
            yield CODE.at(place.key, f"a failure row has no `{key}`", help=advice)
        elif not isinstance(value, FIELDS[key]) or isinstance(value, bool):
            yield CODE.at(place.value, f"`{key}` of a failure row is {WORDS[FIELDS[key]]}")
        elif key == "status" and not 100 <= value <= 599:
            yield CODE.at(place.value, f"there is no HTTP status {value}", help="they go from 100 to 599")
    kind, whole = row.get("kind"), context.source.place(*path).value
    if kind is None:
        yield CODE.at(whole, "a failure row needs a `kind`", help=f"it may be {_listed(FAILURES)}")
    elif isinstance(kind, str) and kind not in FAILURES:
        close = did_you_mean(kind, FAILURES)
        advice = f"did you mean `{close}`?" if close else f"it may be {_listed(FAILURES)}"
        yield CODE.at(context.source.place(*path, "kind").value, f"there is no failure `{kind}`", help=advice)
    if not row.keys() & {"status", "type", "text"}:
        yield CODE.at(whole, "a failure row needs a `status`, a `type` or a `text` to be known by")


def _listed(names: Mapping[str, Any] | tuple[str, ...]) -> str:
    return ", ".join(f"`{one}`" for one in names)
