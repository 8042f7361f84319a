"""Model ids as clients write them, made into the ids that a policy knows.

    anthropic/zen/minimax-m2.5-free                   zen/minimax-m2.5-free
    anthropic/coding, claude/coding                   coding
    zen/minimax-m2.5-free                             as it is
    claude-sonnet-5-5, anthropic/claude-sonnet-5-5    as they are: the second may be the provider's own id
    X[1m]                                             X
    X--no-thinking, X--nothink, X (no thinking), …    X, without thinking
    claude-3-freecc-no-thinking/zen/big-pickle        zen/big-pickle, without thinking
    anthropic%2Fzen%2Fx%20(no%20thinking)             zen/x, without thinking

The picker of Claude Code shows only ids with `claude` or `anthropic` in them, hence the prefixes; `[1m]` is its mark
for the long context. A single dash before the short word (`qwen3-nothink`) is part of a name that a model may have.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import unquote

_LONGEST = 512
"""Characters; what is longer is no id and is left alone."""

_OLD_PREFIX = "claude-3-freecc-no-thinking/"
"""How the first free-claude-code marked a model without thinking."""

_WINDOW = re.compile(r"\s*\[\d+[km]\]$", re.IGNORECASE)
_NO_THINKING = re.compile(
    r"(?:[\s+_-]*\(no[\s+_-]*think(?:ing)?\)|--no[_-]?think(?:ing)?|[\s_-]no[\s_-]thinking)$", re.IGNORECASE
)


def read_model_id(asked: str) -> tuple[str, bool]:
    """The plain id, and whether the id says that there shall be no thinking."""
    return _read(asked) if len(asked) <= _LONGEST else (asked, False)


@lru_cache(maxsize=1024)
def _read(asked: str) -> tuple[str, bool]:
    plain = unquote(asked) if "%" in asked else asked
    plain = plain.strip() or asked
    no_thinking = plain.startswith(_OLD_PREFIX) and plain != _OLD_PREFIX
    if no_thinking:
        plain = plain.removeprefix(_OLD_PREFIX)
    while True:
        window, wish = _WINDOW.search(plain), _NO_THINKING.search(plain)
        match = window or wish
        if match is None or match.start() == 0:
            return _without_prefix(plain), no_thinking
        no_thinking = no_thinking or wish is not None
        plain = plain[: match.start()]


def _without_prefix(plain: str) -> str:
    prefix, _, rest = plain.partition("/")
    if prefix == "claude":
        return rest or plain
    names_one = "/" in rest or not rest.startswith("claude")
    return rest if prefix == "anthropic" and rest and names_one else plain
