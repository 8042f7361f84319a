"""`fcc lint`: find mistakes in a routes.toml, each with its place and, where there is one, a fix."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from fcc.cli.policy_file import unreadable
from fcc.cli.words import plain
from fcc.environment import environment
from providers.presets import catalogue
from rules.fixes import apply
from rules.lint.registry import LintCode, codes
from rules.policy import Loaded, load
from rules.render import FORMATS
from rules.render.page import page
from rules.render.text import Palette
from rules.render.text import render as render_text
from rules.source import BOM
from rules.suggest import did_you_mean

if TYPE_CHECKING:
    import typer  # `fcc.cli.load` puts it here when it is needed

MAX_ROUNDS = 10
"""Times the file is read and fixed again: a fix may bring to light what another can mend."""

NUMBER = re.compile(r"(fcc)?[0-9]+", re.IGNORECASE)
"""A code by its number: another number is no better guess than the next one."""

NOT_TEXT = "FCC007"
"""With this finding the file is not what was read, and must not be written."""


class Format(StrEnum):
    """How findings are printed."""

    text = "text"
    json = "json"
    github = "github"
    sarif = "sarif"


def lint(
    path: Annotated[Path, typer.Argument(help="the file to check")] = Path("routes.toml"),
    format: Annotated[Format, typer.Option(help="how findings are printed")] = Format.text,  # noqa: A002
    fix: Annotated[bool, typer.Option("--fix", help="apply the safe fixes, then check again")] = False,
    explain: Annotated[str | None, typer.Option(metavar="CODE", help="print the page of a code")] = None,
) -> int:
    """Find mistakes in routes.toml: 0 clean or notes alone, 1 findings, 2 could not run.

    Example: fcc lint routes.toml --format github
    """
    if explain is not None:
        return _explain(explain)
    try:
        loaded = _load(path)
    except OSError as error:
        print(f"fcc lint: {unreadable(path, error)}", file=sys.stderr)
        return 2
    try:
        mended = _fix(path, loaded) if fix else 0
        loaded = _load(path) if mended else loaded
    except OSError as error:
        print(f"fcc lint: cannot write {path}: {error.strerror or error}", file=sys.stderr)
        return 2
    if mended:
        print(f"{mended} fixed in {path}", file=sys.stderr)
    print(_rendered(loaded, format), end="")
    return int(any(one.severity != "note" for one in loaded.diagnostics))


def quick(words: Sequence[str]) -> int | None:
    """The usual call, `fcc lint [PATH] [--format NAME]`, without Typer. None: it is another one."""
    found = plain(words, {"--format": ("format", Format)}, ("path", Path))
    return None if found is None else lint(**found)


def _load(path: Path) -> Loaded:
    return load(path.read_bytes(), path=str(path), env=environment(path), catalogue=catalogue())


def _fix(path: Path, loaded: Loaded) -> int:
    """Applies the safe fixes and writes the file; how many findings they mended."""
    total = 0
    if any(one.code == NOT_TEXT for one in loaded.diagnostics):
        return 0
    for _ in range(MAX_ROUNDS):
        text, mended = apply(loaded.source.text, loaded.diagnostics)
        if not mended:
            break
        total += len(mended)
        path.write_bytes(BOM * loaded.source.bom + text.encode())
        loaded = _load(path)
    return total


def _rendered(loaded: Loaded, chosen: Format) -> str:
    if chosen is Format.text and sys.stdout.isatty() and not os.environ.get("NO_COLOR"):
        return render_text(loaded.source, loaded.diagnostics, Palette(coloured=True))
    return FORMATS[chosen](loaded.source, loaded.diagnostics)


def _explain(said: str) -> int:
    """Prints the page of a code, asked for by number or name."""
    pages: dict[str, LintCode] = {}
    for code in codes().values():
        pages[code.code.lower()] = pages[code.name] = code
    found = pages.get(said.lower())
    if found is None:
        close = did_you_mean(said, pages) if not NUMBER.fullmatch(said) else None
        hint = (
            f"did you mean {pages[close].code}?"
            if close
            else f"codes run from {min(codes())} to {max(codes())}"
        )
        print(f"fcc lint: there is no code {said}; {hint}", file=sys.stderr)
        return 2
    print(page(found), end="")
    return 0
