"""Answers that are no success, and what they mean."""

from __future__ import annotations

import json

from providers.classify import failure_of_response
from providers.failures import Failure
from providers.presets import catalogue

NOW = 1_764_000_000.0
"""Unix seconds."""


def classified(status: int, body: object = b"", preset: str | None = None, **headers: str) -> Failure:
    """What an answer means; with `preset`, to a provider that has rows of its own."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return failure_of_response(status, named, data, catalogue()[preset].failures if preset else (), NOW)


def openai(message: str, **fields: object) -> dict[str, object]:
    """An error as Chat Completions has it."""
    return {"error": {"message": message, "param": None, **fields}}


def anthropic(kind: str, message: str) -> dict[str, object]:
    """An error as the Messages API has it."""
    return {"type": "error", "error": {"type": kind, "message": message}}
