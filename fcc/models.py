"""`GET /v1/models`: what the policy offers, in the ids that Claude Code's picker shows.

Ids carry the prefix `anthropic/`, because the picker keeps only ids with `claude` or `anthropic` in them
(older ones only those that begin so). Source of the shapes: docs.claude.com/en/api/models-list. OpenAI's clients find
their own fields beside Anthropic's (platform.openai.com/docs/api-reference/models), and all models on one page, since
their list has no pages.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from typing import Any

from rules.policy_types import Offered
from translators.model_ids import read_model_id

PREFIX = "anthropic/"
SUFFIX = "--no-thinking"
CREATED = "1970-01-01T00:00:00Z"
"""The API's value for a model whose release date is unknown."""
PAGE = 20
"""Entries on a page for clients of Anthropic's that do not say how many they want."""
MOST = 1000
FAMILIES = ("claude", "opus", "sonnet", "haiku", "fable")


def entries(offers: Iterable[Offered]) -> list[dict[str, Any]]:
    """One entry an offer, in file order, no id twice."""
    found: dict[str, dict[str, Any]] = {}
    for offer in offers:
        one = entry(offer)
        found.setdefault(one["id"], one)
    return list(found.values())


def entry(offer: Offered) -> dict[str, Any]:
    name = offer.label or offer.id
    if offer.thinking == "without":
        return shape(PREFIX + offer.id + SUFFIX, f"{name} (no thinking)")
    return shape(PREFIX + offer.id, name)


def shape(model_id: str, name: str) -> dict[str, Any]:
    return {
        "type": "model",
        "id": model_id,
        "display_name": name,
        "created_at": CREATED,
        "object": "model",
        "created": 0,
        "owned_by": "fcc",
    }


def page(
    every: Sequence[dict[str, Any]], limit: int, after: str | None, before: str | None
) -> dict[str, Any]:
    """One page: `limit` entries behind `after_id`, or the last `limit` ones before `before_id`."""
    ids = [one["id"] for one in every]
    start = ids.index(after) + 1 if after in ids else 0
    end = ids.index(before) if before in ids else len(ids)
    span = every[start:end]
    data = span[-limit:] if before and not after else span[:limit]
    return {
        "object": "list",
        "data": list(data),
        "has_more": len(data) < len(span),
        "first_id": data[0]["id"] if data else None,
        "last_id": data[-1]["id"] if data else None,
    }


def find(offers: Iterable[Offered], providers: Container[str], asked: str) -> dict[str, Any] | None:
    """The entry of an id in any spelling: of an offer, of any model at a known provider, and of whatever has a name
    of the Claude family, which the rules route. None for an id that means nothing.
    """
    plain, without = read_model_id(asked)
    for offer in offers:
        if offer.id == plain:
            name = offer.label or offer.id
            return shape(asked, f"{name} (no thinking)" if without else name)
    provider, _, model = plain.partition("/")
    if (model and provider in providers) or any(family in plain.lower() for family in FAMILIES):
        return shape(asked, asked)
    return None
