"""The `config.json` of claude-code-router, version 2: providers, a router of fixed cases, fallbacks for each case."""

from __future__ import annotations

import json
import re
from typing import Any

from fcc.migrate.draft import (
    OFFERS,
    ROUTES,
    CannotReadError,
    Draft,
    chores,
    model,
    rows,
    seconds,
    sequence,
    table,
    whole,
)

LONG = 60_000
"""Tokens above which a request is long, where the file does not say."""

CASES = (
    ("image", "images > 0"),
    ("longContext", "tokens > {threshold}"),
    ("background", 'model is "*haiku*"'),
    ("webSearch", 'tool is "web_search"'),
    ("think", "thinking"),
    ("default", ""),
)
"""In the order in which they are looked at, and what a request of the case is like."""

DIALECTS = {"anthropic": "anthropic", "gemini": "gemini", "openai-responses": "openai-responses"}
"""Transformers that tell the dialect; the others mend what fcc mends by itself."""

KNOWN = {"Providers", "providers", "Router", "fallback", "API_TIMEOUT_MS", "PORT", "HOST"}
SILENT = {"LOG", "LOG_LEVEL", "NON_INTERACTIVE_MODE", "$schema", "version"}


def read(text: str) -> Draft:
    """Raises `CannotReadError`."""
    try:
        config = json.loads(strict(text))
    except (ValueError, RecursionError) as error:
        raise CannotReadError(f"it is no JSON: {error}") from None
    router = config.get("Router") if isinstance(config, dict) else None
    if not isinstance(router, dict) or not isinstance(router.get("default"), str):
        raise CannotReadError("it has no Router with a default")
    draft = Draft("a config.json of claude-code-router")
    known = {name: _provider(draft, one) for name, one in _providers(config).items()}
    draft.add(ROUTES, chores(), 'route typed when model is "*/*" use requested')
    threshold = whole(router.get("longContextThreshold")) or LONG
    for case, test in CASES:
        steps = _steps(draft, known, router.get(case), _fallbacks(config, case))
        if steps:
            said = test.format(threshold=threshold)
            name = "rest" if case == "default" else draft.name(case)
            when = f" when {said}" if said else ""
            draft.add(ROUTES, f"route {name}{when} use {sequence(steps)}")
    _offers(draft, config, known)
    _tables(draft, config)
    draft.left.append("models typed as `provider,model` are typed `provider/model` with fcc")
    draft.left += [f"Router.{one}: fcc has no such case" for one in router if one not in _cases()]
    return draft


def strict(text: str) -> str:
    """JSON without what JSON5 allows and the router's own examples have: comments, and commas before an end."""
    bare = _COMMENT.sub(lambda found: found[1] or re.sub(r"[^\n]", " ", found[0]), text)
    return _COMMA.sub(lambda found: found[1] or " ", bare)


_COMMENT = re.compile(r'("(?:[^"\\]|\\.)*")|//[^\n]*|/\*.*?\*/', re.DOTALL)
_COMMA = re.compile(r'("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])', re.DOTALL)


def _cases() -> set[str]:
    return {case for case, _ in CASES} | {"longContextThreshold"}


def _providers(config: dict[str, Any]) -> dict[str, dict[str, Any]]:
    listed = rows(config.get("Providers") or config.get("providers"))
    return {str(one["name"]): one for one in listed if isinstance(one, dict) and one.get("name")}


def _provider(draft: Draft, one: dict[str, Any]) -> str:
    given = table(one.get("transformer"))
    uses = rows(given.get("use"))
    for part in (given, *(table(inner) for inner in given.values())):
        with_options = [
            use[0] for use in rows(part.get("use")) if isinstance(use, list) and len(use) > 1 and use[1]
        ]
        draft.left += [
            f"options of the transformer {use} of {one['name']}: fcc has no such thing"
            for use in with_options
        ]
    names = [str(use[0] if isinstance(use, list) and use else use).lower() for use in uses]
    dialect = next((DIALECTS[name] for name in names if name in DIALECTS), None)
    return draft.provider(str(one["name"]), str(one.get("api_base_url") or ""), one.get("api_key"), dialect)


def _fallbacks(config: dict[str, Any], case: str) -> list[str]:
    found = rows(table(config.get("fallback")).get(case))
    return [one for one in found if isinstance(one, str)]


def _steps(draft: Draft, known: dict[str, str], first: object, others: list[str]) -> list[str]:
    """`provider,model` texts as models; one of a provider that is not listed is left out."""
    found = []
    for one in ([first] if isinstance(first, str) and first else []) + (others if first else []):
        provider, _, name = one.partition(",")
        if provider.strip() in known and name.strip():
            found.append(model(known[provider.strip()], name.strip()))
        else:
            draft.left.append(f"{one}: no such provider in the file")
    return found


def _offers(draft: Draft, config: dict[str, Any], known: dict[str, str]) -> None:
    models = [
        model(known[name], str(one))
        for name, provider in _providers(config).items()
        for one in rows(provider.get("models"))
    ]
    if models:
        draft.add(
            OFFERS,
            f"offer {', '.join(dict.fromkeys(models))} with and without thinking",
        )


def _tables(draft: Draft, config: dict[str, Any]) -> None:
    timeout = whole(config.get("API_TIMEOUT_MS"))
    said = seconds(timeout / 1000) if timeout else None
    if said:
        draft.set("defaults", "finish", said)
    if isinstance(config.get("HOST"), str):
        draft.set("server", "host", config["HOST"])
    if port := whole(config.get("PORT")):
        draft.set("server", "port", port)
    if config.get("APIKEY"):
        draft.left.append("APIKEY: put it into `.env` as ANTHROPIC_AUTH_TOKEN")
    draft.left += [
        f"{name}: fcc has no such setting" for name in config if name not in KNOWN | SILENT | {"APIKEY"}
    ]
