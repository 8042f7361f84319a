"""The addresses beside the hot paths: greetings, health, the model list, reload."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Request

from fcc import __version__, models

if TYPE_CHECKING:
    from fcc.server import App

router = APIRouter()


def app_of(request: Request) -> App:
    return request.app


@router.api_route("/", methods=["GET", "HEAD"])
@router.api_route("/api/hello", methods=["GET", "HEAD"])
async def hello() -> dict[str, str]:
    """Claude Code warms its connection up here."""
    return {"name": "fcc", "version": __version__}


@router.api_route("/health", methods=["GET", "HEAD"])
async def health(request: Request) -> dict[str, str]:
    """200 while serving; `degraded` when the file on disk was refused and an earlier one is served."""
    house = app_of(request).house
    generation = house.generation
    return {
        "status": "degraded" if house.problem else "ok",
        "generation": generation.id if generation else "",
    }


@router.get("/v1/models")
async def list_models(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=1000)] = 20,
    after_id: str | None = None,
    before_id: str | None = None,
) -> dict[str, Any]:
    return models.page(models.entries(offers(request)), limit, after_id, before_id)


@router.get("/v1/models/{model_id:path}")
async def get_model(request: Request, model_id: str) -> dict[str, Any]:
    generation = app_of(request).house.generation
    providers = generation.providers if generation else {}
    found = models.find(offers(request), providers, model_id)
    if found is None:
        raise HTTPException(404, f"no model `{model_id[:200]}`")
    return found


@router.post("/admin/reload")
async def reload(request: Request) -> dict[str, Any]:
    """Read the file now. The answer says whether it is served, and what is wrong with it."""
    app = app_of(request)
    loaded = await app.follower.load(again=True)
    generation = app.house.generation
    return {
        "status": "kept" if loaded is None or loaded.policy is None else "accepted",
        "generation": generation.id if generation else "",
        "problems": [f"{one.code} {one.message}" for one in app.house.problem],
    }


def offers(request: Request) -> tuple[Any, ...]:
    generation = app_of(request).house.generation
    return generation.policy.offers if generation else ()
