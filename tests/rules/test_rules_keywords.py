"""Every word of the grammar has a meaning, and no other word has one."""

from rules.keywords import MEANINGS, reserved, words
from rules.parser import parse


def test_each_word_of_the_grammar_is_explained():
    assert {word for said in words().values() for word in said} == MEANINGS.keys()


def test_terminals_have_their_words():
    assert words()["EFFORT"] == ("low", "medium", "high", "max")
    assert words()["LEAST_LOADED"] == ("least-loaded",)
    assert words()["THEN"] == ("then",)


def test_reserved_words_are_no_names_and_the_others_are():
    for word in MEANINGS:
        refused = bool(parse(f"alias {word} = zen/x")[1])
        assert refused == (word in reserved()), word
