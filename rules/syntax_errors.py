"""What was expected, in plain words: Lark's exceptions to FCC101, FCC104 and FCC105."""

from __future__ import annotations

import re
import unicodedata

from lark import Token, Tree, UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from rules.diagnostics import Diagnostic, Edit, Fix
from rules.literals import span
from rules.nodes import Span

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

SPACE_CATEGORIES = ("Zs", "Zl", "Zp")
LOOK_ALIKES = str.maketrans(
    "аеорсухіјѕԁһԛԝАВЕКМНОРСТХІЈЅαοικνρυΑΒΕΖΗΙΚΜΝΟΡΤΥΧ—–−‐‑",
    "aeopcyxijsdhqwABEKMHOPCTXIJSaoiknpuABEZHIKMNOPTYX-----",
)

_WORD = re.compile(r"[^\s,()\"#]+")
_LINE = re.compile(r"[^\n]*")


def describe(error: UnexpectedInput, text: str, at: int, cut_short: bool) -> Diagnostic:
    """The finding for one syntax error at offset `at`; `cut_short`: the statement ended too early."""
    if isinstance(error, UnexpectedCharacters):
        found = _character(text, at)
        if found is not None:
            return found
    before = _last_token(error)
    place, seen = _found(error, text, at)
    if cut_short:
        place = span(before) if before is not None else Span(max(at - 1, 0), at)
        seen = "the end of the statement"
    after = f" after {_subject(error, before)}" if before is not None and before.type not in NAMES else ""
    message = f"expected {_expected(error, before)}{after}, found {seen}"
    return Diagnostic("FCC101", "error", message, place, help=_hint(error, seen, before, at))


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


def _expected(error: UnexpectedInput, before: Token | None) -> str:
    accepts = set(error.interactive_parser.accepts()) if error.interactive_parser else set()
    accepts -= UNSAID
    words = []
    for terminals, phrase in PHRASES:
        if terminals <= accepts:
            words.append(phrase)
            accepts -= terminals
    ending = "$END" in accepts
    accepts -= {"$END"} | {keyword.upper() for keyword in KEYWORDS if ending}
    if "NAME" in accepts:
        accepts.remove("NAME")
        words.append(NAMES.get(before.type if before else "", "a name"))
    words.extend(WORDS.get(one, f"`{one.lower().replace('_', ' ')}`") for one in sorted(accepts))
    if ending:
        words.append("the end of the statement" if before is not None else "a statement")
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


def _character(text: str, at: int) -> Diagnostic | None:
    """A finding for a character that begins no token at all; None for an ordinary one in the wrong place."""
    sign = text[at]
    place = Span(at, at + 1)
    if sign in "\"'“”„‟«»‘’‚‛":
        line = _LINE.match(text, at)
        open_text = Span(at, line.end() if line else at + 1)
        return Diagnostic(
            "FCC104", "error", "this text has no closing quote", open_text, help='end it with `"`'
        )
    if sign.isascii() and sign.isprintable() and sign != ";":
        return None
    name = unicodedata.name(sign, "a control character").lower()
    code = f"U+{ord(sign):04X} ({name})"
    if sign == ";":
        return _unknown(
            "`;` means nothing here: a statement ends where the next begins", place, "", "remove it"
        )
    if unicodedata.category(sign) in SPACE_CATEGORIES:
        return _unknown(f"{code} looks like a space and is none", place, " ", "use a space")
    if unicodedata.category(sign).startswith("C"):
        return _unknown(f"invisible character {code}", place, "", "remove it")
    plain = unicodedata.normalize("NFKC", sign).translate(LOOK_ALIKES)
    if plain.isascii():
        return _unknown(
            f"{code} looks like `{plain}` and is another character", place, plain, f"write `{plain}`"
        )
    return Diagnostic("FCC105", "error", f"unknown character {code}", place)


def _unknown(message: str, place: Span, replacement: str, title: str) -> Diagnostic:
    return Diagnostic("FCC105", "error", message, place, fix=Fix(title, (Edit(place, replacement),)))
