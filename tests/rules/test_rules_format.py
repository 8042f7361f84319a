"""Layout changes, meaning does not; what is laid out stays as it is."""

from __future__ import annotations

import re
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings

from rules.format import CannotFormatError, formatted, same
from rules.format_fill import WIDTH
from rules.parser import BATCH, parse
from support.policies import REMARKS, policies, policy_text, rules_of

SETTINGS = settings(
    deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
ROOT = Path(__file__).parents[2]
REMARK = re.compile(r'"(?:[^"\\\n]|\\[^\n])*"|(#[^\n]*)')


def laid_out(rules: str) -> str:
    return rules_of(formatted(f"rules = '''\n{rules}'''\n"))[1:]


def remarks(text: str) -> list[str]:
    return [match[1].rstrip() for match in REMARK.finditer(rules_of(text)) if match[1]]


@SETTINGS
@given(policies())
def test_meaning_and_remarks_stay_and_nothing_is_left_to_do(read_policy, text):
    made = formatted(text)
    before, after = read_policy(text), read_policy(made)
    assert same(parse(text, *before.source.rules)[0], parse(after.source.text, *after.source.rules)[0])
    assert before.policy is None or same(before.policy, after.policy)
    assert remarks(made) == remarks(text)
    assert formatted(made) == made


@SETTINGS
@given(policies(wild=False))
def test_blanks_do_not_matter(text):
    """As long as no line is emptied or filled by them."""
    words = re.compile(r'"(?:[^"\\\n]|\\[^\n])*"| ')
    spread = words.sub(lambda found: "\t  " if found[0] == " " else found[0], rules_of(text))
    assert formatted(text.replace(rules_of(text), spread)) == formatted(text)


@pytest.mark.parametrize("seed", range(12))
def test_generated_policies_are_valid(seed, read_policy):
    found = read_policy(policy_text(Random(seed))).diagnostics
    assert [one for one in found if one.severity == "error" and one.code < "FCC300"] == []


def test_generated_policies_hold_everything():
    """Statement kinds, groups and remarks inside of statements are all among them."""
    texts = [policy_text(Random(seed)) for seed in range(60)]
    for word in ("alias", "race", "split", "requested", "refuse", "env", "not", "..", "failing", REMARKS[-1]):
        assert any(word in text for text in texts), word


def test_the_shipped_policy_is_laid_out():
    text = (ROOT / "routes.toml").read_text(encoding="utf-8")
    assert formatted(text) == text


def test_columns_of_neighbours():
    assert (
        laid_out("""\
alias a=zen/x
# in between
alias  longer = zen/y   # why
alias b = zen/z # and why

alias c   =   zen/c
health * 3 failure in 30s,rest 30s
limit zen/* 1 requests per minute
route one when images>0 use a
route four when tokens in 1k .. 2k or thinking use b
route rest use c
""")
        == """\
alias a      = zen/x
# in between
alias longer = zen/y  # why
alias b      = zen/z  # and why

alias c = zen/c
health *      3 failures in 30s, rest 30s
limit  zen/*  1 request per minute
route one  when images > 0                    use a
route four when tokens in 1k..2k or thinking  use b
route rest                                    use c
"""
    )


def test_long_statements_go_on_where_their_part_began():
    names = " then ".join(f"zen/model-number-{number}" for number in range(9))
    group = ", ".join(f"zen/member-number-{number}" for number in range(9))
    made = laid_out(
        f"chain long = {names}, without thinking\nroute rest use rotate ({group}) on (empty) then a"
    )
    assert (
        made
        == """\
chain long = zen/model-number-0 then zen/model-number-1 then zen/model-number-2 then zen/model-number-3
             then zen/model-number-4 then zen/model-number-5 then zen/model-number-6 then zen/model-number-7
             then zen/model-number-8,
             without thinking
route rest use rotate (zen/member-number-0, zen/member-number-1, zen/member-number-2, zen/member-number-3,
                       zen/member-number-4, zen/member-number-5, zen/member-number-6, zen/member-number-7,
                       zen/member-number-8)
               on empty
               then a
"""
    )


def test_an_action_that_does_not_fit_stands_below_the_condition():
    tests = " or ".join(f'model is "*number-{number}*"' for number in range(6))
    made = laid_out(f"route r when {tests} use zen/a-model then zen/another-model").splitlines()
    assert made[1].startswith("             or model is")
    assert made[-1] == "        use zen/a-model then zen/another-model"
    assert max(map(len, made)) <= WIDTH


def test_a_remark_keeps_its_line():
    assert (
        laid_out("""\
route r when images > 0 # all pictures
  use a
  # the fast one first
  then b # b, c
  , retry 2
""")
        == """\
route r when images > 0  # all pictures
        use a
            # the fast one first
            then b,  # b, c
            retry 2
"""
    )


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("alias a == zen/b", "alias a = zen/b"),
        ("chain a := zen/b -> zen/c", "chain a = zen/b then zen/c"),
        ("route r if images>0 && !thinking use a", "route r when images > 0 and not thinking use a"),
        ("route r when model is 'x*' use a", 'route r when model is "x*" use a'),
        ("route r when task is not main use a", "route r when not task is main use a"),
        ("health * 1 failures in 1000ms, rest 90s", "health * 1 failure in 1000ms, rest 90s"),
        ("chain c = a on (timeout) then b", "chain c = a on timeout then b"),
        ("route r when model in x .. y use a", "route r when model in x .. y use a"),
    ],
)
def test_one_spelling(written, canonical):
    assert laid_out(written) == canonical + "\n"


def test_the_toml_part_keeps_its_text():
    text = "# a  \nrules='''alias a=b/c'''# b \n[server] \nhost   =  '''\nx  \n'''\n\n[ledger]\n\n\n"
    assert (
        formatted(text)
        == "# a\nrules='''\nalias a = b/c\n'''# b\n[server]\nhost   =  '''\nx  \n'''\n\n[ledger]\n"
    )


@pytest.mark.parametrize(
    "quoted", ["'alias a=b/c'", '"alias a=b/c"', '"""\nalias a=b/c\n"""', "'''alias a=b/c'''"]
)
def test_rules_stand_between_three_quotes(quoted):
    assert formatted(f"rules = {quoted}\n") == "rules = '''\nalias a = b/c\n'''\n"


def test_line_ends_stay():
    assert (
        formatted("rules = '''\r\nalias a=b/c # x\r\n'''\r\n")
        == "rules = '''\r\nalias a = b/c  # x\r\n'''\r\n"
    )


def test_nothing_between_the_quotes():
    assert formatted("rules = ''''''") == "rules = '''\n'''\n"
    assert formatted("rules = '''# only this'''") == "rules = '''\n# only this\n'''\n"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("rules = '''\nroute when\n'''", "FCC101"),
        ("rules = '''\nroute r when == 3 -> b use\n'''", "FCC101"),
        ("rules = '''\n''' x", "FCC001"),
        ("[server]\n", None),
    ],
)
def test_what_cannot_be_read_is_refused(text, code):
    with pytest.raises(CannotFormatError) as refused:
        formatted(text)
    assert code is None or code in {one.code for one in refused.value.findings}


def test_more_statements_than_are_read_at_a_time():
    lines = [f"alias a{number:04} = zen/m{number} # {number}" for number in range(BATCH * 2 + 1)]
    loose = "\n\n".join(line.replace(" = ", "   =  ") for line in lines)
    made = formatted(f"rules = '''\n{loose}\n'''\n")
    assert [line.replace("  #", " #") for line in made.splitlines()[1:-1] if line] == lines
    assert formatted(made) == made
