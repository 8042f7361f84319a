"""Findings as SARIF 2.1.0, which code scanning services read.

Specification: docs.oasis-open.org/sarif/sarif/v2.1.0. Columns count Unicode code points (`columnKind`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from rules.diagnostics import Diagnostic, Fix
from rules.lint.registry import codes
from rules.nodes import Span
from rules.render.json import place, printable
from rules.source import Source

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
KEYS = {"line": "startLine", "column": "startColumn", "end_line": "endLine", "end_column": "endColumn"}


def render(source: Source, findings: Sequence[Diagnostic]) -> str:
    """One run, with the rules that were found in it."""
    found = sorted({finding.code for finding in findings})
    driver = {"name": "fcc", "rules": [_rule(code) for code in found]}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(source, finding) for finding in findings],
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, ensure_ascii=False, indent=2) + "\n"


def _rule(code: str) -> dict[str, Any]:
    page = codes()[code]
    return {
        "id": code,
        "name": page.name,
        "shortDescription": {"text": page.summary},
        "fullDescription": {"text": page.explanation},
        "defaultConfiguration": {"level": page.severity},
    }


def _result(source: Source, finding: Diagnostic) -> dict[str, Any]:
    text = f"{finding.message}\n{finding.help}" if finding.help else finding.message
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "level": finding.severity,
        "message": {"text": text},
        "locations": [_location(source, finding.span)],
    }
    if finding.labels:
        result["relatedLocations"] = [
            {**_location(source, label.span), "message": {"text": label.text}} for label in finding.labels
        ]
    if finding.fix is not None and printable(source, finding.fix):
        result["fixes"] = [_fix(source, finding.fix)]
    return result


def _location(source: Source, span: Span) -> dict[str, Any]:
    return {"physicalLocation": {"artifactLocation": _artifact(source), "region": _region(source, span)}}


def _artifact(source: Source) -> dict[str, str]:
    return {"uri": quote(source.path.replace("\\", "/"), safe="/:", errors="surrogateescape")}


def _region(source: Source, span: Span) -> dict[str, int]:
    return {KEYS[key]: value for key, value in place(source, span).items()}


def _fix(source: Source, fix: Fix) -> dict[str, Any]:
    replacements = [
        {"deletedRegion": _region(source, edit.span), "insertedContent": {"text": edit.text}}
        for edit in fix.edits
    ]
    change = {"artifactLocation": _artifact(source), "replacements": replacements}
    return {"description": {"text": fix.title}, "artifactChanges": [change]}
