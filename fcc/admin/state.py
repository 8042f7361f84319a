"""What the admin's pages say of this moment: state, metrics, policy."""

from __future__ import annotations

import time
from typing import Any

from engine.picture import picture
from fcc import __version__
from fcc.books import now
from fcc.metrics import Reading, exposition
from fcc.server import App
from providers.secrets import Scrubber, Secret
from rules.render.json import entry


def state_page(app: App) -> dict[str, Any]:
    """Times in seconds since 1970."""
    generation, ledger, state = app.house.generation, app.books.ledger, app.house.state
    problems = problems_of(app)
    return {
        "status": "degraded" if problems else "ok",
        "problems": problems,
        "version": __version__,
        "now": round(time.time(), 3),
        "started": round(app.started, 3),
        "generation": generation.id if generation else "",
        "offline": state.offline.down(now()),
        "in_flight": app.books.live.in_flight(),
        "candidates": picture(state, generation, now()) if generation else [],
        "ledger": None
        if ledger is None
        else {
            "path": str(ledger.path),
            "problem": ledger.problem,
            "committed": ledger.committed,
            "lost": ledger.lost,
            "days": ledger.days,
        },
    }


def problems_of(app: App) -> list[str]:
    """Why it is degraded, in words."""
    found = [f"the policy on disk is refused: {one.code} {one.message}" for one in app.house.problem[:20]]
    if app.books.problem is not None:
        found.append(f"the ledger cannot be written: {app.books.problem}")
    return found


async def metrics(app: App) -> tuple[bytes, str]:
    """The text that Prometheus reads, and its content type. Raises Silent where the other workers cannot be asked."""
    return exposition(*await app.crew.figures())


def reading(app: App) -> Reading:
    """The figures of this process."""
    generation, ledger = app.house.generation, app.books.ledger
    counted = None
    if ledger is not None:
        counted = {"ok": ledger.problem is None, "committed": ledger.committed, "lost": ledger.lost}
    return Reading(
        app.books.counts,
        picture(app.house.state, generation, now()) if generation else [],
        len(app.books.live.requests),
        (generation.id if generation else "",),
        bool(app.house.problem),
        counted,
    )


def policy_page(app: App, history: list[dict[str, Any]]) -> dict[str, Any]:
    """The file in force with its findings; `refused` is the one on disk, if it is another."""
    generation, last = app.house.generation, app.last
    scrub = scrubber(app).scrub
    served = generation.loaded if generation is not None else None
    refused = last if last is not None and last.policy is None else None
    return {
        "generation": generation.id if generation else "",
        "path": app.house.path,
        "text": scrub(served.source.shown.text) if served else "",
        "diagnostics": [entry(served.source, one) for one in served.diagnostics] if served else [],
        "refused": None
        if refused is None
        else {
            "text": scrub(refused.source.shown.text),
            "diagnostics": [entry(refused.source, one) for one in refused.diagnostics],
        },
        "history": history,
    }


def scrubber(app: App) -> Scrubber:
    """For texts that a person has written, who may have put a key where its variable belongs."""
    generation = app.house.generation
    secrets = [Secret(token.decode(errors="replace")) for token, _ in app.gate.access.tokens]
    for provider in generation.providers.values() if generation else ():
        secrets += [*(key.secret for key in provider.keys), *map(Secret, provider.setup.own_headers)]
    return Scrubber(secrets)
