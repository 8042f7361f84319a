"""Rows for the ledger, as they would have come from requests."""

from __future__ import annotations

from typing import Any

from engine.decision import Decision, Tries

FACTS = {"model": "claude-x", "task": "main", "tokens": 1200, "max_tokens": 32_000, "turns": 3, "time": 700}


def row(number: int = 0, **fields: Any) -> Decision:
    """A good answer at 1,000 + `number` seconds; `fields` change it."""
    made: dict[str, Any] = {
        "request": f"req_{number}",
        "at": 1_000.0 + number,
        "session": "s",
        "sub_agent": "",
        "client": "",
        "task": "main",
        "asked": "claude-x",
        "stream": True,
        "bytes": 900,
        "route": "rest",
        "target": "a/one",
        "status": 200,
        "error": None,
        "failovers": 0,
        "first_token_ms": 120.0,
        "ms": 900.0,
        "tokens_in": 1200,
        "tokens_out": 30,
        "cache_read": None,
        "cache_write": None,
        "generation": "abc",
        "attempts": [Tries("a/one", None, 1.0, 900.0, 110.0)],
        "skipped": [],
        "facts": dict(FACTS),
    }
    return Decision(**{**made, **fields})
