"""The addresses beside the hot paths, as one FastAPI app: models, the admin's, and errors for the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, FastAPI, HTTPException, Query, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException as AnyHTTPException
from starlette.responses import Response
from starlette.routing import Route

from fcc import __version__, errors, models, openapi
from fcc.admin import api
from fcc.crew.line import Silent
from fcc.dashboard import api as dashboard
from fcc.dashboard import shell
from translators.clients import CLIENTS

if TYPE_CHECKING:
    from fcc.server import App

router = APIRouter()


def build(app: App) -> FastAPI:
    """The pages of one server. The hot paths are there as well, so that a wrong method is answered 405."""
    pages = FastAPI(title="fcc", version=__version__, docs_url=None, redoc_url=None, redirect_slashes=False)
    pages.state.app = app
    pages.openapi = lambda: openapi.document(pages)
    for path, hot in app.hot.items():
        pages.router.routes.append(Route(path, hot.app, methods=sorted(hot.methods)))
    pages.include_router(router)
    pages.include_router(api.router)
    pages.include_router(api.scraped)
    pages.include_router(dashboard.router)
    pages.router.routes.extend(shell.routes())
    pages.add_exception_handler(AnyHTTPException, http_error)
    pages.add_exception_handler(RequestValidationError, invalid)
    pages.add_exception_handler(Silent, unanswered)
    pages.add_exception_handler(Exception, crashed)
    return pages


def app_of(request: Request) -> App:
    return request.app.state.app


@router.get("/v1/models")
async def list_models(
    request: Request,
    limit: Annotated[int | None, Query(ge=1, le=models.MOST)] = None,
    after_id: str | None = None,
    before_id: str | None = None,
) -> dict[str, Any]:
    """What the policy offers. Shape and parameters: docs.claude.com/en/api/models-list."""
    if limit is None:
        limit = models.PAGE if "anthropic-version" in request.headers else models.MOST
    return models.page(models.entries(offers(request)), limit, after_id, before_id)


@router.get("/v1/models/{model_id:path}")
async def get_model(request: Request, model_id: str) -> dict[str, Any]:
    """One model by an id in any spelling."""
    generation = app_of(request).house.generation
    providers = generation.providers if generation else {}
    found = models.find(offers(request), providers, model_id)
    if found is None:
        raise HTTPException(404, f"no model `{model_id[:200]}`")
    return found


def offers(request: Request) -> tuple[Any, ...]:
    generation = app_of(request).house.generation
    return generation.policy.offers if generation else ()


async def http_error(request: Request, error: Exception) -> Response:
    """404, 405 and whatever a page raises, in the envelope."""
    assert isinstance(error, AnyHTTPException)
    message = str(error.detail)
    if error.status_code == 405 or message == "Not Found":
        path = request.scope["path"]
        message = f"{request.method} {path[:200]}: {message.lower()}{meant(path)}"
    return failure(request, error.status_code, message, error.headers)


def meant(path: str) -> str:
    """The address that a wrong one ends like: clients differ in whether their base URL has the `/v1`."""
    asked = f"/{path.strip('/')}"
    for known in (*CLIENTS, "/v1/messages/count_tokens", "/v1/models"):
        if path != known and asked.endswith(known.removeprefix("/v1")):
            return f", but `{known}` is: set the client's base URL accordingly"
    return ""


async def invalid(request: Request, error: Exception) -> Response:
    """A query parameter that cannot be read."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    return failure(request, 400, f"{first['loc'][-1]}: {first['msg']}")


async def unanswered(request: Request, error: Exception) -> Response:
    """The other workers cannot be asked."""
    return failure(request, 503, "the process that keeps the workers does not answer")


async def crashed(request: Request, error: Exception) -> Response:
    """What a page did not expect; the gate logs it."""
    return failure(request, 500, "internal error, see the log of fcc")


def failure(request: Request, status: int, message: str, headers: Any = None) -> Response:
    wording = errors.wording_at(request.scope["path"])
    body = wording(errors.type_of(status), message, request.scope["fcc"].request_id)
    return Response(body, status, headers, "application/json")
