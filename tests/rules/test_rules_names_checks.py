"""The checks of syntax and names: what each finds, where it points, and what its fix makes of it."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.diagnostics import Diagnostic
from rules.lint.registry import Context, codes, entries
from rules.parser import parse
from rules.resolve import resolve
from rules.settings import ProviderTable, Settings
from rules.source import read

CATALOGUE: dict[str, Any] = dict.fromkeys(["zen", "nvidia_nim"])
GOOD = "alias m = zen/m\nalias n = nvidia_nim/q/n\nchain both = m then n\n"


def findings(rules, env=None, *, base=GOOD):
    """The text of the file and the findings of FCC1, FCC2 and FCC802 for these rules behind the base."""
    source, _ = read(f"rules = '''\n{base}{rules}\n'''\n".encode(), "routes.toml")
    return source.text, check(source, env or {})


def check(source, env):
    assert source.rules is not None
    document, found = parse(source.text, *source.rules)
    tables = Settings(providers={"work": ProviderTable()})
    context = Context(source, document, tables, CATALOGUE, env, None)
    for entry in entries():
        if entry.code.code.startswith("FCC2") and entry.check is not None:
            found.extend(entry.check(context))
    return [one for one in found if one.code != "FCC210"]


def fixed(text, finding: Diagnostic):
    assert finding.fix is not None
    for edit in sorted(finding.fix.edits, key=lambda edit: edit.span.start, reverse=True):
        text = text[: edit.span.start] + edit.text + text[edit.span.end :]
    return text


MISTAKES = [
    ("alias x zen/m", "FCC101", "zen/m"),
    ("chain x then m", "FCC101", "then"),
    ("chain = m", "FCC101", "="),
    ("route r use m, n", "FCC101", "n"),
    ("route r when tokens > use m", "FCC101", "use"),
    ("route r when tokens > 1k", "FCC101", "1k"),
    ("route r when stream use m start within 20", "FCC101", "20"),
    ("health * 3 failures in 30s", "FCC101", "health * 3 failures in 30s"),
    ("limit * wait up to 3s", "FCC101", "limit * wait up to 3s"),
    ("rout r use m", "FCC101", "rout"),
    ("route a == b", "FCC101", "=="),
    ('route "r" use m', "FCC101", '"r"'),
    ("route r when task == title use m", "FCC102", "=="),
    ("route r when tokens == 5 use m", "FCC102", "=="),
    ("route r when stream && thinking use m", "FCC102", "&&"),
    ("route r when stream||thinking use m", "FCC102", "||"),
    ("route r when !stream use m", "FCC102", "!"),
    ("route r when tokens => 5 use m", "FCC102", "=>"),
    ("route r when tokens =< 5 use m", "FCC102", "=<"),
    ("route r when tokens != 5 use m", "FCC102", "!="),
    ("route r when task != title use m", "FCC102", "!="),
    ('route r when model is not "x" use m', "FCC102", "is not"),
    ("route r when task not in (title) use m", "FCC102", "not in"),
    ("route r if stream use m", "FCC102", "if"),
    ("route r use m -> n", "FCC102", "->"),
    ("route r use m=>n", "FCC102", "=>"),
    ("alias x == zen/m", "FCC102", "=="),
    ("chain x := m", "FCC102", ":="),
    ("route r when model is “x” use m", "FCC103", "“x”"),
    ("route r when model is 'x' use m", "FCC103", "'x'"),
    ("route r answer ‘a b’", "FCC103", "‘a b’"),
    ('route r answer "x', "FCC104", '"x'),
    ("route r answer “x", "FCC104", "“x"),
    ("route r use m;", "FCC105", ";"),
    ("route r use m\u202e", "FCC105", "\u202e"),
    ("route r use\u00a0m", "FCC105", "\u00a0"),
    ("rоute r use m", "FCC105", "о"),
    ("route r use bоth", "FCC105", "о"),
    ("route r when tokens ≥ 5 use m", "FCC105", "≥"),
    ("route r when tokens > 5 use m — n", "FCC105", "—"),
    ("route r use m €", "FCC105", "€"),
    ('route r answer "a\\nb"', "FCC106", "\\n"),
    ("route r use m retry 1.5", "FCC107", "1.5"),
    ("route r when time > 25:00 use m", "FCC107", "25:00"),
    ("route r when time in 22:00..12:75 use m", "FCC107", "12:75"),
    ("health * 2.5 failures in 3s, rest 3s", "FCC107", "2.5"),
    ("route r use nobody", "FCC201", "nobody"),
    ("route r use rotate (m, nobody)", "FCC201", "nobody"),
    ("alias x = nobody", "FCC201", "nobody"),
    ("offer nobody", "FCC201", "nobody"),
    ('route r use m\nexpect r given model "x", nobody resting to try m', "FCC201", "nobody"),
    ('route r use m\nexpect r given model "x" to try nobody', "FCC201", "nobody"),
    ("route r use zenn/m", "FCC202", "zenn"),
    ("limit zenn/* 4 per minute", "FCC202", "zenn"),
    ("route r when token > 5 use m", "FCC203", "token"),
    ("route r when header > 5 use m", "FCC203", "header"),
    ("route r use m\nexpect r given token 5", "FCC203", "token"),
    ("route r when task is titel use m", "FCC204", "titel"),
    ("route r when day in (sat, son) use m", "FCC204", "son"),
    ("route r use m\nexpect r given effort hi", "FCC204", "hi"),
    ('route r when tokens is "1*" use m', "FCC205", '"1*"'),
    ("route r when tokens is 5 use m", "FCC205", "tokens is 5"),
    ("route r when model > 5 use m", "FCC205", "5"),
    ('route r when model = "x" use m', "FCC205", 'model = "x"'),
    ('route r when model > "x" use m', "FCC205", 'model > "x"'),
    ("route r when stream is yes use m", "FCC205", "stream is yes"),
    ("route r when tokens use m", "FCC205", "tokens"),
    ('route r when task is "*probe" use m', "FCC205", '"*probe"'),
    ("route r when time > 5 use m", "FCC205", "5"),
    ("route r when tokens in 20k..10k use m", "FCC205", "tokens in 20k..10k"),
    ("route r when tokens > 120K use m", "FCC205", "120K"),
    ('route r use m\nexpect r given tokens "x"', "FCC205", 'tokens "x"'),
    ("route r use m\nexpect r given model", "FCC205", "model"),
    ("route r use m\nexpect r given stream 5", "FCC205", "stream 5"),
    ("limit * 4 per minut", "FCC206", "minut"),
    ("route r use m then n on time_out", "FCC207", "time_out"),
    ("route r use m\nexpect r given stream, m failing hard", "FCC207", "hard"),
    ("alias m = zen/x", "FCC208", "m"),
    ("alias both = zen/x", "FCC208", "both"),
    ("route r use m\nroute r use n", "FCC208", "r"),
    ("alias x = y\nalias y = x\nroute r use x", "FCC209", "x"),
    ("chain x = m then x\nroute r use x", "FCC209", "x"),
    ("route r use m\nexpect rr given stream", "FCC211", "rr"),
    ("route r use m retry 1 retry 2", "FCC212", "retry 2"),
    ("route r use m then n, retry 1, retry 2", "FCC212", "retry 2"),
    ("limit * 4 per minute, 5 per hour", "FCC212", "5 per hour"),
    ("limit * 4 per minute each each", "FCC212", "each"),
    ("health * 1 failure in 1s, rest 1s, rest 2s", "FCC212", "rest 2s"),
    ("offer m without thinking with and without thinking", "FCC212", "with and without thinking"),
    ("route r use m then zen/m", "FCC213", "zen/m"),
    ("route r use race (m)", "FCC214", "race (m)"),
    ("route r use split (50% m, 40% n)", "FCC215", "split (50% m, 40% n)"),
    ("route r use split (100% m, n)", "FCC215", "n"),
    ("route r use rotate (10% m, n)", "FCC215", "m"),
    ("route r use race (m, n)", "FCC216", "n"),
    ("route r use race (m after 2s, n after 2s)", "FCC216", "m"),
    ("route r use race (m, n after 2s, zen/x after 3s)", "FCC216", "zen/x"),
    ("route r use rotate (m, n after 2s)", "FCC216", "n"),
    ('route r refuse 200 "x"', "FCC217", 'refuse 200 "x"'),
    ("alias x = requested\nroute r use x", "FCC219", "requested"),
    ("offer requested", "FCC219", "requested"),
    ("limit m 4 per minute", "FCC221", "m"),
    ("health nobody 1 failure in 1s, rest 1s", "FCC221", "nobody"),
    ("route r when stream and thinking or tokens > 5 use m", "FCC802", "stream and thinking"),
]


@pytest.mark.parametrize(("rules", "code", "place"), MISTAKES)
def test_mistake(rules, code, place):
    text, found = findings(rules)
    assert [one.code for one in found] == [code]
    (finding,) = found
    assert text[finding.span.start : finding.span.end] == place
    assert (
        finding.message[0].islower() or not finding.message[0].isalpha() or finding.message.startswith("U+")
    )
    assert not finding.message.endswith(".")
    assert finding.severity == codes()[code].severity


@pytest.mark.parametrize("rules", [rules for rules, code, _ in MISTAKES if code not in ("FCC101", "FCC104")])
def test_safe_fixes_mend_what_they_are_for(rules):
    text, (finding,) = findings(rules)
    if finding.fix is not None and finding.fix.safe:
        source, _ = read(fixed(text, finding).encode(), "routes.toml")
        left = [one.code for one in check(source, {})]
        assert left in ([], ["FCC101"] if "—" in rules else [])


@pytest.mark.parametrize("entry", [entry for entry in entries() if entry.code.code[:4] in ("FCC1", "FCC2")])
def test_examples_of_the_pages(entry):
    env = {"AUTO_MODEL_ORDER": "zen/x, nobody"}
    for text, expected in ((entry.code.bad, True), (entry.code.good, False)):
        source, about = read(text.encode(), "routes.toml")
        assert about == []
        document, found = parse(source.text, *(source.rules or (0, 0)))
        context = Context(source, document, Settings(), CATALOGUE, env, None)
        found.extend(entry.check(context) if entry.check else ())
        assert (entry.code.code in {one.code for one in found}) == expected


def test_codes_are_found_in_the_registry():
    ours = [code for code in codes() if code[:4] in ("FCC1", "FCC2")]
    assert {"FCC101", "FCC108", "FCC201", "FCC221"} <= set(ours)


def test_messages_say_what_was_expected():
    _, (finding,) = findings("chain x then m")
    assert finding.message == "expected `=` after the chain's name, found `then`"
    _, (finding,) = findings("route r use m then\nalias x = zen/y")
    assert (
        finding.message
        == "expected a model, an alias or a chain after `then`, found the end of the statement"
    )
    _, (finding,) = findings("route r use m, n")
    assert finding.help == "steps are joined by `then`: `a then b`"


def test_a_guess_is_offered_but_is_no_safe_fix():
    text, (finding,) = findings("route r use boht")
    assert finding.help == "did you mean `both`?"
    assert finding.fix is not None
    assert not finding.fix.safe
    assert "use both" in fixed(text, finding)


def test_several_errors_in_one_run():
    _, found = findings("route a = x\nroute b use nobody\nroute c when task == titel use m\nroute d use 'x")
    assert sorted(one.code for one in found) == ["FCC101", "FCC102", "FCC104", "FCC201", "FCC204"]


def test_names_of_broken_statements_are_no_second_error():
    _, found = findings("alias x zen/m\nroute r use x\nexpect r given stream")
    assert [one.code for one in found] == ["FCC101"]
    _, found = findings("route r when use m\nexpect r given stream")
    assert [one.code for one in found] == ["FCC101"]


def unused(rules):
    source, _ = read(f"rules = '''\n{rules}\n'''\n".encode(), "routes.toml")
    document, _ = parse(source.text, *(source.rules or (0, 0)))
    context = Context(source, document, Settings(), CATALOGUE, {"V": "named"}, None)
    (entry,) = [entry for entry in entries() if entry.code.code == "FCC210"]
    assert entry.check is not None
    return [source.text[one.span.start : one.span.end] for one in entry.check(context)]


def test_unused_names():
    assert unused("alias a = zen/a\nchain c = a\nchain d = c\nroute r use a") == ["c", "d"]
    assert unused("alias a = zen/a\nalias b = a\noffer b") == []
    assert unused("chain c = c") == ["c"]
    assert unused("chain named = zen/a\nroute r use env V else zen/b") == []
    assert unused("alias a = zen/a\nroute r use then a") == []
    assert unused("alias a = zen/a\n# route r use a\nroute r use zen/b") == ["a"]


def test_variables_that_name_something_unknown():
    rules = "route r use env ORDER else m\noffer env MODEL"
    text, found = findings(rules, {"ORDER": "both, zen/x, boht", "MODEL": "m,work/y, elsewhere/z"})
    assert [one.code for one in found] == ["FCC218"] * 2
    assert [text[one.span.start : one.span.end] for one in found] == ["ORDER", "MODEL"]
    assert found[0].help == "did you mean `both`?"


def test_providers_of_the_file_are_known():
    assert findings("route r use work/anything")[1] == []


def test_a_loop_shows_its_way():
    _, (finding,) = findings("chain x = m then y\nchain y = n then x\nroute r use x")
    assert finding.message == "chain `x` comes back to itself: `x` → `y` → `x`"
    assert [label.text for label in finding.labels] == ["by way of this"]


WORDS = sorted(
    {word for rules, _, _ in MISTAKES for word in rules.split()} | {"\n", "\nroute r", "\nchain c ="}
)


@given(st.lists(st.sampled_from(WORDS), max_size=40))
@settings(max_examples=200)
def test_any_shuffle_of_mistakes_is_checked_without_raising(words):
    rules = " ".join(words)
    text, found = findings(rules, {"ORDER": "both,x"}, base="")
    for finding in found:
        assert 0 <= finding.span.start <= finding.span.end <= len(text)
    document, _ = parse(text)
    assert resolve(document, Settings(), {"ORDER": "both,x,c"}).settings == Settings()
