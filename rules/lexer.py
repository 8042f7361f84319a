"""Lark's contextual lexer, ready sooner.

For each state of the parser Lark joins all terminals that fit there into one pattern. Compiling those takes longer
than reading a file of a thousand lines with them, so a state begins by trying its terminals one after the other, in
Lark's own order, each compiled once for all states; a state that is met often gets its joined pattern after all.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

from lark.lexer import BasicLexer, ContextualLexer, Scanner, TerminalDef
from lark.utils import TextSlice

OFTEN = 300
"""Matches after which the joined pattern of a state has paid for itself."""


class _Scanner(Scanner):
    """The terminals of one state."""

    def _build_mres(self, terminals: list[TerminalDef], max_size: int) -> list[re.Pattern[str]]:
        self._left = OFTEN
        self._matchers = [
            (_matcher(one.pattern.to_regexp(), self.g_regex_flags), one.name) for one in terminals
        ]
        return []

    def match(self, text: TextSlice, pos: int) -> tuple[str, str] | None:
        if not self._left:
            return super().match(text, pos)
        self._left -= 1
        if not self._left:
            self._mres = super()._build_mres(self.terminals, len(self.terminals))
        for match, name in self._matchers:
            found = match(text.text, pos, text.end)
            if found is not None:
                return found[0], name
        return None


@cache
def _matcher(pattern: str, flags: int) -> Callable[[str, int, int], re.Match[str] | None]:
    return re.compile(pattern, flags).match


class _StateLexer(BasicLexer):
    def _build_scanner(self) -> Scanner:
        self.callback = {}  # they would tell apart terminals that are one text and fit a pattern; here are none
        return _Scanner(self.terminals, self.g_regex_flags, self.re, self.use_bytes)


class Lexer(ContextualLexer):
    """To be given to Lark as its `ContextualLexer`."""

    BasicLexer = _StateLexer
