"""`# fcc: allow NAME because …`: what it hides, what it may not, and what is said of the comment."""

from __future__ import annotations

import pytest

from rules.fixes import apply

RULES = """rules = '''
{above}
alias glm = zen/glm-5-free {behind}
route rest use zen/minimax-m2.5-free
'''
"""
WHY = "because the night policy of next week will use it"


def told(read_policy, above="", behind=""):
    loaded = read_policy(RULES.format(above=above, behind=behind))
    return [
        (one.code, loaded.source.text[one.span.start : one.span.end])
        for one in loaded.diagnostics
        if one.code < "FCC300" or one.code[:4] == "FCC8"
    ]


def test_without_it_the_finding_shows(read_policy):
    assert told(read_policy) == [("FCC210", "glm")]


@pytest.mark.parametrize(
    ("above", "behind"),
    [
        (f"# fcc: allow unused-name {WHY}", ""),
        ("", f"# fcc: allow unused-name {WHY}"),
        (f"#fcc:allow unused-name {WHY}", ""),
        (f"# fcc: allow unused-name {WHY}\n# more\n\n", ""),
    ],
)
def test_it_holds_for_its_line_or_the_next(read_policy, above, behind):
    assert told(read_policy, above, behind) == []


@pytest.mark.parametrize(
    ("above", "expected"),
    [
        ("# fcc: allow unused-name", [("FCC810", "# fcc: allow unused-name"), ("FCC210", "glm")]),
        (
            "# fcc: allow unused-name because",
            [("FCC810", "# fcc: allow unused-name because"), ("FCC210", "glm")],
        ),
        ("# fcc: ignore this", [("FCC810", "# fcc: ignore this"), ("FCC210", "glm")]),
        (f"# fcc: allow unused-nam {WHY}", [("FCC812", "unused-nam"), ("FCC210", "glm")]),
        (f"# fcc: allow FCC210 {WHY}", [("FCC812", "FCC210"), ("FCC210", "glm")]),
        (f"# fcc: allow loop {WHY}", [("FCC811", "loop"), ("FCC210", "glm")]),
        (f"# fcc: allow loop, unused-name {WHY}", [("FCC811", "loop")]),
        ("# about fcc: nothing", [("FCC210", "glm")]),
        ('offer zen/glm-5-free as "# fcc: allow unused-name"', [("FCC210", "glm")]),
    ],
)
def test_what_is_wrong_with_the_comment_is_told(read_policy, above, expected):
    assert told(read_policy, above) == expected


def test_errors_without_which_there_is_no_policy_cannot_be_allowed(read_policy):
    loaded = read_policy(f"rules = '''\nroute rest use nobody # fcc: allow unknown-name {WHY}\n'''\n")
    assert [one.code for one in loaded.diagnostics] == ["FCC201"]


def test_it_works_in_the_tables_too(read_policy):
    text = f'rules = """route rest use zen/x"""\n[server]\n# fcc: allow open-server {WHY}\nhost = "0.0.0.0"\n'
    loaded = read_policy(text)
    assert "FCC603" not in [one.code for one in loaded.diagnostics]
    assert loaded.policy is not None


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_the_fix_removes_an_unused_one(read_policy, ends):
    text = ends.join(
        [
            "rules = '''",
            f"# fcc: allow loop {WHY}",
            "route rest use zen/x  # fcc: allow loop " + WHY,
            "'''",
            "",
        ]
    )
    loaded = read_policy(text)
    fixed, mended = apply(loaded.source.text, loaded.diagnostics)
    assert fixed == ends.join(["rules = '''", "route rest use zen/x", "'''", ""])
    assert [one.code for one in mended] == ["FCC811", "FCC811"]
