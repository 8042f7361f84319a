"""`fcc doctor`: file, keys, port and providers, one line each."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fcc.opened import Opened, Unusable, opened

if TYPE_CHECKING:
    from fcc.checkup import Finding

SIGNS = {"ok": ("✓", "good"), "note": ("!", "odd"), "bad": ("✗", "bad")}


def doctor(
    config: Annotated[Path | None, typer.Option(metavar="PATH", help="the routes.toml to look at")] = None,
    offline: Annotated[bool, typer.Option("--offline", help="contact no provider")] = False,
) -> int:
    """Check everything `fcc serve` needs, and say what to do: 0 all good, 1 something is not, 2 could not run.

    Example: fcc doctor --offline
    """
    try:
        found = opened(config)
    except Unusable as reason:
        print(f"fcc doctor: {reason}", file=sys.stderr)
        return 2
    worst = 0
    for finding in findings(found, offline=offline):
        print(line(finding), flush=True)
        worst = max(worst, int(finding.level == "bad"))
    return worst


def findings(found: Opened, *, offline: bool) -> Iterator[Finding]:
    from fcc import checkup
    from fcc.environment import env_folder, state_folder

    yield checkup.of_file(found)
    env = env_folder(found.path) / ".env"
    kept = checkup.of_env(env)
    if kept is not None:
        yield kept
    yield checkup.of_token(found, state_folder())
    yield checkup.of_port(found)
    yield from asyncio.run(checkup.of_providers(found.generation, env, offline=offline))


def line(finding: Finding) -> str:
    from fcc.report import wants_colour
    from fcc.terminal import painter

    sign, role = SIGNS[finding.level]
    advice = f"  → {finding.advice}" if finding.advice else ""
    return f"{painter(wants_colour(sys.stdout))(sign, role)} {finding.about:<12} {finding.text}{advice}"
