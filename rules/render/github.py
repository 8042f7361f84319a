"""Findings as GitHub workflow commands, which annotate the lines of a pull request.

Columns are left out where a finding crosses lines: GitHub refuses those. Format:
docs.github.com/actions/reference/workflow-commands-for-github-actions
"""

from __future__ import annotations

from collections.abc import Sequence

from rules.diagnostics import Diagnostic
from rules.source import Source

LEVELS = {"error": "error", "warning": "warning", "note": "notice"}


def render(source: Source, findings: Sequence[Diagnostic]) -> str:
    """One line a finding."""
    return "".join(_line(source, finding) for finding in findings)


def _line(source: Source, finding: Diagnostic) -> str:
    line, column = source.lines.place(finding.span.start)
    end_line, end_column = source.lines.place(finding.span.end)
    columns = f",col={column},endColumn={end_column}" if line == end_line else ""
    where = f"file={_property(source.path)},line={line},endLine={end_line}{columns},title={finding.code}"
    text = f"{finding.message}: {finding.help}" if finding.help else finding.message
    return f"::{LEVELS[finding.severity]} {where}::{_data(text)}\n"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
