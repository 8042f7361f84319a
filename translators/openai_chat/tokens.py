"""Usage of Chat Completions and Responses as canonical usage.

`prompt_tokens` (Responses: `input_tokens`) includes cached ones, which Anthropic counts apart. They stand in
`prompt_tokens_details` (OpenAI), at the top level (Moonshot) or as `prompt_cache_hit_tokens` (DeepSeek). Some
upstreams (xAI) leave reasoning out of `completion_tokens`; the total shows it.
"""

from __future__ import annotations

from typing import Any

from translators.events import Usage
from translators.loosely import dict_of

_MOST = 2**31


def usage_of(value: Any) -> Usage | None:
    """The counts in a `usage` object; None if there are none."""
    if not isinstance(value, dict):
        return None
    prompt = _count(value.get("prompt_tokens", value.get("input_tokens")))
    completion = _count(value.get("completion_tokens", value.get("output_tokens")))
    if not prompt and not completion:
        return None
    prompt, completion = prompt or 0, completion or 0
    details = dict_of(value.get("prompt_tokens_details") or value.get("input_tokens_details"))
    cached = (
        _count(details.get("cached_tokens"))
        or _count(value.get("prompt_cache_hit_tokens"))
        or _count(value.get("cached_tokens"))
        or 0
    )
    written = _count(details.get("cache_write_tokens")) or 0
    spent = dict_of(value.get("completion_tokens_details") or value.get("output_tokens_details"))
    reasoning = _count(spent.get("reasoning_tokens"))
    if reasoning is None:
        reasoning = _count(value.get("reasoning_tokens"))
    if reasoning and _count(value.get("total_tokens")) == prompt + completion + reasoning:
        completion += reasoning
    cached = min(cached, prompt)
    written = min(written, prompt - cached)
    return Usage(
        input=prompt - cached - written,
        output=completion,
        cache_read=cached or None,
        cache_write=written or None,
        thinking=reasoning or None,
    )


def _count(value: Any) -> int | None:
    """A number of tokens, clamped; None for anything else."""
    if type(value) is int and 0 <= value <= _MOST:
        return value
    if value is None or isinstance(value, bool) or not isinstance(value, (int, float)) or value != value:
        return None
    return int(min(max(value, 0), _MOST))
