"""The grammar is LALR(1) without conflicts, its terminals do not collide, and the kept tables fit it."""

from io import BytesIO

from lark import Lark

from rules import grammar


def test_grammar_is_strictly_lalr_and_its_terminals_do_not_overlap():
    assert grammar.build(grammar.text(), strict=True).parse("route a use b").data == "start"


def test_kept_tables_were_made_from_this_grammar():
    made_from, tables = grammar.kept_tables()
    assert made_from == grammar.fingerprint(grammar.text()), "run: python -m rules.grammar"
    assert Lark.load(BytesIO(tables)).parse("").children == []


def test_tables_of_another_grammar_are_not_used(monkeypatch):
    monkeypatch.setattr(grammar, "kept_tables", lambda: (b"another", b"nonsense"))
    grammar.load.cache_clear()
    try:
        assert grammar.load().parse("route a use b").children
    finally:
        grammar.load.cache_clear()


def test_written_tables_read_back(monkeypatch, tmp_path):
    (tmp_path / "grammar.lark").write_text(grammar.text(), encoding="utf-8")
    monkeypatch.setattr(grammar, "files", lambda _: tmp_path)
    assert grammar.kept_tables() == (b"", b"")
    grammar.write_tables()
    made_from, tables = grammar.kept_tables()
    assert made_from == grammar.fingerprint(grammar.text())
    assert Lark.load(BytesIO(tables)).parse("alias a = b/c").children
