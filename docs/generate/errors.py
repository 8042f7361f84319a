"""The codes of `fcc lint`, from the pages in `rules/lint`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from generate.tables import code, table
from rules.lint.registry import LintCode, codes

FAMILIES = {
    "0": "The file",
    "1": "Syntax",
    "2": "Names",
    "3": "Flow",
    "4": "Models",
    "5": "Time",
    "6": "Secrets",
    "7": "Expectations",
    "8": "Style and suppressions",
    "9": "Other",
}


def index() -> str:
    """One line a code, with links to the sections below."""
    rows = [
        (f"[{one.code}](#{anchor(one)})", one.name, one.severity, "yes" if fixed(one) else "", one.summary)
        for one in codes().values()
    ]
    return table(("code", "name", "severity", "`--fix`", "finds"), rows)


def pages() -> str:
    return "\n\n".join(_sections())


def _sections() -> Iterator[str]:
    family = ""
    for one in codes().values():
        if one.code[3] != family:
            family = one.code[3]
            yield f"## {FAMILIES[family]}"
        yield _section(one)


def _section(one: LintCode) -> str:
    mended = "; `--fix` mends it where that is safe" if fixed(one) else ""
    parts = [
        f"### {one.code}: {one.name}",
        f"{one.severity.capitalize()}: {one.summary}{mended}.",
        one.explanation,
    ]
    if one.env:
        parts.append("Read with " + ", ".join(code(f"{name}={value}") for name, value in one.env) + ".")
    if one.bad:
        parts += [f"Instead of\n\n```toml\n{one.bad}```", f"write\n\n```toml\n{one.good}```"]
    return "\n\n".join(parts)


def anchor(one: LintCode) -> str:
    """As MkDocs and GitHub make it from the heading."""
    return re.sub(r"[^a-z0-9 -]", "", f"{one.code}: {one.name}".lower()).replace(" ", "-")


@cache
def fixed(one: LintCode) -> bool:
    """Whether the finding in the bad example has a safe fix."""
    from providers.presets import catalogue
    from rules.policy import load

    keys = {name: "set" for preset in catalogue().values() for name in preset.key_variables}
    loaded = load(one.bad.encode(), path="routes.toml", env={**keys, **dict(one.env)}, catalogue=catalogue())
    return any(found.code == one.code and found.fix and found.fix.safe for found in loaded.diagnostics)
