"""Why a remembered request went where it went: its facts put to the policy once more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.generation import Generation
from fcc.explanation import Explainer
from rules.given import GivenError, from_values
from rules.policy import Loaded

_last: list[tuple[Loaded, Explainer]] = []
"""The explainer of the file that was asked about last: to make one costs more than to ask it."""


def explained(generation: Generation | None, row: Mapping[str, Any]) -> dict[str, Any] | None:
    """As `fcc explain --format json`, by the policy of now; `same_policy` says whether that is the one that decided.
    None: the facts cannot be read by this version, or there is no policy."""
    if generation is None:
        return None
    try:
        view = from_values(row["facts"])
    except GivenError:
        return None
    found = explainer(generation).explain(view)
    return {**found, "same_policy": row["generation"] == generation.id}


def explainer(generation: Generation) -> Explainer:
    if not _last or _last[0][0] is not generation.loaded:
        _last[:] = [(generation.loaded, Explainer(generation.policy, generation.loaded, generation.presets))]
    return _last[0][1]
