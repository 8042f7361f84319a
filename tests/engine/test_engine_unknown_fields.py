"""Fields that a model does not know are left out for an hour, or until somebody resets it."""

from engine.candidates import Candidate
from engine.picture import pardon, pictured
from engine.state import State
from engine.unknown_fields import KEPT, UnknownFields
from providers.failures import Failure
from support.scripted import ScriptedProvider, Step, candidate, chain, says
from support.virtual_time import run
from support.walks import DOWN, failed, heard


def refuses(field: str, *, unknown: bool) -> list[Step]:
    return [Failure("bad_request", "no such field", status=400, field=field, unknown=unknown)]


def ask(one: Candidate, state: State, times: int = 1) -> None:
    async def test() -> None:
        for _ in range(times):
            await heard(chain([one], state))

    run(test())


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


def test_a_field_that_a_model_does_not_know_costs_one_call_and_not_one_each_time():
    a, state = ScriptedProvider("a", [refuses("top_k", unknown=True), says("ok")]), State()
    ask(candidate(a), state, times=3)
    assert [sorted(one.without) for one in a.asked] == [[], ["top_k"], ["top_k"], ["top_k"]]
    ask(candidate(a, "other"), state)
    assert a.asked[-1].without == frozenset()


def test_a_field_refused_for_its_value_is_sent_again_the_next_time():
    a, state = ScriptedProvider("a", [refuses("top_k", unknown=False), says("ok")]), State()
    ask(candidate(a), state, times=2)
    assert [sorted(one.without) for one in a.asked] == [[], ["top_k"], []]


def test_a_field_is_not_learnt_from_a_call_that_fails_without_it_as_well():
    a, state = ScriptedProvider("a", [refuses("top_k", unknown=True), [DOWN]]), State()

    async def test() -> None:
        await failed(chain([candidate(a, retry=0)], state))

    run(test())
    assert [sorted(one.without) for one in a.asked] == [[], ["top_k"]]
    assert not state.fields.known
