"""What came of a policy file, for people: the findings as `fcc lint` prints them."""

from __future__ import annotations

import os
import sys
from typing import TextIO

from rules.policy import Loaded
from rules.render.text import Palette, render


def findings(loaded: Loaded, *, coloured: bool = False) -> str:
    """The errors of a refused file; of one that is served, what is more than a note. "" for a clean one."""
    worth = ("error",) if loaded.policy is None else ("error", "warning")
    shown = [one for one in loaded.diagnostics if one.severity in worth]
    return render(loaded.source, shown, Palette(coloured)) if shown else ""


def wants_colour(out: TextIO | None = None) -> bool:
    """Whether `out` (default: stderr) is a terminal, and nobody asked for plain text (no-color.org)."""
    out = out or sys.stderr
    return out.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
