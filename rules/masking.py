"""Keys, tokens and passwords that stand in a file in clear: found, so that nothing that is printed shows them.

They are found by the names they stand under, by their look, and in lines that are no TOML too, since a mistake in
the line of a key is just when that line is shown. What is hidden wrongly costs a few stars in an excerpt.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache

from msgspec.structs import replace

from rules.diagnostics import Diagnostic
from rules.nodes import Span
from rules.toml_scanner import Path, Place

MASK = "***"
SHORTEST = 4
"""Characters from which on a secret is looked for in the words of a finding."""

_NAMES = (
    "key",
    "keys",
    "apikey",
    "apikeys",
    "token",
    "secret",
    "password",
    "passwd",
    "pwd",
    "credential",
    "credentials",
    "cookie",
    "authorization",
)
_NAME = rf"(?:[A-Za-z0-9_-]{{0,60}}[_-])?(?:{'|'.join(_NAMES)})"
_PART = re.compile(r"[_-]")
_VARIABLE = re.compile(r"env:[ \t]*(?!(?=[A-Za-z]*[0-9])[A-Za-z0-9]{20})[A-Za-z_][A-Za-z0-9_]*")
_PLAIN = re.compile(r"true|false|[+-]?[0-9][0-9_.:eTZ+-]*")
_QUOTES = "\"'“”„‟«»‘’‚‛"
_TEXT = rf"\"(?:[^\"\\\r\n]|\\.)*\"|'[^'\r\n]*'|[“”„‟«»‘’‚‛][^{_QUOTES}\r\n]*[“”„‟«»‘’‚‛\"]"
_LOOSE = rf"(?<![A-Za-z0-9_-]){_NAME}[\"']?[ \t]*[=:][ \t]*(?P<secret>(?:{_TEXT})\S*|[^\r\n]+)"
_HEADER = rf"header\.{_NAME}(?![A-Za-z0-9_-])[a-zA-Z!=<>(\s]*(?P<secrets>(?:{_TEXT})(?:\s*,\s*(?:{_TEXT}))*)"
_LOOKS = tuple(
    re.compile(pattern)
    for pattern in (
        r"://[^/\s\"'@:]{0,200}:(?P<secret>[^/\s\"'@]{1,500})@",
        r"[?&][A-Za-z_-]{0,20}(?:key|token)=(?P<secret>[^&\s\"']+)",
        r"[\"'](?:[Bb]earer|[Bb]asic)[ \t]+(?P<secret>[^\s\"']+)",
        r"(?<![A-Za-z0-9])(?P<secret>(?:sk[-_]|nvapi-|gh[opsu]_|github_pat_|xai-|gsk_|hf_|pplx-|glpat-|xox[abps]-"
        r"|AIza|AKIA|eyJ)[A-Za-z0-9_-]{16,500})",
    )
)
"""Passwords and keys in addresses, keys in headers, and the beginnings that providers give their keys."""


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """When it is needed: most files have nothing to look for."""
    return re.compile(pattern, re.IGNORECASE)


def is_secret(name: str) -> bool:
    """Whether what stands under the name of a key or a header is likely to be a secret."""
    name = name.lower()
    return name == "x-auth" or _PART.split(name)[-1] in _NAMES


def find(
    text: str, places: Mapping[Path, Place], unread: Iterable[Span], rules: tuple[int, int] | None = None
) -> list[Span]:
    """The secrets of a file, in the order of the file. `unread`: lines that are no TOML; `rules`: where they stand."""
    found = [match.span("secret") for look in _LOOKS for match in look.finditer(text)]
    for path, place in places.items():
        name = next((one for one in reversed(path) if isinstance(one, str)), "")
        if place.kind not in ("table", "array") and is_secret(name):
            found += _inner(text, place.value)
    for line in unread:
        found += _unread(text, line)
    if rules is not None and text.find("header.", *rules) >= 0:
        for match in _compiled(_HEADER).finditer(text, *rules):
            for one in _compiled(_TEXT).finditer(text, *match.span("secrets")):
                found += _inner(text, Span(*one.span()))
    return [Span(*one) for one in sorted(found)]


def _inner(text: str, value: Span) -> Iterator[tuple[int, int]]:
    """What stands between the quotes, unless it names a variable or is a number."""
    raw = text[value.start : value.end]
    inner = raw.strip(_QUOTES)
    if inner.strip("*? \t\r\n") and not _VARIABLE.fullmatch(inner) and not _PLAIN.fullmatch(raw):
        start = value.start + len(raw) - len(raw.lstrip(_QUOTES))
        yield start + len("env:") * inner.startswith("env:"), start + len(inner)


def _unread(text: str, line: Span) -> Iterator[tuple[int, int]]:
    """Of a line that is no TOML all that stands behind the name of a secret; without a name every single word in
    quotes, for it may go on with a list of keys."""
    named = _compiled(_LOOSE).search(text, line.start, line.end)
    if named is not None:
        if not _VARIABLE.match(named["secret"].lstrip(_QUOTES)):
            yield named.span("secret")
    elif "=" not in text[line.start : line.end]:
        for one in _compiled(_TEXT).finditer(text, line.start, line.end):
            if not re.search(r"\s", one[0]):
                yield from _inner(text, Span(*one.span()))


def masked(text: str, secrets: Iterable[Span]) -> str:
    """The text with stars for the secrets, as long as before, so that places in it stay what they are."""
    parts, at = [], 0
    for one in secrets:
        start = max(at, one.start)
        parts += [text[at:start], re.sub(r"[^\r\n]", "*", text[start : max(start, one.end)])]
        at = max(at, one.end)
    return "".join([*parts, text[at:]])


def texts(text: str, secrets: Iterable[Span]) -> list[str]:
    """The secrets themselves, the longest first."""
    found = {text[one.start : one.end].strip().strip(_QUOTES) for one in secrets}
    return sorted((one for one in found if len(one) >= SHORTEST), key=len, reverse=True)


def hidden(finding: Diagnostic, hide: Callable[[str], str]) -> Diagnostic:
    """The finding, telling no secret in its words. Its edits are for the file alone and stay as they are."""
    return replace(
        finding,
        message=hide(finding.message),
        labels=tuple(replace(one, text=hide(one.text)) for one in finding.labels),
        help=hide(finding.help) if finding.help else finding.help,
        witness={fact: _told(fact, value, hide) for fact, value in finding.witness.items()}
        if finding.witness
        else finding.witness,
    )


def _told(fact: str, value: object, hide: Callable[[str], str]) -> object:
    """A fact of a request; that of a header with a key is not told at all."""
    if isinstance(value, list | tuple):
        return [_told(fact, one, hide) for one in value]
    if not isinstance(value, str):
        return value
    return MASK if value and is_secret(fact.removeprefix("header.")) else hide(value)
