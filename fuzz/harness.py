"""What all fuzz targets share: seeds from the fixtures, instrumented imports, and libFuzzer's own options.

    pip install -e '.[fuzz]'
    python fuzz/sse.py -max_total_time=60

An input that breaks something is written to the working directory as `crash-…` or `timeout-…`; give its path as the
only argument to run it again. Whatever was found once is a case in `tests/fuzzed`.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

import atheris

ROOT = Path(__file__).resolve().parents[1]
FIXTURES = ROOT / "fixtures"
sys.path.append(str(ROOT / "tests"))
SLOWEST = 10
"""Seconds after which one input counts as a hang, instrumented and on a busy machine."""
LONGEST = 2048
"""Bytes of one input, unless `-max_len` says otherwise."""


def fuzz(target: Callable[[bytes], None], seeds: Iterable[bytes]) -> None:
    """Runs until libFuzzer is told to stop. Never returns: libFuzzer ends the process."""
    given = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder) / "corpus"
        corpus.mkdir()
        for number, seed in enumerate(seeds):
            (corpus / f"seed-{number}").write_bytes(seed[:LONGEST])
        single = [one for one in given if not one.startswith("-")]
        defaults = [f"-timeout={SLOWEST}", f"-max_len={LONGEST}"]
        atheris.Setup([sys.argv[0], *defaults, *given, *([] if single else [str(corpus)])], target)
        atheris.Fuzz()


def without_progress(events: Iterable[object]) -> list[object]:
    """Events but for signs of life, which go by reads and not by bytes."""
    return [event for event in events if type(event).__name__ != "Progress"]
