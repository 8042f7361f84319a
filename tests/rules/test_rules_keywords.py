"""Every word of the grammar has a meaning, and no other word has one."""

from rules.keywords import MEANINGS, words


def test_each_word_of_the_grammar_is_explained():
    assert {word for said in words().values() for word in said} == MEANINGS.keys()


def test_terminals_have_their_words():
    assert words()["EFFORT"] == ("low", "medium", "high", "max")
    assert words()["LEAST_LOADED"] == ("least-loaded",)
    assert words()["THEN"] == ("then",)
