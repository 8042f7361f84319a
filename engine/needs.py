"""What a request needs of a model, against the facts known of it."""

from __future__ import annotations

from engine.candidates import Candidate
from engine.facts import Facts
from engine.state import Skip

MARGIN = 1.15
"""How far above the window an estimate must lie before it is believed."""


def unfit(candidate: Candidate, facts: Facts, tokens: int) -> Skip | None:
    """Why the candidate cannot serve the request; None when it can, or nothing is known against it."""
    profile = candidate.profile
    if profile.context is not None and tokens > profile.context * MARGIN:
        text = f"prompt is too long: {tokens} tokens > {profile.context} maximum"
        return Skip("window", text, kind="overflow")
    if not profile.tools and facts.tools:
        return Skip("incapable", f"{candidate.id} cannot call tools", kind="bad_request")
    if not profile.images and facts.images:
        return Skip("incapable", f"{candidate.id} cannot see images")
    if not profile.documents and facts.documents:
        return Skip("incapable", f"{candidate.id} cannot read documents")
    return None
