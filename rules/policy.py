"""The one door into the language: bytes of a file in, checked policy and findings out.

The stages below run in their order and all of them run: what one cannot read it leaves out, and the next
looks at the rest, so that one run reports everything. Only the flow checks ask for more. A route that could
not be read is not a gap, so they see a policy only when the rules as such are sound.

    bytes ─ read ─▶ Source ─ parse ─▶ Document ─ settings ─▶ Settings ─ names ─ resolve ─▶ Policy ─ checks
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import msgspec

from rules import masking, parser, resolve, settings_reader, source, suggest, suppressions
from rules.catalogue import Catalogue
from rules.diagnostics import Diagnostic
from rules.lint.registry import Check, Context, Entry, entries
from rules.nodes import Document
from rules.policy_types import Policy
from rules.settings import Settings
from rules.source import Source

FIRST_FLOW_CODE = "FCC300"
"""Codes from here on look at a resolved policy; those before it say whether there can be one."""


class Loaded(msgspec.Struct, frozen=True):
    """What became of a file."""

    policy: Policy | None
    """None when a finding is an error."""
    diagnostics: tuple[Diagnostic, ...]
    """In the order of their places."""
    source: Source


class _Work(msgspec.Struct):
    """The file on its way through the stages."""

    data: bytes
    path: str
    env: Mapping[str, str]
    catalogue: Catalogue
    source: Source = msgspec.field(default_factory=lambda: Source("", ""))
    document: Document = msgspec.field(default_factory=lambda: Document(()))
    settings: Settings = msgspec.field(default_factory=Settings)
    policy: Policy | None = None
    findings: list[Diagnostic] = msgspec.field(default_factory=list)
    sound: bool = True
    """Whether the rules could be read and every name in them is known."""

    def add(self, found: Iterable[Diagnostic], *, decides: bool = False) -> None:
        """Keeps the findings; with `decides`, an error among them leaves no policy to check."""
        found = list(found)
        self.findings += found
        if decides and _errors(found):
            self.sound = False

    def context(self) -> Context:
        return Context(self.source, self.document, self.settings, self.catalogue, self.env, self.policy)


def load(data: bytes, *, path: str, env: Mapping[str, str], catalogue: Catalogue) -> Loaded:
    """The policy of a file, and everything there is to say about it. Never raises on any bytes.

    `path` is only for display; `env` is what `env NAME` and `"env:NAME"` read; `catalogue` has the presets.
    """
    work = _Work(data, path, env, catalogue)
    with suggest.bounded():
        for _, stage in STAGES:
            stage(work)
    findings = sorted(_once(work.findings), key=lambda one: (one.span.start, one.span.end, one.code))
    policy = None if _errors(findings) else work.policy
    return Loaded(policy, tuple(findings), work.source)


def _once(findings: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Each finding once: two stages may come to the same."""
    return list({(one.code, one.span, one.message): one for one in findings}.values())


def _errors(findings: Iterable[Diagnostic]) -> bool:
    return any(one.severity == "error" for one in findings)


def _read(work: _Work) -> None:
    work.source, found = source.read(work.data, work.path)
    work.add(found, decides=True)


def _parse(work: _Work) -> None:
    if work.source.rules is None:
        work.sound = False
        return
    work.document, found = parser.parse(work.source.text, *work.source.rules)
    work.add(found, decides=True)


def _settings(work: _Work) -> None:
    if not work.source.tables and _errors(work.findings):
        return
    work.settings, found = settings_reader.read(work.source, work.env)
    work.add(found)


def _names(work: _Work) -> None:
    context = work.context()
    for check in _checks(lambda entry: entry.code.code < FIRST_FLOW_CODE):
        work.add(check(context), decides=True)


def _resolve(work: _Work) -> None:
    if work.sound:
        work.policy = resolve.resolve(work.document, work.settings, work.env)


def _flow(work: _Work) -> None:
    context = work.context()
    for check in _checks(lambda entry: entry.code.code >= FIRST_FLOW_CODE):
        work.add(check(context))


def _allow(work: _Work) -> None:
    work.findings = suppressions.apply(work.source, work.findings, complete=work.sound)


def _hide(work: _Work) -> None:
    if work.findings:
        work.findings = [masking.hidden(one, work.source.hide) for one in work.findings]


def _checks(wanted: Callable[[Entry], bool]) -> list[Check]:
    return [entry.check for entry in entries() if entry.check is not None and wanted(entry)]


STAGES: tuple[tuple[str, Callable[[_Work], None]], ...] = (
    ("read", _read),
    ("parse", _parse),
    ("settings", _settings),
    ("names", _names),
    ("resolve", _resolve),
    ("checks", _flow),
    ("allow", _allow),
    ("hide", _hide),
)
