"""Findings as values: code, severity, place, labels, help. Rendering is elsewhere, so is deciding what to do.

Shape after OPA's `ast/errors.go` and ruff's `ruff_db::diagnostic`: a message states the fact, `help` says what to
change. Messages start lower case and end without a full stop; names stand in backticks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from rules.nodes import Span

Severity = Literal["error", "warning", "note"]


class Label(msgspec.Struct, frozen=True):
    """A second place that explains the first."""

    span: Span
    text: str


class Edit(msgspec.Struct, frozen=True):
    """Replace the characters of `span` by `text`."""

    span: Span
    text: str


class Fix(msgspec.Struct, frozen=True):
    """A change that mends the finding; only a safe one is applied by `--fix`."""

    title: str
    edits: tuple[Edit, ...]
    safe: bool = True


class Diagnostic(msgspec.Struct, frozen=True):
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
