"""Tool arguments that are not one JSON object, made into one where there is no doubt what was meant.

Only for answers that ended properly: of one that was cut nothing is ever guessed.

    written                                         taken as
    ```json fences, a BOM, blanks around it         what is inside
    JSON with slips (see `lenient_json`)            what it says
    "{\\"a\\": 1}", up to three times quoted          {"a": 1}
    [{"a": 1}]                                      {"a": 1}
    [], null, None, "", {} and nothing else         {}
    {}{"a": 1}, {"a": 1}{"a": 1}                    {"a": 1}
    {"a": 1}} or {"a": 1}</tool_call>               {"a": 1}: closing brackets and end marks after the object
    lone surrogates                                 U+FFFD

    {"a": 1}{"b": 2}, several objects in an array   refused: two calls, or one?
    {"a": "x", {"a": 12, {"a": "x"                  refused: what is missing may be more than a bracket
    anything else                                   refused
"""

from __future__ import annotations

import re
from typing import Any

from translators.lenient_json import read, text_of

_QUOTED = 3
"""Times that arguments may be quoted."""
_AGAIN = 16
"""Times that an object may be said."""

_FENCE = re.compile(r"```\w*\s(.*)```", re.DOTALL)
_AFTER = re.compile(
    r"(?:[\s}\]]|</?tool_call>|</?function>|</?arguments>|</s>|<\|[a-z_]{2,30}\|>)*",
)
"""What may stand behind whole arguments: brackets too many, and the marks by which models end calls."""


def complete_arguments(text: str) -> str | None:
    """`text` as one JSON object, or None if that would be a guess. The cost is linear in the length."""
    try:
        arguments = _object(text, _QUOTED)
        return None if arguments is None else text_of(arguments)
    except (ValueError, RecursionError):
        return None


def _object(text: str, quoted: int) -> dict[str, Any] | None:
    text = text.strip().strip("\ufeff\0").strip()
    if fence := _FENCE.fullmatch(text):
        text = fence[1].strip()
    if not text:
        return {}
    value, end = read(text)
    if isinstance(value, str):
        return _object(value, quoted - 1) if quoted and not text[end:].strip() else None
    times = 1
    while not _AFTER.fullmatch(text, end):
        following, end = read(text, end)
        times += 1
        if times > _AGAIN or not isinstance(value, dict) or not isinstance(following, dict):
            return None
        if value and following != value:
            return None
        value = following
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if value is None or value == []:
        return {}
    return value if isinstance(value, dict) else None
