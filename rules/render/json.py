"""Findings for programs: one object, places counted from one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from rules.diagnostics import Diagnostic, Fix
from rules.nodes import Span
from rules.source import Source


def render(source: Source, findings: Sequence[Diagnostic]) -> str:
    """`{"path", "findings": […]}` and nothing else."""
    found = {"path": source.path, "findings": [entry(source, one) for one in findings]}
    return json.dumps(found, ensure_ascii=False, indent=2) + "\n"


def entry(source: Source, finding: Diagnostic) -> dict[str, Any]:
    """One finding; `end_line` and `end_column` are where the character behind it stands."""
    return {
        "code": finding.code,
        "severity": finding.severity,
        "message": finding.message,
        **place(source, finding.span),
        "labels": [
            dict(zip(("line", "column"), source.lines.place(label.span.start), strict=True), text=label.text)
            for label in finding.labels
        ],
        "help": finding.help,
        "witness": None if finding.witness is None else dict(finding.witness),
        "fix": _fix(source, finding.fix)
        if finding.fix is not None and printable(source, finding.fix)
        else None,
    }


def place(source: Source, span: Span) -> dict[str, int]:
    line, column = source.lines.place(span.start)
    end_line, end_column = source.lines.place(span.end)
    return {"line": line, "column": column, "end_line": end_line, "end_column": end_column}


def printable(source: Source, fix: Fix) -> bool:
    """Whether a fix may leave the file: one that writes a secret anew may not, nor be written with stars in it."""
    return all(source.hide(edit.text) == edit.text for edit in fix.edits)


def _fix(source: Source, fix: Fix) -> dict[str, Any]:
    edits = [{**place(source, edit.span), "text": edit.text} for edit in fix.edits]
    return {"title": fix.title, "safe": fix.safe, "edits": edits}
