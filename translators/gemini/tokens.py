"""Usage of Gemini as canonical usage.

`promptTokenCount` includes cached tokens, which Anthropic counts apart, and leaves out what hosted tools added to the
prompt; `candidatesTokenCount` leaves out thoughts (ai.google.dev/api/generate-content#UsageMetadata). The counts
are those so far and the last ones count; what is nothing is left out.
"""

from __future__ import annotations

from typing import Any

from translators.events import Usage

_MOST = 2**31


def usage_of(counts: dict[str, Any]) -> Usage | None:
    """The counts of a `usageMetadata`; None if there are none."""
    prompt = _count(counts.get("promptTokenCount"))
    hosted = _count(counts.get("toolUsePromptTokenCount")) or 0
    candidates = _count(counts.get("candidatesTokenCount"))
    thoughts = _count(counts.get("thoughtsTokenCount")) or 0
    if prompt is None and candidates is None and not thoughts:
        return None
    usage = Usage(thinking=thoughts or None)
    if prompt is not None:
        cached = min(_count(counts.get("cachedContentTokenCount")) or 0, prompt)
        usage.input = prompt + hosted - cached
        usage.cache_read = cached or None
    if candidates is not None or thoughts or counts.get("totalTokenCount") == counts.get("promptTokenCount"):
        usage.output = (candidates or 0) + thoughts
    return usage


def _count(value: Any) -> int | None:
    """A number of tokens, clamped; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        return None
    return int(min(max(value, 0), _MOST))
