"""Commands, addresses and metrics, from their declarations in `fcc`."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from fcc import cli
from generate.signatures import options
from generate.tables import code, codes, table

HOT = {
    "/v1/messages": "The Messages API, streamed or not: what Claude Code speaks.",
    "/v1/chat/completions": "OpenAI's Chat Completions in front of the same policy.",
    "/v1/responses": "OpenAI's Responses API in front of the same policy.",
    "/v1/messages/count_tokens": "An estimate of the prompt's tokens, made here; no upstream is asked.",
    "/": "Name and version; no token.",
    "/api/hello": "The same; Claude Code warms its connection up here.",
    "/health": '`{"status": "ok" or "degraded", "generation": "…"}`, no token; 200 while serving.',
    "/metrics": "The [metrics](#metrics) below, as Prometheus text.",
    "/openapi.json": "The addresses below `/admin` and `/v1/models` as OpenAPI.",
}
"""What the addresses give whose code says it in no sentence for people."""


def commands() -> str:
    return "\n\n".join(_section(name) for name in cli.COMMANDS)


def _section(name: str) -> str:
    function = cli.load(name)
    text, _, example = (inspect.getdoc(function) or "").partition("Example: ")
    rows = [(code(one.typed), code(one.default), one.doc) for one in options(function)]
    shown = table(("option", "default", "meaning"), rows) if rows else "It takes no options."
    typed = " ".join(example.split()).partition(" (")[0]
    return "\n\n".join([f"### `fcc {name}`", _flowing(text), f"```sh\n{typed}\n```", shown])


def _flowing(text: str) -> str:
    return "\n\n".join(" ".join(part.split()) for part in text.strip().split("\n\n"))


def addresses() -> str:
    rows = [(code(path), codes(methods), doc) for path, methods, doc in routes()]
    return table(("address", "methods", "gives"), rows)


def routes() -> list[tuple[str, list[str], str]]:
    """Path, methods and what it gives, of everything the server answers; what pages load is one line."""
    from engine.generation import House
    from fcc.dashboard.addresses import BELOW
    from fcc.pages import build
    from fcc.server import App

    nowhere = Path("nowhere")
    app = App(House(path="routes.toml", env={}), nowhere / "routes.toml", {}, state=nowhere)
    found = [_route(one) for one in _flat(build(app).routes) if not one.path.startswith(BELOW)]
    return [*found, (f"{BELOW}{{file}}", ["GET"], "What the pages of the dashboard load; no token.")]


def _flat(routes: Iterable[Any]) -> Iterator[Any]:
    for one in routes:
        inner = getattr(one, "original_router", None)
        if inner is None:
            yield one
        else:
            yield from _flat(inner.routes)


def _route(one: Any) -> tuple[str, list[str], str]:
    from fcc.dashboard.addresses import PAGES

    methods = sorted(getattr(one, "methods", None) or ("GET",))
    doc = HOT.get(one.path)
    if doc is None and one.path in PAGES:
        doc = f"The dashboard: {PAGES[one.path].title}."
    if doc is None:
        doc = _filled(_flowing(one.endpoint.__doc__ or ""), one.endpoint)
    if not doc:
        raise ValueError(f"nothing says what {one.path} gives: write a docstring")
    return re.sub(r":\w+\}", "}", one.path), methods, doc


def _filled(doc: str, function: Any) -> str:
    """The values of the constants that a docstring names."""

    def value(found: re.Match[str]) -> str:
        there = function.__globals__.get(found[1].rstrip(".")) if found[1] else None
        constant = getattr(there, found[2], None) if found[1] else function.__globals__.get(found[2])
        if isinstance(constant, int):
            return str(constant)
        return codes(map(str, constant)) if isinstance(constant, Iterable) else found[0]

    return re.sub(r"`(\w+\.)?([A-Z][A-Z_]+)`", value, doc)


def metrics() -> str:
    from fcc.metrics import metrics_table

    rows = [(code(name), kind, labels, doc) for name, kind, labels, doc in metrics_table()]
    return table(("metric", "kind", "labels", "meaning"), rows)
