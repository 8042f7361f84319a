"""Findings for people: the lines of the file they are about, marked, with what to change below.

error[FCC301]: route `far` can never be reached
  --> routes.toml:9:1
   |
 3 | route near when images > 0 use glm
   |       ---- takes every request with images
 9 | route far when images > 1 use flash
   |       ^^^ nothing is left for this route
   = help: move it above `near`
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from unicodedata import category, east_asian_width

import msgspec

from rules.diagnostics import Diagnostic
from rules.facts import FACTS
from rules.nodes import Span
from rules.source import Source

SHOWN = 100
"""Findings that are printed; of more only the number is."""

LONGEST = 160
"""Columns of a line that are shown; of a longer one the part around the mark."""

TAB = "    "
RESET = "\x1b[0m"
COLOURS = {"error": "\x1b[1;31m", "warning": "\x1b[1;33m", "note": "\x1b[1;36m", "frame": "\x1b[1;34m"}


class Palette(msgspec.Struct, frozen=True):
    """How parts are painted; plain unless colours are asked for."""

    coloured: bool = False

    def paint(self, text: str, role: str) -> str:
        return f"{COLOURS[role]}{text}{RESET}" if self.coloured and text else text


PLAIN = Palette()


class _Mark(msgspec.Struct, frozen=True):
    """One marked part of one line; columns count from zero, in characters."""

    line: int
    start: int
    end: int
    sign: str
    text: str


def render(source: Source, findings: Sequence[Diagnostic], palette: Palette = PLAIN) -> str:
    """All findings and a last line that counts them; for none, just that line."""
    blocks = [block(source, one, palette) for one in findings[:SHOWN]]
    if len(findings) > SHOWN:
        blocks.append(f"… and {len(findings) - SHOWN} more\n")
    return "\n".join([*blocks, summary(findings) + "\n"])


def summary(findings: Sequence[Diagnostic]) -> str:
    """`2 errors, 1 warning`."""
    counts = []
    for severity in ("error", "warning", "note"):
        count = sum(one.severity == severity for one in findings)
        if count:
            counts.append(f"{count} {severity}{'s' * (count > 1)}")
    return ", ".join(counts) or "no findings"


def block(source: Source, finding: Diagnostic, palette: Palette = PLAIN) -> str:
    """One finding."""
    line, column = source.lines.place(finding.span.start)
    marks = sorted(_marks(source, finding), key=lambda mark: (mark.line, mark.start, mark.end))
    width = len(str(max(mark.line for mark in marks)))
    bar = palette.paint(" " * width + " |", "frame")
    head = palette.paint(f"{finding.severity}[{finding.code}]", finding.severity)
    arrow = palette.paint(" " * width + "-->", "frame")
    out = [f"{head}: {_shown(finding.message)}", f"{arrow} {source.path}:{line}:{column}", bar]
    out += _excerpt(source, marks, width, finding.severity, palette)
    equals = palette.paint(" " * width + " =", "frame")
    out += [f"{equals} {_shown(note)}" for note in _notes(finding)]
    return "\n".join(out) + "\n"


def _marks(source: Source, finding: Diagnostic) -> Iterator[_Mark]:
    yield _mark(source, finding.span, "^", "")
    for label in finding.labels:
        own = label.span == finding.span
        yield _mark(source, label.span, "^" if own else "-", label.text)


def _mark(source: Source, span: Span, sign: str, text: str) -> _Mark:
    """A span of several lines is marked on its first."""
    line, column = source.lines.place(span.start)
    length = len(source.lines.line(line))
    start = min(column - 1, length)
    return _Mark(line, start, max(start + 1, min(start + span.end - span.start, length)), sign, text)


def _excerpt(
    source: Source, marks: Iterable[_Mark], width: int, severity: str, palette: Palette
) -> Iterator[str]:
    shown = 0
    bar = palette.paint(" " * width + " |", "frame")
    for mark in _joined(list(marks)):
        text = source.shown.line(mark.line)
        first = max(0, mark.start - LONGEST // 2) if len(text) > LONGEST else 0
        if mark.line != shown or first:
            number = palette.paint(f"{mark.line:>{width}} |", "frame")
            yield f"{number} {_shown(text[first : first + LONGEST])}".rstrip()
            shown = mark.line
        before = _columns(text[first : mark.start])
        signs = mark.sign * max(1, _columns(text[mark.start : min(mark.end, first + LONGEST)]))
        role = severity if mark.sign == "^" else "frame"
        yield f"{bar} {' ' * before}{palette.paint(f'{signs} {_shown(mark.text)}'.rstrip(), role)}"


def _joined(marks: list[_Mark]) -> Iterator[_Mark]:
    """A mark without a text is left out where another marks the same place with one."""
    texts = {(mark.line, mark.start, mark.end) for mark in marks if mark.text}
    for mark in marks:
        if mark.text or (mark.line, mark.start, mark.end) not in texts:
            yield mark


def _shown(text: str) -> str:
    """The line as a terminal may have it: tabs as blanks, control and bidirectional signs made visible."""
    text = text.replace("\t", TAB)
    if text.isprintable():
        return text
    return "".join("\N{REPLACEMENT CHARACTER}" if category(sign) in ("Cc", "Cf") else sign for sign in text)


def _columns(text: str) -> int:
    """Width on a terminal: East Asian wide signs take two columns, combining ones none."""
    if text.isascii():
        return len(text) + text.count("\t") * (len(TAB) - 1)
    return sum(len(TAB) if sign == "\t" else _width(sign) for sign in text)


def _width(sign: str) -> int:
    if category(sign) in ("Mn", "Me"):
        return 0
    return 2 if east_asian_width(sign) in ("W", "F") else 1


def _notes(finding: Diagnostic) -> Iterator[str]:
    if finding.witness:
        yield f"request: {request_words(finding.witness)}"
    if finding.help:
        yield f"help: {finding.help}"
    if finding.fix is not None and finding.fix.safe:
        yield f"fix: {finding.fix.title} (--fix does it)"


def request_words(request: Mapping[str, object]) -> str:
    """A request by its facts: `model "claude-haiku-4-5", tokens 130000, not thinking`."""
    return ", ".join(_said(fact, value) for fact, value in request.items())


def _said(fact: str, value: object) -> str:
    """One fact of a request, as it is given to an `expect`; what is absent is said to be."""
    declared = FACTS.get(fact.partition(".")[0])
    if isinstance(value, bool):
        return fact if value else f"not {fact}"
    if isinstance(value, list | tuple):
        return ", ".join(f'{fact} "{one}"' for one in value) or f"no {fact}"
    quoted = isinstance(value, str) and not (declared is not None and declared.kind in ("word", "clock"))
    return f'{fact} "{value}"' if quoted else f"{fact} {value}"
