"""A model or pattern of a provider nobody declared."""

from __future__ import annotations

from collections.abc import Iterator

from rules.diagnostics import Diagnostic, Edit, Fix
from rules.lint.names import glob_words
from rules.lint.registry import Context, LintCode
from rules.nodes import Span
from rules.suggest import did_you_mean
from rules.walk import references

CODE = LintCode(
    "FCC202",
    "unknown-provider",
    "error",
    "a model or pattern of a provider nobody declared",
    """What stands before the first slash is a provider: one of the presets, or a table `[providers.NAME]`
of this file. A model that a known provider is not known to have is no error, since providers add
models every week.""",
    bad="""\
rules = '''
route rest use zenn/minimax-m2.5-free
'''
""",
    good="""\
rules = '''
route rest use zen/minimax-m2.5-free
'''
""",
)


def check(context: Context) -> Iterator[Diagnostic]:
    providers = sorted({*context.catalogue, *context.settings.providers})
    named = [(ref.text, ref.span) for ref, _ in references(context.document)]
    globs = [(glob.text, glob.span) for glob in glob_words(context.document)]
    for text, span in named + globs:
        provider, slash, _ = text.partition("/")
        if not slash or "*" in provider or "?" in provider or provider in providers:
            continue
        yield _finding(context, provider, span, providers)


def _finding(context: Context, provider: str, span: Span, providers: list[str]) -> Diagnostic:
    start = context.source.text.find(provider, span.start, span.end) if provider else span.start
    place = Span(start, start + len(provider)) if start >= 0 and provider else span
    close = did_you_mean(provider, providers)
    advice = f"did you mean `{close}`?" if close else f"declare it as `[providers.{provider or 'NAME'}]`"
    fix = Fix(f"write `{close}`", (Edit(place, close),), safe=False) if close else None
    return CODE.at(place, f"there is no provider `{provider}`", help=advice, fix=fix)
