"""Policies: any bytes are a policy or a list of findings, never an exception, and what `fmt` writes means the same.

python fuzz/language.py -max_total_time=60
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from random import Random

import atheris

from fuzz.harness import fuzz

with atheris.instrument_imports(include=["rules"]):
    from providers.presets import catalogue
    from rules.format import CannotFormatError, formatted
    from rules.policy import load
    from rules.render import json as as_json
    from rules.render import text as as_text
from support.policies import policy_text

KNOWN = catalogue()


def target(data: bytes) -> None:
    loaded = load(data, path="routes.toml", env={}, catalogue=KNOWN)
    assert loaded.policy is not None or loaded.diagnostics
    as_text.render(loaded.source, loaded.diagnostics)
    for one in loaded.diagnostics:
        as_json.entry(loaded.source, one)
    if loaded.policy is None:
        return
    try:
        text = formatted(data.decode())
    except CannotFormatError:
        return
    assert formatted(text) == text
    again = load(text.encode(), path="routes.toml", env={}, catalogue=KNOWN)
    assert again.policy is not None


def seeds() -> list[bytes]:
    made = (policy_text(Random(number), wild=False).encode() for number in range(400))
    return [one for one in made if len(one) < 700]


if __name__ == "__main__":
    fuzz(target, seeds())
