"""What can be answered without a model, and what that asks of a route that says `answer locally`.

Other requests are none of such a route's: they go on to the next one, as if the condition named these tasks.
"""

from __future__ import annotations

from rules.facts import TASKS
from rules.model_facts import NOWHERE
from rules.nodes import And, Condition, FactName, In, Is, Not, Or, Span, Test, Value

LOCAL_TASKS = ("quota_probe", "model_probe", "title", "suggestion", "prefix", "filepaths")
"""The chores that are answered locally; `engine.local` has an answer for each."""


def answerable(condition: Condition | None, action: Span) -> Condition | None:
    """The condition of a route that answers locally: as written if it names such tasks alone, else with a test more.

    That test has the place of the action, its values have none.
    """
    others = [task for task in TASKS if task not in LOCAL_TASKS]
    if condition is not None and all(_said(condition, task) is False for task in others):
        return condition
    values = tuple(Value(task, "word", NOWHERE) for task in LOCAL_TASKS)
    test = In(FactName("task", None, NOWHERE), values, action)
    if condition is None:
        return test
    items = condition.items if isinstance(condition, And) else (condition,)
    return And((*items, test), condition.span)


def implied(test: Condition | None) -> bool:
    """Whether a test is not written: its action asks for it."""
    return isinstance(test, In) and test.values[0].span == NOWHERE


def _said(condition: Condition, task: str) -> bool | None:
    """What a condition says of requests of a task, whatever else they are; None: that depends on the else."""
    match condition:
        case Not():
            said = _said(condition.item, task)
            return None if said is None else not said
        case And() | Or():
            found = {_said(item, task) for item in condition.items}
            strong = isinstance(condition, Or)
            return strong if strong in found else None if None in found else not strong
        case _:
            return _names(condition, task)


def _names(test: Test, task: str) -> bool | None:
    if test.fact.name != "task" or not isinstance(test, Is | In):
        return None
    values = [test.value] if isinstance(test, Is) else test.values
    return any(one.value == task for one in values)
