"""What the collector of a server that has started still looks through."""

from __future__ import annotations

import subprocess
import sys


def test_what_a_start_has_loaded_is_looked_through_no_more() -> None:
    """A whole collection of it held up the loop for tens of milliseconds."""
    code = (
        "import gc, engine.generation, fcc.server\n"
        "from fcc.launch import keep_what_is_there\n"
        "before = len(gc.get_objects())\n"
        "keep_what_is_there()\n"
        "print(before, len(gc.get_objects()), gc.get_freeze_count())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    before, left, kept = map(int, done.stdout.split())
    assert kept > 0.8 * before
    assert left < 0.05 * before
