"""`fcc graph`: the policy as a picture."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from fcc.cli.policy_file import unreadable
from fcc.environment import environment
from providers.presets import catalogue
from rules import parser
from rules.graph import FORMATS
from rules.graph.picture import picture
from rules.policy import FIRST_FLOW_CODE, load
from rules.render.text import render


class Format(StrEnum):
    """What the picture is made of."""

    svg = "svg"
    mermaid = "mermaid"


def graph(
    path: Annotated[Path, typer.Argument(help="the file to draw")] = Path("routes.toml"),
    format: Annotated[Format, typer.Option(help="what the picture is made of")] = Format.svg,  # noqa: A002
    output: Annotated[Path | None, typer.Option("--output", "-o", help="where to; default: stdout")] = None,
) -> int:
    """Draw routes, chains and models, and who asks whom: 0, or 2 when the file has errors or cannot be read.

    Example: fcc graph routes.toml -o routes.svg
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        print(f"fcc graph: {unreadable(path, error)}", file=sys.stderr)
        return 2
    try:
        loaded = load(data, path=str(path), env=environment(path), catalogue=catalogue())
        source = loaded.source
        errors = [one for one in loaded.diagnostics if one.severity == "error" and one.code < FIRST_FLOW_CODE]
        if errors or source.rules is None:
            print(render(source, errors), end="", file=sys.stderr)
            return 2
        document, _ = parser.parse(source.text, *source.rules)
        made = FORMATS[format](picture(source.text, document))
        if output is not None:
            output.write_text(made, encoding="utf-8")
    except OSError as error:
        print(f"fcc graph: cannot write {output}: {error.strerror or error}", file=sys.stderr)
        return 2
    if output is None:
        print(made, end="")
    return 0
