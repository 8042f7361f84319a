"""`fcc fmt`: one way to write a routes.toml."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from difflib import unified_diff
from pathlib import Path
from typing import Annotated

import typer

from fcc.cli.policy_file import unreadable
from rules import source
from rules.diagnostics import Diagnostic
from rules.format import CannotFormatError, formatted
from rules.masking import hidden
from rules.render.text import render
from rules.source import BOM, Source


def fmt(
    path: Annotated[Path, typer.Argument(help="the file to lay out")] = Path("routes.toml"),
    check: Annotated[bool, typer.Option("--check", help="write nothing; only say what would change")] = False,
    diff: Annotated[bool, typer.Option("--diff", help="write nothing; print what would change")] = False,
) -> int:
    """Align columns, wrap long statements; meaning, order and comments stay.

    0 when done or nothing to do, 1 when --check or --diff finds something to do, 2 when the file cannot be read.

    Example: fcc fmt routes.toml --diff
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        print(f"fcc fmt: {unreadable(path, error)}", file=sys.stderr)
        return 2
    try:
        found, findings = source.read(data, str(path))
        if any(one.severity == "error" and one.code in UNREADABLE for one in findings):
            return _refused(found, findings)
        made = formatted(found.text)
        changed = made != found.text
        if changed and not (check or diff):
            _write(path, BOM * found.bom + made.encode())
    except CannotFormatError as refused:
        return _refused(found, refused.findings)
    except OSError as error:
        print(f"fcc fmt: cannot write {path}: {error.strerror or error}", file=sys.stderr)
        return 2
    if changed and diff:
        sys.stdout.writelines(_difference(found, made))
    if changed and not diff:
        print(f"{'would lay out' if check else 'laid out'} {path}", file=sys.stderr)
    return int(changed and (check or diff))


UNREADABLE = ("FCC007", "FCC008")
"""No UTF-8, or too large: what was read is not the file."""


def _refused(found: Source, findings: Sequence[Diagnostic]) -> int:
    if findings:
        print(render(found, [hidden(one, found.hide) for one in findings]), end="", file=sys.stderr)
    why = "only what can be read can be laid out" if findings else "it has no `rules` to lay out"
    print(f"fcc fmt: {found.path} is as it was: {why}", file=sys.stderr)
    return 2


def _write(path: Path, data: bytes) -> None:
    """Through a file beside it, so that a server that follows the file never reads half of it."""
    path = path.resolve()
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_bytes(data)
        beside.chmod(path.stat().st_mode)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _difference(found: Source, made: str) -> list[str]:
    """Both as they may be printed: a key in clear may stand in a line beside a change."""
    both = (found, source.read(made.encode(), found.path)[0])
    lines = [one.shown.text.splitlines(keepends=True) for one in both]
    made_of = unified_diff(*lines, fromfile=found.path, tofile=f"{found.path} (laid out)")
    return [line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in made_of]
