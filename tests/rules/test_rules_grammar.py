"""The grammar is LALR(1) without conflicts, its terminals do not collide, and the kept tables fit it."""

from io import BytesIO
from random import Random

import pytest
from lark import Lark, Token, UnexpectedInput

from rules import grammar, lexer
from support.policies import policy_text, rules_of


@pytest.fixture
def unchecked(monkeypatch):
    """Without the package that looks for terminals that overlap: that takes twenty times as long as the rest."""
    monkeypatch.setattr("lark.lexer.has_interegular", False)


def test_grammar_is_strictly_lalr_and_its_terminals_do_not_overlap():
    assert grammar.build(grammar.text(), strict=True).parse("route a use b").data == "start"


def test_kept_tables_were_made_from_this_grammar():
    made_from, tables = grammar.kept_tables()
    assert made_from == grammar.source(), "run: python -m rules.grammar"
    assert Lark.load(BytesIO(tables)).parse("").children == []


def test_tables_of_another_grammar_are_not_used(monkeypatch, unchecked):
    monkeypatch.setattr(grammar, "kept_tables", lambda: (b"another", b"nonsense"))
    grammar.load.cache_clear()
    try:
        assert grammar.load().parse("route a use b").children
    finally:
        grammar.load.cache_clear()


def test_written_tables_read_back(monkeypatch, tmp_path, unchecked):
    (tmp_path / "grammar.lark").write_text(grammar.text(), encoding="utf-8")
    monkeypatch.setattr(grammar, "FOLDER", tmp_path)
    assert grammar.kept_tables() == (b"", b"")
    grammar.write_tables()
    made_from, tables = grammar.kept_tables()
    assert made_from == grammar.source()
    assert Lark.load(BytesIO(tables)).parse("alias a = b/c").children


def outcome(lark: Lark, text: str) -> object:
    """The tree with the places of its leaves, or the error, its place and what was expected."""
    try:
        tree = lark.parse(text)
    except UnexpectedInput as error:
        expected = getattr(error, "expected", None) or getattr(error, "allowed", None)
        return type(error), error.pos_in_stream, frozenset(expected or ())
    leaves = tree.scan_values(lambda leaf: isinstance(leaf, Token))
    return tree, [(leaf.type, leaf.start_pos, leaf.end_pos, leaf.line, leaf.column) for leaf in leaves]


@pytest.fixture
def theirs(unchecked) -> Lark:
    return Lark(grammar.text(), parser="lalr", lexer="contextual", maybe_placeholders=False)


@pytest.mark.parametrize("often", [1, 20, 10**6])
def test_the_lexer_reads_as_that_of_lark_does(monkeypatch, theirs, often):
    monkeypatch.setattr(lexer, "OFTEN", often)
    ours = Lark.load(BytesIO(grammar.kept_tables()[1]))
    random = Random(often)
    for seed in range(6):
        text = rules_of(policy_text(Random(seed)))
        assert outcome(ours, text) == outcome(theirs, text)
        for _ in range(5):
            at = random.randrange(len(text))
            broken = (
                text[:at]
                + random.choice(('"', "(", " and ", "4k", "=", "é", "'", "..", " route ", "&&"))
                + text[at:]
            )
            assert outcome(ours, broken) == outcome(theirs, broken), broken
