"""Characters the language does not know: exact places, and what was probably meant."""

from __future__ import annotations

import re
import unicodedata

from rules.diagnostics import Diagnostic, Edit, Fix
from rules.nodes import Span

OPENING = "\"'“”„‟«»‘’‚‛"
SPACE_CATEGORIES = ("Zs", "Zl", "Zp")
LOOK_ALIKES = str.maketrans(
    "аеорсухіјѕԁһԛԝАВЕКМНОРСТХІЈЅαοικνρυΑΒΕΖΗΙΚΜΝΟΡΤΥΧ—–−‐‑",
    "aeopcyxijsdhqwABEKMHOPCTXIJSaoiknpuABEZHIKMNOPTYX-----",
)
SIGNS = {"≥": ">=", "≤": "<=", "≠": "!=", "→": "then", "⇒": "then", "∧": "and", "∨": "or", "¬": "not"}

_LINE = re.compile(r"[^\n]*")


def bad_character(text: str, start: int, end: int) -> Diagnostic | None:
    """A finding for the first character of a word that begins no token; None when there is none."""
    at = next((i for i in range(start, end) if not text[i].isascii()), start)
    place = Span(at, at + 1)
    sign = text[at]
    if sign in OPENING and at == start:
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
    if sign in SIGNS:
        return _unknown(f"`{sign}` is no sign of this language", place, SIGNS[sign], f"write `{SIGNS[sign]}`")
    plain = unicodedata.normalize("NFKC", sign).translate(LOOK_ALIKES)
    if plain.isascii():
        return _unknown(
            f"{code} looks like `{plain}` and is another character", place, plain, f"write `{plain}`"
        )
    advice = (
        "names are of letters a to z, digits and `_`; anything may stand in text in quotes and in remarks"
    )
    return Diagnostic("FCC105", "error", f"unknown character {code}", place, help=advice)


def _unknown(message: str, place: Span, replacement: str, title: str) -> Diagnostic:
    return Diagnostic("FCC105", "error", message, place, fix=Fix(title, (Edit(place, replacement),)))
