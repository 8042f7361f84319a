"""The report on reliability takes what exists, and its page has what it takes."""

import ast

import pytest
from reliability import FIGURES, FUZZED, PAGE, ROOT, TESTS, Figure, Outcome, page, taken


@pytest.mark.parametrize("place", [place for places in TESTS.values() for place in places])
def test_the_tests_of_the_report_exist(place: str):
    file, _, name = place.partition("::")
    tree = ast.parse((ROOT / "tests" / file).read_text(encoding="utf-8"))
    tests = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    assert name in tests if name else any(one.startswith("test_") for one in tests)


def test_the_fuzz_targets_of_the_report_are_all_there_are():
    there = {path.stem for path in (ROOT / "fuzz").glob("*.py")} - {"harness"}
    assert there == set(FUZZED)


def test_the_page_has_a_row_for_each_figure():
    rows = [line.split("|")[1].strip() for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    assert rows == ["figure", *(figure.name for figure in FIGURES)]


def test_no_target_of_the_page_is_missed():
    assert "✗" not in PAGE.read_text()


def test_a_figure_that_is_taken_again_takes_the_place_of_its_row_alone():
    figure = Figure("soak", "how", "why", lambda short: Outcome(f"short: {short}", good=False))
    outcome, row = taken(figure, short=True)
    assert not outcome.good
    before, after = PAGE.read_text().splitlines(), page({"soak": row}).splitlines()
    changed = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    assert [old.split(" | ")[0] for old, _ in changed if old.startswith("|")] == ["| soak"]
    assert row in after
    assert "short: True ✗" in row
