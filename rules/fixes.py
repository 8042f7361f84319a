"""Safe fixes, applied to the text of a file."""

from __future__ import annotations

from collections.abc import Iterable

from rules.diagnostics import Diagnostic, Edit, Fix


def apply(text: str, findings: Iterable[Diagnostic]) -> tuple[str, list[Diagnostic]]:
    """The text with the safe fixes, and the findings they mend.

    A fix is applied whole or not at all: of two that touch the same characters the one of the earlier finding
    wins, and the other is found again when the new text is read.
    """
    taken: list[Edit] = []
    mended = []
    for finding in findings:
        if finding.fix is None or not finding.fix.safe or not _fits(finding.fix, taken):
            continue
        taken += [edit for edit in finding.fix.edits if edit not in taken]
        mended.append(finding)
    return _edited(text, taken), mended


def _fits(fix: Fix, taken: list[Edit]) -> bool:
    """Whether none of the fix's edits touches one that is taken. The very same replacement is no conflict;
    the same insertion is, since it would have to be made twice."""
    return all(_same(edit, one) or not _touch(edit, one) for edit in fix.edits for one in taken)


def _same(a: Edit, b: Edit) -> bool:
    return a == b and a.span.start < a.span.end


def _touch(a: Edit, b: Edit) -> bool:
    """Whether two edits share a character, or insert at the same place."""
    if a.span.start == b.span.start:
        return True
    return a.span.start < b.span.end and b.span.start < a.span.end


def _edited(text: str, edits: list[Edit]) -> str:
    parts = []
    at = 0
    for edit in sorted(edits, key=lambda one: (one.span.start, one.span.end)):
        parts += [text[at : edit.span.start], edit.text]
        at = edit.span.end
    return "".join([*parts, text[at:]])
