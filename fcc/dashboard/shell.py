"""The shells and the files they load, answered from memory.

The content security policy allows what this server sends and nothing else, no inline script or style either; with
`require-trusted-types-for` the browser refuses to make HTML of a text, whatever a script may try
(w3.org/TR/CSP3, w3.org/TR/trusted-types).
"""

from __future__ import annotations

import hashlib
import mimetypes
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fcc import __version__
from fcc.dashboard.addresses import FILES, PAGES, Page

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "frame-ancestors 'none'; form-action 'self'; base-uri 'none'; require-trusted-types-for 'script'"
)
HEADERS = {
    "content-security-policy": CSP,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-cache",
}

TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


def templates() -> Environment:
    """Autoescape is on for every template, whatever its name."""
    return Environment(
        loader=PackageLoader("fcc.dashboard"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def routes() -> list[Route]:
    """One for each page and file; all are made now, so that none is read from the disk later."""
    made = templates()
    found = [Route(path, Fixed(shell(made, path, page), "text/html")) for path, page in PAGES.items()]
    for path, file in FILES.items():
        kind = TYPES.get(file.suffix) or mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        found.append(Route(path, Fixed(file.read_bytes(), kind)))
    return found


def shell(made: Environment, path: str, page: Page) -> bytes:
    values: dict[str, Any] = {
        "page": page,
        "here": page.above or path,
        "pages": {address: one for address, one in PAGES.items() if not one.above},
        "version": __version__,
    }
    return made.get_template(f"{page.name}.html").render(values).encode()


class Fixed:
    """Bytes that never change while the server runs."""

    def __init__(self, body: bytes, kind: str) -> None:
        self.body = body
        self.tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        self.headers = {**HEADERS, "etag": self.tag, "content-type": f"{kind}; charset=utf-8"}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if Request(scope).headers.get("if-none-match") == self.tag:
            answer = Response(None, 304, {**HEADERS, "etag": self.tag})
        else:
            answer = Response(self.body, 200, self.headers)
        await answer(scope, receive, send)
