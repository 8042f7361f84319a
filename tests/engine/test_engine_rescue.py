"""Going on after a cut without a seam: whatever the split, the client has the whole text once."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.rescue import LEAST, LONGEST, OVERLAP, Continued, Differs, Repeated, Said, continuation
from support.scripted import request
from translators.events import (
    Break,
    Citation,
    Event,
    Finish,
    Progress,
    Signature,
    Start,
    Text,
    Thinking,
    Tool,
    Usage,
)

END = Finish("end_turn", usage=Usage(input=1, output=1))
WORDS = st.lists(
    st.text(st.characters(codec="utf-8", categories=("L", "N", "P")), min_size=1, max_size=9), min_size=2
)


def said_of(*events: Event) -> Said:
    said = Said()
    said.add(list(events))
    return said


def pieces(text: str, seed: int) -> list[list[Event]]:
    """The text in reads of random sizes."""
    dice, found = random.Random(seed), list[list[Event]]()
    while text:
        size = dice.randint(1, 7)
        found.append([Text(text[:size])])
        text = text[size:]
    return found


def heard(joint: Continued | Repeated, reads: list[list[Event]]) -> str:
    everything: list[list[Event]] = [*reads, [END]]
    events = [event for read in everything for event in joint.feed(read)]
    assert isinstance(events[-1], Finish)
    assert not any(isinstance(event, Text) and not event.text for event in events)
    return "".join(event.text for event in events if isinstance(event, Text))


def spaced(words: list[str], seed: int) -> str:
    """Words with white space of every kind between them, none twice, so that nothing is repeated by chance."""
    dice = random.Random(seed)
    return "".join(
        f"{n}{word}{dice.choice([' ', '  ', chr(10), chr(10) + '    '])}" for n, word in enumerate(words)
    )


@given(WORDS, st.integers(0), st.data())
def test_an_exact_continuation_is_joined_at_any_split(
    words: list[str], seed: int, data: st.DataObject
) -> None:
    whole = spaced(words, seed)
    at = data.draw(st.integers(1, len(whole)))
    said = said_of(Text(whole[:at]))
    given_to_it = continuation(request(), said).messages[-1]
    partial = given_to_it["content"] if given_to_it["role"] == "assistant" else ""
    assert partial == whole[:at].rstrip()
    rest = heard(Continued(said), pieces(whole[len(partial) :], seed))
    assert whole[:at] + rest == whole


@given(WORDS, st.integers(0), st.data())
def test_what_a_continuation_repeats_is_trimmed(words: list[str], seed: int, data: st.DataObject) -> None:
    whole = spaced(words, seed) + "the end of it all"
    at = data.draw(st.integers(LEAST, len(whole)))
    again = data.draw(st.integers(LEAST, min(at, OVERLAP)))
    if not whole[at - again : at].strip():
        return
    said = said_of(Text(whole[:at]))
    assert whole[:at] + heard(Continued(said), pieces(whole[at - again :], seed)) == whole


def test_one_that_begins_anew_is_trimmed_however_much_it_repeats() -> None:
    whole = " ".join(str(number) for number in range(2000))
    said = said_of(Text(whole[:5000]))
    assert heard(Continued(said), pieces(whole, 1)) == whole[5000:]


@pytest.mark.parametrize(("had", "comes"), [("wel", "l done"), ("I saw a", "a"), ("1, 2, 1", "1, 3")])
def test_a_few_letters_in_common_are_chance(had: str, comes: str) -> None:
    assert heard(Continued(said_of(Text(had))), [[Text(comes)]]) == comes


def test_what_comes_before_the_text_of_a_continuation_makes_no_seam() -> None:
    joint = Continued(said_of(Text("The answer is fourty")))
    before = joint.feed([Start(), Thinking("hm"), Break(), Usage(input=3), Progress(), Text("answer is ")])
    assert before == [Usage(input=3), Progress()]
    assert joint.feed([Text("fourty two"), Break(), Text("x")]) == [Text(" two"), Break(), Text("x")]


@given(WORDS, WORDS, st.integers(0), st.data())
def test_a_fresh_answer_that_says_the_same_goes_on(
    thoughts: list[str], words: list[str], seed: int, data: st.DataObject
) -> None:
    thought, whole = spaced(thoughts, seed), spaced(words, seed)
    at = data.draw(st.integers(0, len(whole)))
    said = said_of(Thinking(thought), *([Text(whole[:at])] if at else []))
    joint = Repeated(said)
    assert (
        joint.feed([Start(), Thinking(thought[:3]), Thinking(thought[3:]) if thought[3:] else Break()]) == []
    )
    assert whole[:at] + heard(joint, pieces(whole, seed)) == whole


@pytest.mark.parametrize(
    "fresh",
    [
        [Text("Hallo")],
        [Text("Hel"), Text("p")],
        [Text("Hel"), END],
        [END],
        [Thinking("hm")],
        [Text("Hel"), Tool("1", "ls", "{}")],
    ],
)
def test_another_answer_is_not_joined(fresh: list[Event]) -> None:
    joint = Repeated(said_of(Text("Hello")))
    *before, last = fresh
    for event in before:
        joint.feed([event])
    with pytest.raises(Differs):
        joint.feed([last])


def test_a_thought_is_not_taken_for_the_text_that_follows_it() -> None:
    joint = Repeated(said_of(Thinking("ab"), Text("c")))
    with pytest.raises(Differs):
        joint.feed([Thinking("abc")])


@pytest.mark.parametrize("event", [Tool("1", "ls", "{}"), Citation({}), Signature("s")])
def test_what_nobody_else_can_be_held_to_is_final(event: Event) -> None:
    assert said_of(Text("a"), event).final
    assert not said_of(Text("a"), Break(), Progress()).final


def test_a_thought_alone_is_nothing_to_continue() -> None:
    asked = request()
    assert continuation(asked, said_of(Thinking("hm"))) is asked


def test_more_than_can_be_remembered_is_not_gone_on_with() -> None:
    said = Said()
    for _ in range(20):
        said.add([Text("x" * 100_000)])
    assert said.final
    assert said.text == ""


def test_what_was_said_is_kept_in_the_order_it_came() -> None:
    said = said_of(Text("a"), Text("b"), Thinking("c"), Break(), Thinking("d"), Text("e"))
    assert said.segments() == [(Text, "ab"), (Thinking, "cd"), (Text, "e")]
    assert (said.text, said.size, said.final) == ("abe", 5, False)
    said.add([Text("f"), Tool("t", "n", "{}"), Text("g")])
    said.add([Text("h")])
    assert (said.text, said.final) == ("abefg", True)


def test_as_much_as_can_be_remembered_is_gone_on_with() -> None:
    said = said_of(Text("x" * (LONGEST - 1)), Text("y"))
    assert (said.final, len(said.text)) == (False, LONGEST)
    said.add([Text("z")])
    assert (said.final, said.segments()) == (True, [])


def test_what_can_be_no_repetition_goes_out_at_once() -> None:
    joint = Continued(said_of(Text("the quick brown fox ")))
    assert joint.feed([Start(), Thinking("Hm."), Break(), Progress(), Text("fox")]) == [Progress()]
    assert joint.feed([Text("es")]) == [Text("foxes")]
    more: list[Event] = [Break(), Text("fox")]
    assert joint.feed(more) is more


def test_a_break_after_what_is_held_shows_that_it_is_new() -> None:
    joint = Continued(said_of(Text("the quick brown fox ")))
    assert joint.feed([Text("fox"), Break(), Text("x")]) == [Text("fox"), Break(), Text("x")]


def test_a_repetition_and_nothing_more_is_nothing() -> None:
    joint = Continued(said_of(Text("the quick brown fox")))
    assert joint.feed([Text("the quick brown fox"), END]) == [END]


def test_of_a_fresh_answer_only_what_is_new_goes_out() -> None:
    joint = Repeated(said_of(Thinking("Hm."), Text("the quick")))
    assert joint.feed([Start(), Thinking("Hm."), Break(), Text("the "), Progress()]) == []
    assert joint.feed([Text("quick brown"), Break(), Text(" fox")]) == [Text(" brown"), Break(), Text(" fox")]
    more: list[Event] = [Text("the quick"), END]
    assert joint.feed(more) is more
    exact = Repeated(said_of(Text("the quick")))
    assert exact.feed([Text("the quick"), Thinking("Hm."), END]) == [Thinking("Hm."), END]


@pytest.mark.parametrize(
    ("had", "comes"), [(Thinking("same"), Text("same")), (Text("same"), Thinking("same"))]
)
def test_the_same_words_of_another_kind_are_another_answer(had: Event, comes: Event) -> None:
    with pytest.raises(Differs):
        Repeated(said_of(had)).feed([Start(), comes])
