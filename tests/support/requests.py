"""The requests of `fixtures/requests`: what Claude Code sends, with its headers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from translators.anthropic_request import read_count_request
from translators.request import Request

FOLDER = Path(__file__).parents[2] / "fixtures" / "requests"


def fixture(name: str, headers: Mapping[str, str | None] | None = None, /, **fields: Any) -> Request:
    """The named request; a field or header given replaces its own, None takes it out."""
    kept = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    return request({**kept["body"], **fields}, {**kept["headers"], **(headers or {})})


def request(body: dict[str, Any], headers: Mapping[str, str | None] | None = None) -> Request:
    said = {name: value for name, value in body.items() if value is not None}
    kept = {name: value for name, value in (headers or {}).items() if value is not None}
    return read_count_request(json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode(), kept)


def ask(content: Any, **fields: Any) -> Request:
    """A request of one user message."""
    return request(
        {"model": "m", "max_tokens": 100, "messages": [{"role": "user", "content": content}], **fields}
    )
