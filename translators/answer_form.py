"""The form that a client wants the answer in, as words for a model that cannot be held to it in any other way.

`output_config.format` of the Messages API (docs.claude.com/en/docs/build-with-claude/structured-outputs), which older
clients send as `output_format`.
"""

from __future__ import annotations

from typing import Any

import msgspec


def wanted_form(asked: dict[str, Any]) -> dict[str, Any] | None:
    """The `format` of a canonical body, if it asks for JSON of a schema."""
    config = asked.get("output_config")
    wanted = config.get("format") if isinstance(config, dict) else asked.get("output_format")
    if not isinstance(wanted, dict) or wanted.get("type") != "json_schema":
        return None
    return wanted


def form_in_words(asked: dict[str, Any]) -> str | None:
    """A line for the system text that asks for the same."""
    wanted = wanted_form(asked)
    if wanted is None:
        return None
    schema = msgspec.json.encode(wanted.get("schema")).decode()
    return f"Answer with nothing but one JSON value that fits this JSON schema:\n{schema}"
