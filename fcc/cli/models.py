"""`fcc models`: what the policy offers, what is known of each model, and whether it can be asked."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fcc.opened import Unusable, opened

if TYPE_CHECKING:
    from engine.candidates import Candidate
    from engine.generation import Generation
    from rules.policy_types import Plan


class Format(StrEnum):
    """How the list is printed."""

    text = "text"
    json = "json"


def models(
    config: Annotated[Path | None, typer.Option(metavar="PATH", help="the routes.toml to read")] = None,
    format: Annotated[Format, typer.Option(help="how the list is printed")] = Format.text,  # noqa: A002
) -> int:
    """List what is offered, with facts and state; nothing is sent: 0, or 2 when there is no policy to read.

    Example: fcc models --format json
    """
    try:
        generation = opened(config).generation
    except Unusable as reason:
        print(f"fcc models: {reason}", file=sys.stderr)
        return 2
    rows = [row(generation, *one) for one in offered(generation)]
    if format is Format.json:
        print(json.dumps({"models": rows}, ensure_ascii=False, indent=2))
    else:
        print(table(rows))
    return 0


def offered(generation: Generation) -> Iterator[tuple[str, str, Plan]]:
    """Id, name and plan of each offer; the no-thinking twin of one is left out."""
    seen = set()
    for offer in generation.policy.offers:
        if offer.id not in seen:
            seen.add(offer.id)
            yield offer.id, offer.label or offer.id, offer.plan


def row(generation: Generation, model_id: str, name: str, plan: Plan) -> dict[str, Any]:
    """Facts of an offer are those of the models in it: the smallest window, and what one of them can."""
    found = list(candidates(generation, plan))
    known = [one.profile for one in found]
    missing = {one.provider.name: one.provider.missing for one in found if one.provider.missing}
    return {
        "id": model_id,
        "name": name,
        "models": [one.id for one in found],
        "context": min((one.context for one in known if one.context), default=None),
        "output": max((one.output for one in known if one.output), default=None),
        "images": any(one.images for one in known),
        "documents": any(one.documents for one in known),
        "thinking": sorted({one.thinking for one in known}),
        "state": "ready" if len(missing) < len({one.provider.name for one in found}) else "no key",
        "missing": missing,
    }


def candidates(generation: Generation, plan: Plan) -> Iterator[Candidate]:
    from rules.policy_types import GroupOf

    for step in plan:
        if isinstance(step, GroupOf):
            for member in step.members:
                yield from candidates(generation, member)
        elif step.provider:
            found = generation.candidate(step, "")
            if found is not None:
                yield found


def table(rows: list[dict[str, Any]]) -> str:
    """Aligned columns; below them the variables that would make more of it ready."""
    if not rows:
        return "The policy offers no models: add `offer … as …` to its rules."
    cells = [("ID", "NAME", "CONTEXT", "IMAGES", "THINKING", "STATE"), *map(line, rows)]
    widths = [max(len(one[column]) for one in cells) for column in range(len(cells[0]))]
    lines = [
        "  ".join(text.ljust(width) for text, width in zip(one, widths, strict=True)).rstrip()
        for one in cells
    ]
    missing = {name: what for one in rows for name, what in one["missing"].items()}
    return "\n".join(
        [*lines, *([""] if missing else []), *(f"{name}: {what}" for name, what in missing.items())]
    )


def line(one: dict[str, Any]) -> tuple[str, ...]:
    context = f"{one['context'] // 1000:,}k" if one["context"] else "?"
    images = "yes" if one["images"] else "no"
    state = one["state"] if len(one["models"]) < 2 else f"{one['state']}, {len(one['models'])} models"
    name = one["name"] if one["name"] != one["id"] else ""
    return one["id"], name, context, images, "/".join(one["thinking"]), state
