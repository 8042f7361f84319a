"""What a lint code is, what its check may look at, and the table of all codes.

To add a code, add a file `rules/lint/fcc123_what_is_bad.py` holding `CODE = LintCode(…)` and, where no
earlier stage makes the finding, `def check(context: Context) -> Iterator[Diagnostic]`. It is found by its
file name; the docs, `--explain`, the test of its two examples and suppressions follow from `CODE`.
"""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache, cached_property
from importlib import import_module

import msgspec

import rules.lint
from rules.analysis import Analysis
from rules.catalogue import Catalogue
from rules.diagnostics import Diagnostic, Fix, Label, Severity
from rules.model_facts import Models
from rules.names import Names
from rules.nodes import Document, Span
from rules.policy_types import Policy
from rules.settings import Settings
from rules.source import Source

_FILE = re.compile(r"fcc\d{3}_[a-z0-9_]+")


class LintCode(msgspec.Struct, frozen=True):
    """The page of one code. `bad` and `good` are complete small files, run by the tests: `bad` yields the
    code, `good` does not. They are read with the presets `zen` and `nvidia_nim` known and their keys set.
    `bad` is empty where it cannot be shown as text."""

    code: str
    """`FCC301`."""
    name: str
    """Kebab case, named for the bad thing, so that `allow NAME` reads well: `unreachable-route`."""
    severity: Severity
    summary: str
    """One line for the table of codes."""
    explanation: str
    """What is found, why it is bad, what to do; a few sentences of Markdown."""
    bad: str
    good: str
    env: tuple[tuple[str, str], ...] = ()
    """Variables that are set while the examples are read."""

    def at(
        self,
        span: Span,
        message: str,
        *,
        help: str | None = None,  # noqa: A002 - the field of a diagnostic is called so
        labels: Iterable[Label] = (),
        witness: Mapping[str, object] | None = None,
        fix: Fix | None = None,
        severity: Severity | None = None,
    ) -> Diagnostic:
        """A finding of this code, of its own severity unless said otherwise."""
        return Diagnostic(
            self.code, severity or self.severity, message, span, tuple(labels), help, witness, fix
        )


class Context(msgspec.Struct, frozen=True, dict=True):
    """What a check may look at."""

    source: Source
    document: Document
    """The statements that could be read."""
    settings: Settings
    """The tables that could be read, defaults elsewhere."""
    catalogue: Catalogue
    env: Mapping[str, str]
    policy: Policy | None
    """None when the findings of earlier stages leave no policy to look at."""

    @cached_property
    def names(self) -> Names:
        """The aliases and chains of the file."""
        return Names(self.document, self.env)

    @cached_property
    def models(self) -> Models:
        """What is known of the models of the file."""
        return Models(self.settings, self.catalogue)

    @cached_property
    def analysis(self) -> Analysis | None:
        """What can be proved about the routes of the policy."""
        policy = self.policy
        return None if policy is None else Analysis(policy.routes, also=self.models.questions(policy))


Check = Callable[[Context], Iterable[Diagnostic]]


class Entry(msgspec.Struct, frozen=True):
    code: LintCode
    check: Check | None
    """None: the finding is made by the stage that reads that part of the file."""


@cache
def entries() -> tuple[Entry, ...]:
    """All codes in the order of their numbers, with their checks."""
    names = sorted(one.name for one in pkgutil.iter_modules(rules.lint.__path__) if _FILE.fullmatch(one.name))
    modules = [import_module(f"rules.lint.{name}") for name in names]
    return tuple(Entry(module.CODE, getattr(module, "check", None)) for module in modules)


@cache
def codes() -> Mapping[str, LintCode]:
    """Every code by its number, `FCC301`."""
    return {entry.code.code: entry.code for entry in entries()}
