"""Safe fixes: whole or not at all, the earlier one first, and the file better afterwards."""

from __future__ import annotations

import pytest

from rules.diagnostics import Diagnostic, Edit, Fix
from rules.fixes import apply
from rules.lint.registry import entries
from rules.nodes import Span
from rules.policy import FIRST_FLOW_CODE


def found(*edits: tuple[int, int, str], safe: bool = True) -> Diagnostic:
    changes = tuple(Edit(Span(start, end), text) for start, end, text in edits)
    return Diagnostic("FCC102", "error", "x", Span(0, 1), fix=Fix("x", changes, safe))


@pytest.mark.parametrize(
    ("findings", "text", "mended"),
    [
        ([], "abcdef", 0),
        ([found((0, 1, "X"))], "Xbcdef", 1),
        ([found((0, 1, "X"), safe=False)], "abcdef", 0),
        ([found((5, 6, "")), found((0, 0, "("), (3, 3, ")"))], "(abc)de", 2),
        ([found((0, 3, "X")), found((2, 4, "Y"))], "Xdef", 1),
        ([found((0, 3, "X")), found((4, 5, "Z"), (2, 3, "Y"))], "Xdef", 1),
        ([found((0, 2, "X")), found((2, 4, "Y"))], "XYef", 2),
        ([found((0, 2, "X")), found((0, 2, "X"))], "Xcdef", 2),
        ([found((1, 1, "(")), found((1, 1, "("))], "a(bcdef", 1),
        ([found((6, 6, "g"))], "abcdefg", 1),
    ],
)
def test_fixes_that_touch_wait_for_the_next_round(findings, text, mended):
    fixed, done = apply("abcdef", findings)
    assert (fixed, len(done)) == (text, mended)


FIXABLE = [entry.code for entry in entries() if entry.code.bad]


@pytest.mark.parametrize("code", FIXABLE, ids=lambda code: code.code)
def test_a_safe_fix_mends_its_finding_and_brings_no_error(code, read_policy):
    before = read_policy(code.bad, **dict(code.env))
    text, mended = apply(before.source.text, before.diagnostics)
    after = read_policy(text, **dict(code.env))
    errors = {one.code for one in after.diagnostics if one.severity == "error"}
    assert errors <= {one.code for one in before.diagnostics}
    left = [one for one in after.diagnostics if one.code < FIRST_FLOW_CODE]
    assert len(left) <= len(before.diagnostics) - len(mended) or not mended
