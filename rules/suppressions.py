"""`# fcc: allow NAME because …`: a finding that is meant to stay, and why.

The comment holds for its own line; alone on a line it holds for the next line that is more than a comment.
Findings without which there is no policy (unreadable TOML, syntax, names) cannot be allowed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import msgspec

from rules.diagnostics import Diagnostic, Edit, Fix, Severity
from rules.lint.registry import codes
from rules.nodes import Span
from rules.source import Source
from rules.suggest import did_you_mean

FIRST_ALLOWED = "FCC300"
"""Errors of the families before this one cannot be allowed; their warnings and notes can."""

_COMMENT = re.compile(r'"(?:[^"\\\n]|\\[^\n])*"|(#[^\r\n]*)')
_FORM = re.compile(r"#[ \t]*fcc:[ \t]*(?:allow\b[ \t]*)?")
_ALLOW = re.compile(
    r"#[ \t]*fcc:[ \t]*allow[ \t]+"
    r"(?P<names>[\w-]+(?:[ \t]*,[ \t]*[\w-]+)*)"
    r"(?:[ \t]+because[ \t]+(?P<reason>\S.*))?[ \t]*"
)
_NAME = re.compile(r"[\w-]+")


class _Allowance(msgspec.Struct, frozen=True):
    name: str
    span: Span
    line: int
    """The line it holds for, counted from one."""
    comment: Span


def apply(source: Source, findings: Iterable[Diagnostic], *, complete: bool) -> list[Diagnostic]:
    """The findings that are not allowed, and those about the comments themselves.

    `complete` says that every check has run; otherwise nothing can be said about what is unused.
    """
    about: list[Diagnostic] = []
    allowances = [one for comment in _comments(source) for one in _read(source, comment, about)]
    if not allowances:
        return [*findings, *about]
    names = {code.code: code.name for code in codes().values()}
    by_place = {(one.line, one.name): one for one in allowances}
    left, used = [], set()
    for finding in findings:
        found = by_place.get((source.lines.place(finding.span.start)[0], names.get(finding.code, "")))
        if found is None or (finding.severity == "error" and finding.code < FIRST_ALLOWED):
            left.append(finding)
        else:
            used.add(found)
    unused = [_unused(source, one) for one in allowances if complete and one not in used]
    return [*left, *about, *unused]


def _comments(source: Source) -> Iterator[Span]:
    """The comments of the file that are addressed to us, those inside `rules` included."""
    if "fcc:" not in source.text:
        return
    found = list(source.comments)
    if source.rules is not None:
        matches = _COMMENT.finditer(source.text, *source.rules)
        found += [Span(match.start(1), match.end(1)) for match in matches if match[1]]
    yield from (one for one in found if _FORM.match(source.text, one.start, one.end))


def _read(source: Source, comment: Span, about: list[Diagnostic]) -> Iterator[_Allowance]:
    """What one comment allows; what is wrong with it goes to `about`."""
    match = _ALLOW.fullmatch(source.text, comment.start, comment.end)
    if match is None or not match["reason"]:
        message = "this suppression gives no reason" if match else "this is no suppression"
        advice = "write `# fcc: allow NAME because …`"
        about.append(_finding("FCC810", message, comment, advice))
        return
    known = {code.name for code in codes().values()}
    by_code = {code.code.lower(): code.name for code in codes().values()}
    for word in _NAME.finditer(source.text, *match.span("names")):
        span = Span(*word.span())
        if word[0] in known:
            yield _Allowance(word[0], span, _line(source, comment), comment)
            continue
        close = by_code.get(word[0].lower()) or did_you_mean(word[0], known)
        fix = Fix(f"write `{close}`", (Edit(span, close),), safe=False) if close else None
        advice = f"did you mean `{close}`?" if close else "`fcc lint --explain CODE` shows the name of a code"
        about.append(_finding("FCC812", f"there is no finding called `{word[0]}`", span, advice, fix))


def _line(source: Source, comment: Span) -> int:
    """The line a comment holds for."""
    line, column = source.lines.place(comment.start)
    if source.lines.line(line)[: column - 1].strip():
        return line
    while line < len(source.lines):
        line += 1
        text = source.lines.line(line).strip()
        if text and not text.startswith("#"):
            break
    return line


def _unused(source: Source, allowance: _Allowance) -> Diagnostic:
    message = f"nothing here is `{allowance.name}`"
    alone = source.text[allowance.comment.start : allowance.comment.end].split("because")[0].count(",") == 0
    edit = Edit(_whole(source, allowance.comment), "")
    fix = Fix("remove the comment", (edit,)) if alone else None
    return _finding("FCC811", message, allowance.span, "remove it", fix)


def _whole(source: Source, comment: Span) -> Span:
    """The comment with the blanks before it; its line too, when it stands alone."""
    line, column = source.lines.place(comment.start)
    start = source.lines.starts[line - 1]
    before = source.text[start : start + column - 1]
    if before.strip() or line == len(source.lines):
        return Span(start + len(before.rstrip()), comment.end)
    return Span(start, source.lines.starts[line])


def _finding(code: str, message: str, span: Span, advice: str, fix: Fix | None = None) -> Diagnostic:
    severity: Severity = codes()[code].severity
    return Diagnostic(code, severity, message, span, help=advice, fix=fix)
