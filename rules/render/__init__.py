"""Findings for readers and programs: one file a format, each `render(source, findings) -> str`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from rules.diagnostics import Diagnostic
from rules.render import github, sarif, text
from rules.render import json as json_format
from rules.source import Source

Render = Callable[[Source, Sequence[Diagnostic]], str]

FORMATS: Mapping[str, Render] = {
    "text": text.render,
    "json": json_format.render,
    "github": github.render,
    "sarif": sarif.render,
}
