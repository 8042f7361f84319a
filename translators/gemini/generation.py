"""`generationConfig`: limits, sampling, thinking and JSON answers.

Thinking is asked for in one of two ways (ai.google.dev/gemini-api/docs/thinking), which of them is a fact of the
model: switch `budget` means `thinkingBudget` in tokens (Gemini 2.5), `effort` means `thinkingLevel` (Gemini 3 and
later). Who is asked by level also checks thought signatures, and can answer in JSON beside declared functions.
"""

from __future__ import annotations

from typing import Any

from translators.answer_form import wanted_form
from translators.gemini.schemas import json_schema, openapi_schema
from translators.openai_chat.request import clamped
from translators.profile import Profile
from translators.request import Request
from translators.thinking_wish import Wish

_SAMPLING = {"temperature": "temperature", "top_p": "topP", "top_k": "topK"}
_STOPS = 5
"""Stop sequences the API takes."""

_DYNAMIC = -1
"""The budget that lets the model choose."""
_LEAST, _MOST = 128, 24_576
"""Tokens that every model which thinks always, and every model at all, takes as its budget."""

_BUDGETS = {"low": 1024, "medium": 8192, "high": _MOST, "max": _MOST, "xhigh": _MOST}
"""Efforts as budgets, as Google's own OpenAI endpoint counts them (ai.google.dev/gemini-api/docs/openai)."""
_LEVELS = {"max": "high", "xhigh": "high"}
"""Efforts of the Messages API that are no thinking levels."""


def by_level(profile: Profile) -> bool:
    """Gemini 3 and later."""
    return profile.thinking_switch == "effort"


def generation_config(
    request: Request, profile: Profile, wish: Wish, refused: frozenset[str], *, functions: bool
) -> dict[str, Any]:
    """The field's value. `functions`: some are declared."""
    asked = request.body
    config: dict[str, Any] = {}
    if isinstance(asked.get("max_tokens"), int):
        config["maxOutputTokens"] = clamped(asked["max_tokens"], request.size, profile)
    for name, written in _SAMPLING.items():
        if asked.get(name) is not None:
            config[written] = asked[name]
    stops = asked.get("stop_sequences")
    if stops and isinstance(stops, list):
        config["stopSequences"] = stops[:_STOPS]
    if by_level(profile) or not functions:
        config.update(_json_answer(asked, refused))
    thinking = {name: value for name, value in _thinking(wish, profile).items() if name not in refused}
    if thinking:
        config["thinkingConfig"] = thinking
    return {name: value for name, value in config.items() if name not in refused}


def _thinking(wish: Wish, profile: Profile) -> dict[str, Any]:
    if profile.thinking == "never" or profile.thinking_switch not in ("budget", "effort"):
        return {}
    always = profile.thinking == "always"
    if by_level(profile):
        if not wish.on:
            return {"thinkingLevel": "low" if always else "minimal"}
        config: dict[str, Any] = {"includeThoughts": True}
        if wish.effort:
            config["thinkingLevel"] = (
                wish.effort if wish.forced_effort else _LEVELS.get(wish.effort, wish.effort)
            )
        return config
    if not wish.on:
        return {"thinkingBudget": _LEAST if always else 0}
    budget = wish.budget if wish.forced_budget or not wish.forced_effort else None
    if not budget:
        budget = _BUDGETS.get(wish.effort or "", _DYNAMIC)
    return {
        "includeThoughts": True,
        "thinkingBudget": budget if budget < 0 else min(max(budget, _LEAST), _MOST),
    }


def _json_answer(asked: dict[str, Any], refused: frozenset[str]) -> dict[str, Any]:
    wanted = wanted_form(asked)
    if wanted is None:
        return {}
    answer: dict[str, Any] = {"responseMimeType": "application/json"}
    schema = wanted.get("schema")
    if "responseJsonSchema" not in refused:
        answer["responseJsonSchema"] = json_schema(schema)
    elif written := openapi_schema(schema):
        answer["responseSchema"] = written
    return answer
