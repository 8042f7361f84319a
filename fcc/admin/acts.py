"""What an admin may change in one process: forget why models are put aside; and how a changed policy is answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.generation import House
from engine.picture import candidates, pardon
from rules.policy import Loaded

if TYPE_CHECKING:
    from fcc.server import App


def known(house: House) -> list[str]:
    """The models of the policy in force."""
    return [one.id for one in candidates(house.generation)] if house.generation is not None else []


def forget(app: App, target: str | None) -> list[str]:
    """Forget the rest, blocks and verdicts of a model, or of all. Those for which there was something to forget."""
    forgotten = pardon(app.house.state, known(app.house) if target is None else [target])
    app.books.sync()
    return forgotten


def reloaded(house: House, loaded: Loaded | None) -> dict[str, Any]:
    """What came of a reload; `loaded` is None when there was no file."""
    generation = house.generation
    return {
        "status": "kept" if loaded is None or loaded.policy is None else "accepted",
        "generation": generation.id if generation else "",
        "held": house.held or None,
        "problems": [f"{one.code} {one.message}" for one in house.problem],
    }


def rolled_back(house: House, loaded: Loaded) -> dict[str, Any]:
    generation = house.generation
    return {
        "status": "kept" if loaded.policy is None else "accepted",
        "generation": generation.id if generation else "",
        "problems": [f"{one.code} {one.message}" for one in loaded.diagnostics if one.severity == "error"],
    }
