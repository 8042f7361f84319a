"""`/admin/api/…` and `/metrics`: JSON for the dashboard and for scripts.

Only the server's own token opens it: whoever was given a token of `[clients.NAME]` may ask models, not look at what
others ask. The gate has checked token, origin and content type; what changes anything is a POST and leaves a line in
the log. While the ledger cannot be read, sessions and decisions are those in memory.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Annotated, Any, TypeVar

import msgspec
from fastapi import APIRouter, Depends, HTTPException, Query, Request
from starlette.responses import Response, StreamingResponse

from engine import ledger_pages
from engine.decision import short
from engine.ledger import Unreadable
from fcc.admin import events
from fcc.admin.acts import known
from fcc.admin.explained import explained
from fcc.admin.state import metrics, policy_page
from fcc.server import App

MOST_OFFSET = 10_000_000

T = TypeVar("T")


def own(request: Request) -> None:
    """Raises HTTPException for the token of a client."""
    if request.scope["fcc"].client:
        raise HTTPException(403, "this address is for the server's own token")


router = APIRouter(dependencies=[Depends(own)])
scraped = APIRouter()
"""Without a check of its own: the gate asks for a token, unless `[server] public_metrics` says not to."""

Limit = Annotated[int, Query(ge=1, le=ledger_pages.MOST)]


class Reset(msgspec.Struct):
    """Body of a reset. `target`: a model as provider/model; without it all of them."""

    target: str | None = None


@router.get("/admin/api/state")
async def state(request: Request) -> Response:
    """What is in flight and on which model, how each model is, and what is wrong."""
    return answer(await app_of(request).crew.state())


@router.get("/admin/api/sessions")
async def sessions(
    request: Request,
    sort: str = "last_seen",
    limit: Limit = 50,
    offset: Annotated[int, Query(ge=0, le=MOST_OFFSET)] = 0,
) -> Response:
    """One page of sessions; `sort` is one of `ledger_pages.ORDERS`."""
    if sort not in ledger_pages.ORDERS:
        raise HTTPException(400, f"sort is one of {', '.join(ledger_pages.ORDERS)}")
    return answer(await read(app_of(request), "sessions", sort, limit, offset))


# Clients choose the names, so they stand in the query: `..` in a path is another path.
@router.get("/admin/api/session")
async def session(request: Request, name: str = "") -> Response:
    """One session, its sub-agents and latest decisions; without `name`: of the requests without one."""
    return found(await read(app_of(request), "session", name), "session", name)


@router.get("/admin/api/decisions")
async def decisions(
    request: Request,
    session: str | None = None,
    limit: Limit = 50,
    before: Annotated[int | None, Query(ge=-(2**62), le=2**62)] = None,
) -> Response:
    """The newest first. `before` is the `next` of the page before."""
    return answer(await read(app_of(request), "decisions", session, limit, before))


@router.get("/admin/api/decisions/{name}")
async def decision(request: Request, name: str) -> Response:
    """One decision by number or request id, with why its route took it and the others did not."""
    app = app_of(request)
    row = await read(app, "decision", name)
    if row is not None:
        row["explanation"] = explained(app.house.generation, row)
    return found(row, "decision", name)


@router.get("/admin/api/policy")
async def policy(request: Request) -> Response:
    """The file that is served, what is wrong with the one on disk, and those that were read before."""
    app = app_of(request)
    return answer(policy_page(app, await listed(app, ledger_pages.generations)))


@router.get("/admin/api/history")
async def history(request: Request, hours: Annotated[float, Query(gt=0, le=24 * 366)] = 24.0) -> Response:
    """Sums over time, in 60 steps."""
    seconds = hours * 3600
    since = round(time.time() - seconds, 3)
    rows = await listed(app_of(request), ledger_pages.history, since, seconds / 60)
    return answer({"since": since, "step": seconds / 60, "history": rows})


@router.get("/admin/api/events")
async def listen(request: Request) -> Response:
    """Server-sent events: `state`, `request`, `decision`, `policy`, `missed`."""
    app = app_of(request)
    listener = app.books.live.listen()
    if listener is None:
        raise HTTPException(429, "enough people listen already")
    return StreamingResponse(events.stream(app, listener), headers=HEADERS, media_type="text/event-stream")


@router.post("/admin/reload")
@router.post("/admin/api/reload")
async def reload(request: Request, confirm: str = "") -> Response:
    """Read the file now. The answer says whether it is served, and what is wrong with it; `held` is the id by which a
    file that `[reload] guard` keeps back can be confirmed: `?confirm=ID`."""
    app = app_of(request)
    result = await app.crew.reload(caller(request), confirm)
    audit(request, app, "reload", result["status"])
    return answer(result)


@router.post("/admin/api/reset")
async def reset(request: Request) -> Response:
    """Forget the rest, blocks and verdicts of one model, or of all."""
    app = app_of(request)
    try:
        asked = msgspec.json.decode(await request.body() or b"{}", type=Reset).target
    except (msgspec.DecodeError, UnicodeError):
        raise HTTPException(400, 'the body is {"target": "provider/model"}, or {} for all') from None
    if asked is not None and asked not in known(app.house):
        raise HTTPException(404, f"no model `{short(asked)}` in the policy")
    result = await app.crew.reset(asked)
    audit(request, app, "reset", short(asked) if asked is not None else "all")
    return answer(result)


@scraped.get("/metrics")
async def scrape(request: Request) -> Response:
    """Prometheus text: `fcc.metrics.METRICS`."""
    text, kind = await metrics(app_of(request))
    return Response(text, media_type=kind)


HEADERS = {"cache-control": "no-store", "x-content-type-options": "nosniff"}


def answer(data: Any) -> Response:
    return Response(msgspec.json.encode(data), headers=HEADERS, media_type="application/json")


def found(row: Any, what: str, name: str) -> Response:
    if row is None:
        raise HTTPException(404, f"no {what} `{short(name)}`")
    return answer(row)


async def read(app: App, what: str, *arguments: Any) -> Any:
    """A page of the ledger, or of memory if there is none that can be read. What it remembers of the last moments is
    there already: whoever has an answer may look for its row."""
    if app.books.problem is None:
        with suppress(Unreadable):
            return await from_ledger(app, getattr(ledger_pages, what), *arguments)
    return getattr(app.books.sessions, what)(*arguments)


async def listed(app: App, query: Any, *arguments: Any) -> list[dict[str, Any]]:
    """Rows that are in the ledger or nowhere."""
    try:
        return await from_ledger(app, query, *arguments)
    except Unreadable:
        return []


async def from_ledger(app: App, query: Callable[..., T], *arguments: Any) -> T:
    """`query` of what any process of the server has settled by now. Raises Unreadable."""
    if app.books.ledger is None:
        raise Unreadable("there is no ledger")
    await app.crew.settled()
    return await app.books.ledger.read(query, *arguments)


def audit(request: Request, app: App, what: str, result: str) -> None:
    """Who did what."""
    fields = {
        "what": what,
        "result": result,
        "by": caller(request),
        "request_id": request.scope["fcc"].request_id,
    }
    app.log.line("warning", "admin", fields)


def caller(request: Request) -> str:
    """The address of whoever asks: there is one token for all of them."""
    return request.client.host if request.client is not None else "admin"


def app_of(request: Request) -> App:
    return request.app.state.app
