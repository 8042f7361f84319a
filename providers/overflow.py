"""How providers say that a prompt is too long, in all the words seen, with the numbers where they are given.

Whatever the words were, the client is told in Anthropic's: `prompt is too long: N tokens > M maximum`. Claude Code
compacts the conversation when it reads them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

TYPES = frozenset(
    {
        "context_length_exceeded",
        "exceed_context_size_error",
        "too_many_prompt_tokens",
        "model_context_window_exceeded",
        "string_above_max_length",
        "request_too_large",
        "context_window_exceeded",
    }
)
"""Error types and codes that say it by themselves."""

_N = r"(?P<n>\d[\d,_]*)"
_M = r"(?P<m>\d[\d,_]*)"
_GAP = r"[^{}]{0,120}?"

_SAYINGS = tuple(
    re.compile(saying)
    for saying in (
        # Anthropic, and everyone who copies it
        rf"prompt (?:is )?too long\D{{0,20}}{_N} tokens? > {_M}",
        r"input length and `?max_tokens`? exceed context limit: (?P<n>\d+) \+ \d+ > (?P<m>\d+)",
        # OpenAI, DeepSeek, OpenRouter, vLLM, SGLang
        rf"maximum (?:context|prompt) length (?:is|of) {_M}{_GAP}"
        rf"(?:requested(?: about| a total of)?|resulted in|contains?|has|request has) (?:at least )?{_N}",
        rf"input \({_N} tokens?\) is longer than the model's context length \({_M}",
        rf"input length \(?{_N}(?: tokens?)?\)? exceeds the maximum (?:allowed )?length \(?{_M}",
        rf"passed {_N} input tokens{_GAP}context length is only {_M}",
        rf"inputs?`? tokens \+ `?max_new_tokens`? must be <= {_M}\. given: {_N}",
        # Moonshot, Cerebras
        rf"exceeded model token limit ?: {_M} \(requested: {_N}",
        rf"current length is {_N} while limit is {_M}",
        # Google
        rf"input token count \(?{_N}\)? exceeds the maximum number of tokens allowed \(?{_M}",
        rf"input token count{_GAP}exceeds the maximum{_GAP}{_M}",
        # llama.cpp, Ollama, LM Studio
        rf"request \({_N} tokens?\) exceeds the available context size \({_M}",
        rf"{_N} tokens?{_GAP}context (?:size|length|window) (?:of|is) (?:only )?{_M}",
        # Mistral, Cohere, Groq
        rf"prompt contains {_N} tokens{_GAP}model with {_M} maximum context length",
        rf"too many tokens{_GAP}cannot exceed {_M}{_GAP}received {_N}",
        rf"request too large for{_GAP}limit {_M},? (?:used \d+, )?requested {_N}",
        rf"maximum (?:context|prompt) length (?:is|of) {_M}",
    )
)
"""Searched in this order in a text in lower case."""

_WORDS = re.compile(
    r"prompt[ _](?:is )?too[ _]long|(?:input|context|request) is too long|context[ _](?:length|window|limit|size)"
    r"\W+(?:is |was |has been )?exceed|exceed\w*(?: \S+){0,4} context(?:[ -](?:length|window|size|limit))?\b"
    r"|maximum (?:context|prompt) length|too many (?:input |prompt )?tokens|input token count"
    r"|reduce the length of the (?:messages|prompt|input|conversation)|total length of all messages is too long"
    r"|max_tokens must be at least 1, got -\d|max_(?:completion_)?tokens is too large.{0,200}context length"
    r"|context the overflows|greater than the context length|request too large for"
    r"|(?:larger|longer) than the (?:model's )?context|does not fit (?:in|into) the context"
    r"|context length is only|exceeded model token limit|model max length exceeded|range of input length"
    r"|input length\b.{0,40}exceeds the maximum|inputs?`? tokens \+ `?max_new_tokens"
    r"|prompt exceeds (?:the )?max(?:imum)? length"
)

_RATE = re.compile(r"tokens per (?:min|day|hour)|\btp[md]\b")
_ONE = re.compile(r"request too large")
"""One request is too much by itself; anything else about tokens in a time is about many."""

_ANSWER = re.compile(
    r"(?P<k>\d+)(?: tokens)? (?:in|for) the (?:completion|output)|requested (?P<l>\d+) output tokens"
    r"|max_(?:completion_)?tokens\W{1,4}is too large: (?P<m>\d+)|\d `?inputs?`? tokens and (?P<o>\d+) `?max_new_tokens"
)
"""What was asked for the answer, where the complaint is about prompt and answer together."""


def overflow(text: str, types: Iterable[str]) -> tuple[int | None, int | None] | None:
    """Tokens of the prompt and of the window, each if it is said; None if this is not about length at all.

    `text` is the whole answer in lower case, `types` its error types and codes.
    """
    said = not TYPES.isdisjoint(types)
    if not said and (_WORDS.search(text) is None or (_RATE.search(text) and not _ONE.search(text))):
        return None
    for saying in _SAYINGS:
        if (found := saying.search(text)) is not None:
            return _numbers(found)
    return None, None


def answer_too_long(text: str) -> bool:
    """Whether the prompt alone would fit, so that the request may be made again without a limit for its answer.

    `text` is the whole of an answer that is an `overflow`, in lower case.
    """
    asked = _ANSWER.search(text)
    if asked is None:
        return False
    answer = _count(next(filter(None, asked.groups())))
    for saying in _SAYINGS:
        if (found := saying.search(text)) is not None:
            told, window = (_count(found.groupdict().get(name)) for name in ("n", "m"))
            total = told or 0
            return bool(answer and window) and (total <= window or total - answer < window)
    return False


def overflow_message(prompt: int | None, window: int | None, own: str) -> str:
    """What the client is told; `own` are the provider's words."""
    if prompt is not None and window is not None:
        return f"prompt is too long: {prompt} tokens > {window} maximum ({own})"
    return own if own.lower().startswith("prompt is too long") else f"prompt is too long: {own}"


def _numbers(found: re.Match[str]) -> tuple[int | None, int | None]:
    groups = found.groupdict()
    prompt, window = (_count(groups.get(name)) for name in ("n", "m"))
    if prompt is not None and window is not None and prompt <= window:
        return None, window
    return prompt, window


def _count(written: str | None) -> int | None:
    digits = (written or "").replace(",", "").replace("_", "")
    return int(digits) if digits and len(digits) < 16 else None
