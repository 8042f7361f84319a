"""`fcc migrate`: a routes.toml from the configuration of another proxy."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from fcc.cli.policy_file import text_of
from providers.presets import catalogue
from rules.policy import load
from rules.render.text import render


class From(StrEnum):
    """Whose configuration it is."""

    env = "env"
    ccr = "ccr"
    litellm = "litellm"


def migrate(
    source: Annotated[From, typer.Argument(help="whose: a .env, claude-code-router's, or LiteLLM's")],
    file: Annotated[Path, typer.Argument(help="the file to carry over")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="where to; default: stdout. Never overwritten")
    ] = None,
) -> int:
    """Write a routes.toml from another proxy's file, and say what could not be carried over: 0, or 2 without one.

    Example: fcc migrate ccr ~/.claude-code-router/config.json -o routes.toml
    """
    from fcc.migrate import SOURCES
    from fcc.migrate.draft import CannotReadError

    try:
        given = text_of(file)
    except ValueError as error:
        print(f"fcc migrate: {error}", file=sys.stderr)
        return 2
    try:
        draft = SOURCES[source](given)
        text = draft.text()
        if output is not None:
            with output.open("x", encoding="utf-8") as written:
                written.write(text)
    except CannotReadError as error:
        print(f"fcc migrate: cannot read {file}: {error}", file=sys.stderr)
        return 2
    except FileExistsError:
        print(f"fcc migrate: {output} is there already; name another file", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"fcc migrate: cannot write {output}: {error.strerror or error}", file=sys.stderr)
        return 2
    if output is None:
        print(text, end="", flush=True)
    if draft.left:
        print("Not carried over, or left for you to do:", file=sys.stderr)
    for line in dict.fromkeys(draft.left):
        print(f"- {line}", file=sys.stderr)
    return _checked(text, output)


def _checked(text: str, output: Path | None) -> int:
    """What lint has to say of the new file, apart from keys that are yet to be set."""
    name = str(output or "routes.toml")
    loaded = load(text.encode(), path=name, env=os.environ, catalogue=catalogue())
    found = [one for one in loaded.diagnostics if one.severity != "note" and one.code != "FCC601"]
    if found:
        print(render(loaded.source, found), end="", file=sys.stderr)
    return 0
