"""`fcc show`: the decision table that a policy is compiled to. Nothing is sent."""

from __future__ import annotations

import json
import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from fcc.cli.policy_file import CANNOT_RUN, read_policy
from rules.box_words import box_words, cell_words
from rules.cells import shown
from rules.local import implied
from rules.policy_types import Policy, PolicyRoute
from rules.rows import Compiled, compile_routes

WIDEST = 40
"""Columns of a fact in the table; longer entries are cut in text and whole in JSON."""


REMARK = re.compile(r'("(?:[^"\\\n]|\\[^\n])*")|#[^\n]*')
HEAD = re.compile(r"\s*route\s+\S+\s+")


class Format(StrEnum):
    """How the table is printed."""

    text = "text"
    json = "json"


def show(
    path: Annotated[Path, typer.Argument(help="the policy")] = Path("routes.toml"),
    format: Annotated[Format, typer.Option(help="how the table is printed")] = Format.text,  # noqa: A002
) -> int:
    """Print the compiled decision table: the first row whose cells hold the request decides; 0, or 2 without a policy.

    Example: fcc show routes.toml --format json
    """
    read = read_policy(path, "show")
    if read is None:
        return CANNOT_RUN
    policy, loaded = read
    found = table(compile_routes(policy.routes), policy, loaded.source.text)
    print(json.dumps(found, ensure_ascii=False, indent=2) if format is Format.json else as_text(found))
    return 0


def table(compiled: Compiled, policy: Policy, text: str) -> dict[str, Any]:
    """`{"facts": [{"fact", "cells"}], "rows": [{"route", "when", "exact", "action"}]}`.

    A fact that is not in `when` may have any value. `exact` false: the row lets through more than the condition does,
    which is then evaluated as it is written.
    """
    facts = [
        {"fact": shown(key), "cells": list(cell_words(domain))} for key, domain in compiled.domains.items()
    ]
    rows = [
        {
            "route": policy.routes[owner].name,
            "when": box_words(compiled.domains, box),
            "exact": not compiled.inexact >> number & 1,
            "action": _action(policy.routes[owner], text),
        }
        for number, (box, owner) in enumerate(zip(compiled.boxes, compiled.owner, strict=True))
    ]
    return {"facts": facts, "rows": rows}


def _action(route: PolicyRoute, text: str) -> str:
    """As it is written, behind name and condition; of an offer what asking for it comes to."""
    if route.offer is not None:
        return f"use {route.offer}"
    bare = route.condition is None or implied(route.condition)
    start = route.span.start if route.condition is None or bare else route.condition.span.end
    plain = REMARK.sub(lambda found: found[1] or " ", text[start : route.span.end])
    return " ".join((HEAD.sub("", plain) if bare else plain.lstrip(") \t\r\n")).split())


def as_text(found: dict[str, Any]) -> str:
    """The table for people: a column for each fact that a route asks about, `-` where a row does not."""
    facts = [one["fact"] for one in found["facts"]]
    lines = [["", "route", *facts, "action"]]
    for number, row in enumerate(found["rows"], 1):
        cells = [_cut(row["when"].get(fact, "-")) for fact in facts]
        mark = "" if row["exact"] else "*"
        lines.append([f"{number}{mark}", row["route"], *cells, row["action"]])
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    printed = [
        "  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]
    inexact = not all(row["exact"] for row in found["rows"])
    note = (
        ["", "* lets through more than the condition, which is then evaluated as it is written"]
        if inexact
        else []
    )
    return "\n".join([*printed, *note])


def _cut(text: str) -> str:
    return text if len(text) <= WIDEST else f"{text[: WIDEST - 1]}…"
