"""Names and ids of tools as an upstream accepts them.

Function names must match `[A-Za-z0-9_-]{1,64}` at most OpenAI-like upstreams
(platform.openai.com/docs/api-reference/ chat/create); names of MCP tools are often longer. Aliases depend on
nothing but the name, so that they stay the same from turn to turn and prompt caches hold.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from functools import lru_cache

_ID_LIMIT = 40
"""OpenAI refuses longer tool call ids."""

_NUMBER = re.compile(r":\d+$")

_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


class ToolNames:
    """The two-way table of one request: `sent(name)` gives the wire's name, `restored` maps back."""

    def __init__(self, declared: list[str], limit: int) -> None:
        """`declared`: the names as the client wrote them, which aliases must not meet."""
        self.restored: dict[str, str] = {}
        self._limit = limit
        self._valid = _valid(limit)
        self._taken = set(declared)
        self._sent: dict[str, str] = {}

    def sent(self, name: str) -> str:
        alias = self._sent.get(name)
        if alias is None:
            alias = name if self._valid(name) else self._alias(name)
            self._sent[name] = alias
        return alias

    def _alias(self, name: str) -> str:
        stem = re.sub(r"[^A-Za-z0-9_-]", "_", name)[: max(self._limit - 9, 0)]
        salt = 0
        while True:
            digest = hashlib.sha1(
                f"{name}#{salt}".encode(errors="replace"), usedforsecurity=False
            ).hexdigest()
            alias = f"{stem}_{digest[:8]}"[-self._limit :]
            if alias not in self._taken:
                self._taken.add(alias)
                self.restored[alias] = name
                return alias
            salt += 1


def declared_name(name: str, declared: AbstractSet[str]) -> str:
    """The declared tool that a model means by `name`; `name` itself if that is not certain.

    Models put a namespace before it (`functions.read_file`), a number behind it (`read_file:0`, Kimi), or write it in
    other letter case.
    """
    if name in declared:
        return name
    plain = _NUMBER.sub("", name.strip())
    for candidate in (plain, plain.rpartition(".")[2], plain.rpartition(":")[2]):
        if candidate in declared:
            return candidate
    alike = [one for one in declared if one.casefold() == plain.casefold()]
    return alike[0] if len(alike) == 1 else name


def sent_id(tool_id: str, length: int | None) -> str:
    """A tool call id as the upstream takes it: the same for the call and its result, in every turn."""
    if length is None:
        return tool_id if 0 < len(tool_id) <= _ID_LIMIT else "call_" + _letters(tool_id, 24)
    if len(tool_id) == length and tool_id.isascii() and tool_id.isalnum():
        return tool_id
    return _letters(tool_id, length)


def _letters(text: str, length: int) -> str:
    number = int.from_bytes(hashlib.sha256(text.encode(errors="replace")).digest(), "big")
    letters = []
    for _ in range(length):
        number, digit = divmod(number, 62)
        letters.append(_BASE62[digit])
    return "".join(letters)


@lru_cache(maxsize=32)
def _valid(limit: int) -> Callable[[str], re.Match[str] | None]:
    return re.compile(rf"[A-Za-z0-9_-]{{1,{limit}}}").fullmatch
