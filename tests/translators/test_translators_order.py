"""The table of legal steps: every way through it ends, and nothing else is a way."""

from __future__ import annotations

import pytest

from translators.order import ORDER, OutOfOrder, State, after, diagram


def test_every_state_is_reached_and_has_an_end():
    reached: set[State] = {"new"}
    todo: list[State] = ["new"]
    while todo:
        for following in ORDER[todo.pop()].values():
            if following not in reached:
                reached.add(following)
                todo.append(following)
    assert reached == set(ORDER)
    assert [state for state, steps in ORDER.items() if not steps] == ["done", "broken"]


@pytest.mark.parametrize(
    ("state", "step"),
    [
        ("new", "start text"),
        ("between", "message_start"),
        ("between", "text_delta"),
        ("between", "message_stop"),
        ("text", "start text"),
        ("text", "thinking_delta"),
        ("text", "message_delta"),
        ("thinking", "content_block_stop"),
        ("signed", "thinking_delta"),
        ("signed", "signature_delta"),
        ("tool", "text_delta"),
        ("whole", "text_delta"),
        ("closing", "message_delta"),
        ("closing", "error"),
        ("done", "error"),
        ("broken", "error"),
    ],
)
def test_illegal_steps(state, step):
    with pytest.raises(OutOfOrder, match=f"{step} in state {state}"):
        after(state, step)


def test_the_diagram_has_every_arrow():
    lines = diagram().splitlines()
    assert lines[0] == "stateDiagram-v2"
    for state, steps in ORDER.items():
        for step, following in steps.items():
            assert f"    {state} --> {following}: {step}" in lines
    assert sum("-->" in line for line in lines) == 3 + sum(map(len, ORDER.values()))
