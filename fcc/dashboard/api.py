"""What the pages ask for beyond the admin API: the graph, the charts, and going back to a former policy."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, HTTPException, Query, Request
from starlette.responses import Response

from engine.decision import short
from engine.ledger import Unreadable
from engine.ledger_charts import charts, summed
from fcc.admin.api import answer, app_of, audit, caller, from_ledger, own
from fcc.admin.state import scrubber
from fcc.dashboard import changes
from fcc.dashboard.graph import graph
from fcc.server import App
from rules.source import read

STEPS = 60
"""Points of a chart."""

router = APIRouter(dependencies=[Depends(own)])

Hours = Annotated[float, Query(gt=0, le=24 * 366)]


class Back(msgspec.Struct):
    """Body of a roll-back: the id of the policy to serve again."""

    generation: str


@router.get("/admin/api/graph")
async def drawn(request: Request) -> Response:
    """Routes, chains and models of the policy in force; how the models are is told by the state."""
    app = app_of(request)
    generation = app.house.generation
    return answer(graph(generation, app.env) if generation is not None else {})


@router.get("/admin/api/charts")
async def over_time(request: Request, hours: Hours = 1.0) -> Response:
    """Percentiles of times, failures and failovers in `STEPS` steps, and what came of asking each model."""
    app = app_of(request)
    step = hours * 3600 / STEPS
    since = round(time.time() - hours * 3600, 3)
    return answer(
        {"since": since, "step": step, "until": since + step * STEPS} | await measured(app, since, step)
    )


async def measured(app: App, since: float, step: float) -> dict[str, Any]:
    """From the ledger, or from memory if there is none that can be read."""
    if app.books.problem is None:
        with suppress(Unreadable):
            return await from_ledger(app, charts, since, step)
    return summed(app.books.sessions.measures(since), since, step)


@router.get("/admin/api/changes")
async def changed(request: Request, before: str, after: str = "") -> Response:
    """The difference between two policies by id, by lines and as `fcc plan` tells it; without `after`, to the one in
    force.
    """
    app = app_of(request)
    generation, ledger = app.house.generation, app.books.ledger
    after = after or (generation.id if generation else "")
    scrub = scrubber(app).scrub
    texts = former(app, before), former(app, after)
    meant = await asyncio.to_thread(
        changes.meaning, *texts, app.env, ledger.path if ledger is not None else None
    )
    sources = [read(text, "")[0] for text in texts]
    old, new = (scrub(source.shown.text) for source in sources)
    told = {"before": before, "after": after, "lines": changes.lines(old, new)}
    return answer({**told, "meaning": None if meant is None else scrub(meant)})


@router.get("/admin/api/past")
async def past(request: Request) -> Response:
    """`kept`: policies that can be compared and served again; `file`: the one on disk, as it was read last;
    `workers`: processes behind the port.
    """
    app = app_of(request)
    found = {"kept": sorted(app.past.names()), "file": app.follower.read, "workers": app.house.workers}
    return answer(found)


@router.post("/admin/api/rollback")
async def rollback(request: Request) -> Response:
    """Serve a former policy again, from memory: nothing is written, and the file is taken again when it changes or
    when a reload is asked for.
    """
    app = app_of(request)
    try:
        name = msgspec.json.decode(await request.body(), type=Back).generation
    except (msgspec.DecodeError, UnicodeError):
        raise HTTPException(400, 'the body is {"generation": "…"}') from None
    result = await app.crew.rollback(former(app, name), f"roll-back by {caller(request)}")
    audit(request, app, "rollback", f"{result['status']} {name}")
    return answer(result)


def former(app: App, name: str) -> bytes:
    """Raises HTTPException when the policy is not kept."""
    data = app.past.data(name)
    if data is None:
        raise HTTPException(404, f"no policy `{short(name)}` is kept")
    return data
