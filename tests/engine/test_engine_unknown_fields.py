"""Fields that a model does not know are left out for an hour, or until somebody resets it."""

from engine.picture import pardon, pictured
from engine.state import State
from engine.unknown_fields import KEPT, UnknownFields
from support.scripted import ScriptedProvider, candidate


def test_what_was_learnt_holds_for_an_hour_and_adds_up():
    fields = UnknownFields()
    fields.learn("a/m", {"top_k"}, 0.0)
    fields.learn("a/m", {"seed"}, 10.0)
    assert fields.of("a/m", 10.0 + KEPT - 0.001) == {"top_k", "seed"}
    assert fields.of("a/m", 10.0 + KEPT) == frozenset()
    assert fields.of("a/other", 10.0) == frozenset()


def test_what_is_over_is_not_added_to():
    fields = UnknownFields()
    fields.learn("a/m", {"top_k"}, 0.0)
    fields.learn("a/m", {"seed"}, KEPT)
    assert fields.of("a/m", KEPT) == {"seed"}


def test_the_sweep_forgets_what_is_over_and_nothing_else():
    state = State()
    state.fields.learn("a/m", {"top_k"}, 0.0)
    state.fields.learn("b/m", {"top_k"}, 1.0)
    state.sweep(KEPT)
    assert set(state.fields.known) == {"b/m"}


def test_people_see_it_and_a_reset_forgets_it():
    state, one = State(), candidate(ScriptedProvider("a"))
    state.fields.learn("a/m", {"top_k", "seed"}, 0.0)
    assert pictured(state, one, 0.0)["without"] == ["seed", "top_k"]
    assert pardon(state, ["a/m", "b/m"]) == ["a/m"]
    assert pictured(state, one, 0.0)["without"] == []
