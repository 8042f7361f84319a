"""What was expected, in plain words: Lark's exceptions to findings."""

from __future__ import annotations

import re

from lark import Token, Tree, UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from rules.characters import bad_character
from rules.diagnostics import Diagnostic, Edit, Fix
from rules.literals import span
from rules.nodes import Span
from rules.suggest import did_you_mean

KEYWORDS = ("alias", "chain", "health", "limit", "offer", "route", "expect")
OPTIONS = frozenset({"WITH", "WITHOUT", "START", "STALL", "FINISH", "RETRY", "ON"})
GROUPS = frozenset({"LEAST_LOADED", "ROTATE", "SPLIT", "RACE"})
UNSAID = frozenset({"ODD_STRING", "DIFFERS"})
"""Terminals that are understood but never proposed."""

PHRASES: tuple[tuple[frozenset[str], str], ...] = (
    (frozenset({"NAME", "HEADER", "MODEL", "REQUESTED", "STRING"}), "a fact or the state of a model"),
    (frozenset({"NAME", "MODEL", "NUMBER", "CLOCK", "STRING"}), "a value"),
    (GROUPS | {"NAME", "MODEL", "REQUESTED", "STRING"}, "a model, an alias or a chain"),
    (frozenset({"NAME", "MODEL", "REQUESTED", "STRING"}), "a model, an alias or a chain"),
    (frozenset({"NAME", "HEADER", "NOT", "LPAR"}), "a condition"),
    (frozenset({"GLOB", "STRING"}), "a model or a pattern such as `zen/*`"),
    (OPTIONS, "an option such as `retry 2`"),
    (frozenset({"AND", "OR"}), "`and`, `or`"),
    (frozenset({"USE", "ANSWER", "REFUSE"}), "an action (`use`, `answer` or `refuse`)"),
    (frozenset({"IS", "IN", "OPERATOR"}), "a test such as `is`, `in` or `>`"),
    (frozenset({"REST", "WAIT"}), "`rest` or `wait`"),
)
"""Terminals that are one thing to the reader; the first row that is contained in the expected set wins."""

WORDS = {
    "ASSIGN": "`=`",
    "COMMA": "`,`",
    "LPAR": "`(`",
    "RPAR": "`)`",
    "RANGE": "`..`",
    "NUMBER": "a number",
    "DURATION": "a duration such as `20s`",
    "PERCENT": "a share such as `90%`",
    "CLOCK": "a time such as `22:00`",
    "STRING": 'text in quotes ("…")',
    "OPERATOR": "a comparison such as `>`",
    "EFFORT": "`low`, `medium`, `high` or `max`",
    "HEADER": "a header such as `header.x-team`",
    "MODEL": "a model",
    "LEAST_LOADED": "`least-loaded`",
}
NAMES = {
    "ALIAS": "a name for the alias",
    "CHAIN": "a name for the chain",
    "ROUTE": "a name for the route",
    "EXPECT": "the name of a route",
    "ENV": "the name of an environment variable",
    "PER": "a unit such as `minute`",
    "FAILING": "a failure such as `timeout`",
}
"""What a name stands for, by the terminal before it."""

_WORD = re.compile(r"[^\s,()\"#]+")


def describe(error: UnexpectedInput, text: str, at: int, cut_short: bool) -> Diagnostic:
    """The finding for one syntax error at offset `at`; `cut_short`: the statement ended too early."""
    place, seen = _found(error, text, at)
    quoted = isinstance(error, UnexpectedToken) and error.token.type in ("STRING", "ODD_STRING")
    if not (quoted or cut_short):
        word = _WORD.match(text, at)
        character = bad_character(text, at, word.end() if word else at + 1)
        if character is not None:
            return character
    accepts = set(error.interactive_parser.accepts()) if error.interactive_parser else set()
    before = _last_token(error)
    if "$END" in accepts and not cut_short and begins_line(text, at):
        return _no_statement(seen, place)
    if cut_short:
        place = span(before) if before is not None else Span(max(at - 1, 0), at)
        seen = "the end of the statement"
    after = f" after {_subject(error, before)}" if before is not None and before.type not in NAMES else ""
    message = f"expected {_expected(accepts - UNSAID, before)}{after}, found {seen}"
    return Diagnostic("FCC101", "error", message, place, help=_hint(error, seen, before, at))


def begins_line(text: str, at: int) -> bool:
    """Whether only blanks stand before the offset on its line."""
    return not text[text.rfind("\n", 0, at) + 1 : at].strip()


def _no_statement(seen: str, place: Span) -> Diagnostic:
    """The word at the beginning of a line neither goes on with a statement nor begins one."""
    message = f"expected a statement, found {seen}"
    close = did_you_mean(seen.strip("`"), KEYWORDS)
    if close is None:
        begin = f"statements begin with {', '.join(f'`{word}`' for word in KEYWORDS)}"
        return Diagnostic("FCC101", "error", message, place, help=begin)
    fix = Fix(f"write `{close}`", (Edit(place, close),), safe=False)
    return Diagnostic("FCC101", "error", message, place, help=f"did you mean `{close}`?", fix=fix)


def _found(error: UnexpectedInput, text: str, at: int) -> tuple[Span, str]:
    if isinstance(error, UnexpectedToken) and error.token.type != "$END":
        place = span(error.token)
    else:
        word = _WORD.match(text, at)
        place = Span(at, word.end() if word else min(at + 1, len(text)))
    seen = text[place.start : min(place.end, place.start + 40)].split("\n", 1)[0]
    return place, f"`{seen}`"


def _last_token(error: UnexpectedInput) -> Token | None:
    """The token before the error, read off the parser's stack."""
    stack = error.interactive_parser.parser_state.value_stack if error.interactive_parser else []
    top = stack[-1] if stack else None
    while isinstance(top, Tree):
        top = top.children[-1] if top.children else None
    return top


def _subject(error: UnexpectedInput, before: Token) -> str:
    stack = error.interactive_parser.parser_state.value_stack if error.interactive_parser else []
    if len(stack) > 1 and isinstance(stack[-2], Token) and stack[-2].type in NAMES and before.type == "NAME":
        return {"ENV": "the variable's name", "EXPECT": "the route's name"}.get(
            stack[-2].type, f"the {stack[-2].lower()}'s name"
        )
    return f"`{str(before)[:40]}`"


def _expected(accepts: set[str], before: Token | None) -> str:
    """The expected terminals in words, those that are one thing to the reader taken together."""
    words = []
    left = set(accepts)
    for terminals, phrase in PHRASES:
        if terminals <= left:
            words.append(phrase)
            left -= terminals
    ending = "$END" in left
    left -= {"$END"} | {keyword.upper() for keyword in KEYWORDS if ending}
    if "NAME" in left:
        left.remove("NAME")
        words.append(NAMES.get(before.type if before else "", "a name"))
    words.extend(WORDS.get(one, f"`{one.lower().replace('_', ' ')}`") for one in sorted(left))
    if ending:
        words.append("the end of the statement")
    return " or ".join(filter(None, (", ".join(words[:-1]), words[-1]))) if words else "something else"


def _hint(error: UnexpectedInput, seen: str, before: Token | None, at: int) -> str | None:
    """What to change, for errors that are made often."""
    if isinstance(error, UnexpectedCharacters) and before is not None and before.end_pos == at:
        return "text with other signs than letters, digits, `_` and `-` stands in quotes"
    if not isinstance(error, UnexpectedToken) or before is None:
        return None
    kind = error.token.type
    if before.type == "COMMA" and kind in ("NAME", "MODEL") and "RETRY" in error.accepts:
        return "steps are joined by `then`: `a then b`"
    if kind == "NUMBER" and "DURATION" in error.accepts:
        return "a duration needs a unit: `ms`, `s`, `m` or `h`"
    if before.type in NAMES and kind not in ("NUMBER", "STRING"):
        return f"{seen} is a word of the language and cannot be a name"
    return None
