"""Usage of the Messages API as canonical usage.

Counts are totals so far and come in message_start, message_delta or both; a later zero or null says nothing
(docs.claude.com/en/api/messages-streaming: "cumulative"). Some servers count in OpenAI's words.
"""

from __future__ import annotations

from itertools import islice
from typing import Any

from translators.events import Usage
from translators.openai_chat.tokens import usage_of as openai_usage

_MOST = 2**31
_FIELDS = 64
"""Fields that are passed on as they are."""

_COUNTED = frozenset(
    {
        "input_tokens",
        "output_tokens",
        "cache_read_input_tokens",
        "cache_creation_input_tokens",
        "output_tokens_details",
    }
)


def usage_of(value: Any) -> Usage | None:
    """The counts in a `usage` object; None if there are none."""
    if not isinstance(value, dict):
        return None
    if "prompt_tokens" in value and "input_tokens" not in value:
        return openai_usage(value)
    details = value.get("output_tokens_details")
    extra = _few({name: one for name, one in value.items() if name not in _COUNTED and one is not None})
    return Usage(
        input=_count(value.get("input_tokens")),
        output=_count(value.get("output_tokens")),
        cache_read=_count(value.get("cache_read_input_tokens")),
        cache_write=_written(value),
        thinking=_count(details.get("thinking_tokens")) if isinstance(details, dict) else None,
        extra=extra,
    )


def _written(value: dict[str, Any]) -> int | None:
    """Tokens written to the cache, or the sum of those that were written for each time to live."""
    written, parts = _count(value.get("cache_creation_input_tokens")), value.get("cache_creation")
    if written or not isinstance(parts, dict):
        return written
    return sum(_count(part) or 0 for part in parts.values()) or written


def merged(known: Usage | None, new: Usage) -> Usage:
    """Both, the new one's word first where it has one."""
    if known is None:
        return new
    return Usage(
        input=_later(known.input, new.input),
        output=_later(known.output, new.output),
        cache_read=_later(known.cache_read, new.cache_read),
        cache_write=_later(known.cache_write, new.cache_write),
        thinking=_later(known.thinking, new.thinking),
        extra=_few({**(known.extra or {}), **(new.extra or {})}),
    )


def _few(extra: dict[str, Any]) -> dict[str, Any] | None:
    return (extra if len(extra) <= _FIELDS else dict(islice(extra.items(), _FIELDS))) or None


def _later(known: int | None, new: int | None) -> int | None:
    return new if new or known is None else known


def _count(value: Any) -> int | None:
    """A number of tokens, clamped; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        return None
    return int(min(max(value, 0), _MOST))
