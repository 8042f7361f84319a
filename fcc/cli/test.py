"""`fcc test`: what must stay true of a policy, put to the policy itself. Nothing is sent."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from fcc.cli.policy_file import CANNOT_RUN, read_policy
from providers.presets import catalogue
from rules.evaluate import plain, written
from rules.expectations import Expectations, Result
from rules.render.json import place
from rules.source import Source


class Format(StrEnum):
    """How results are printed."""

    text = "text"
    json = "json"


def test(
    path: Annotated[Path, typer.Argument(help="the file to test")] = Path("routes.toml"),  # noqa: PT028
    format: Annotated[Format, typer.Option(help="how results are printed")] = Format.text,  # noqa: A002, PT028
) -> int:
    """Run every `expect` of routes.toml: 0 all hold, 1 one fails, 2 could not run.

    Example: fcc test routes.toml
    """
    read = read_policy(path, "test")
    if read is None:
        return CANNOT_RUN
    policy, loaded = read
    expectations = Expectations(policy, catalogue())
    results = expectations.results()
    report = _report(loaded.source, expectations, results)
    if format is Format.json:
        print(json.dumps(report, ensure_ascii=False, indent=2))
    else:
        print("\n".join(_lines(loaded.source, report)))
    return int(report["failed"] > 0)


def _report(source: Source, expectations: Expectations, results: list[Result]) -> dict[str, Any]:
    undecided = expectations.undecided(results) if results else []
    return {
        "path": source.path,
        "passed": sum(one.holds for one in results),
        "failed": sum(not one.holds for one in results),
        "expects": [_entry(source, expectations, one) for one in results],
        "untested_routes": [one.name for one in expectations.unreached(results)] if results else [],
        "undecided_tests": [
            {"route": route.name, "test": written(one, source.text), **place(source, one.span)}
            for route, one in undecided
        ],
    }


def _entry(source: Source, expectations: Expectations, result: Result) -> dict[str, Any]:
    return {
        **place(source, result.expect.span),
        "expect": result.expect.route.text,
        "given": {name: plain(value) for name, value in result.view.said.items()},
        "holds": result.holds,
        "route": None if result.route is None else result.route.name,
        "tried": None if result.tried is None else list(result.tried),
        "wanted": None if result.wanted is None else list(result.wanted),
        "instead": expectations.problem(result),
        "blocked_by": None
        if result.blocking is None
        else {"test": written(result.blocking.test, source.text), "saw": plain(result.blocking.saw)},
    }


def _lines(source: Source, report: dict[str, Any]) -> list[str]:
    """Failures first, then what was not tested, then the count."""
    lines: list[str] = []
    for one in report["expects"]:
        if one["holds"]:
            continue
        text = " ".join(source.shown.line(one["line"]).split())
        lines += [f"{report['path']}:{one['line']}:{one['column']}: {text}", f"  instead: {one['instead']}"]
        blocked = one["blocked_by"]
        if blocked is not None:
            lines.append(f"  because: `{blocked['test']}` of `{one['expect']}` saw {blocked['saw']!r}")
        lines.append("")
    if report["untested_routes"]:
        lines.append(f"no expect reaches: {', '.join(report['untested_routes'])}")
    for one in report["undecided_tests"]:
        lines.append(
            f"{report['path']}:{one['line']}: `{one['test']}` of `{one['route']}` never decided anything"
        )
    if not report["expects"]:
        lines.append("there is no `expect` in this file")
    return [*lines, f"{report['passed']} passed, {report['failed']} failed"]
