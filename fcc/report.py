"""Findings of a loaded file on stderr, one line each, in the form editors and terminals can jump to."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TextIO

from engine.generation import Loaded

from rules.diagnostics import Diagnostic


def report(path: Path, loaded: Loaded, out: TextIO | None = None) -> None:
    """Say what came of a file: nothing for a clean one."""
    out = out or sys.stderr
    errors = [one for one in loaded.diagnostics if one.severity == "error"]
    if loaded.policy is None:
        for line in lines(path, loaded.text, errors):
            print(line, file=out)
        print(f"fcc: {path} was refused; what was served before is still served", file=out)
    out.flush()


def lines(path: Path, text: str, findings: Iterable[Diagnostic]) -> list[str]:
    """`PATH:LINE:COLUMN: error[CODE]: MESSAGE`, with 1-based lines and characters."""
    return [
        f"{path}:{place(text, one.span.start)}: {one.severity}[{one.code}]: {one.message}"
        + (f" ({one.help})" if one.help else "")
        for one in findings
    ]


def place(text: str, offset: int) -> str:
    line = text.count("\n", 0, offset) + 1
    return f"{line}:{offset - text.rfind(chr(10), 0, offset)}"
