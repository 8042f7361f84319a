"""Findings as values: code, severity, place, labels, help. Rendering is elsewhere, so is deciding what to do.

Shape after OPA's `ast/errors.go` and ruff's `ruff_db::diagnostic`: a message states the fact, `help` says what to
change. Messages start lower case and end without a full stop; names stand in backticks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from rules.nodes import Span

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True)
class Label:
    """A second place that explains the first."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace the characters of `span` by `text`."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Fix:
    """A change that mends the finding; only a safe one is applied by `--fix`."""

    title: str
    edits: tuple[Edit, ...]
    safe: bool = True


@dataclass(frozen=True, slots=True)
class Diagnostic:
    code: str
    """`FCC301`."""
    severity: Severity
    message: str
    span: Span
    labels: tuple[Label, ...] = ()
    help: str | None = None
    witness: Mapping[str, object] | None = None
    """A concrete request that shows the finding, as fact → value."""
    fix: Fix | None = None
