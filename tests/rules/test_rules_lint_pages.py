"""Every code: its page is complete, its bad example shows it, its good one does not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import rules.lint
from rules.lint.registry import LintCode, codes, entries

CODES = [entry.code for entry in entries()]
SHOWN = [code for code in CODES if code.bad]


def found(loaded):
    return {one.code for one in loaded.diagnostics}


@pytest.mark.parametrize("code", SHOWN, ids=lambda code: code.code)
def test_the_bad_example_yields_the_code(code: LintCode, read_policy):
    assert code.code in found(read_policy(code.bad, **dict(code.env)))


@pytest.mark.parametrize("code", CODES, ids=lambda code: code.code)
def test_the_good_example_is_free_of_errors_and_of_the_code(code: LintCode, read_policy):
    loaded = read_policy(code.good, **dict(code.env))
    assert code.code not in found(loaded)
    assert loaded.policy is not None, loaded.diagnostics


def test_only_what_no_text_shows_has_no_bad_example():
    assert {code.code for code in CODES} - {code.code for code in SHOWN} == {"FCC007", "FCC008", "FCC015"}


@pytest.mark.parametrize("code", CODES, ids=lambda code: code.code)
def test_pages_keep_the_form(code: LintCode):
    assert re.fullmatch(r"FCC\d{3}", code.code)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", code.name)
    assert not code.summary.endswith(".")
    assert code.summary[0].islower() or not code.summary[0].isalpha()
    assert code.explanation.endswith((".", "```"))
    assert code.good.strip()


def test_file_names_say_code_and_name():
    names = {f"{code.code.lower()}_{code.name.replace('-', '_')}" for code in CODES}
    files = {path.stem for path in Path(rules.lint.__file__).parent.glob("fcc*.py")}
    assert files == names
    assert len(codes()) == len(CODES)
    assert len({code.name for code in CODES}) == len(CODES)
