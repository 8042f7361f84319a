"""A condition with one of its parts left out: every way to do so, the larger parts first, from the end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec
from msgspec.structs import replace

from rules.local import implied
from rules.nodes import And, Condition, In, Not, Or, Span


class Variant(msgspec.Struct, frozen=True):
    left_out: Span
    what: Literal["test", "value", "condition"]
    condition: Condition | None
    """What is left; None: no condition at all."""
    wider: bool
    """Whether it holds for more requests than before, or else for fewer; never for others."""


def variants(condition: Condition) -> Iterator[Variant]:
    """Every part that could go. A condition of a single test may go as a whole."""
    if not isinstance(condition, And | Or) and not implied(condition):
        yield Variant(condition.span, "condition", None, wider=True)
    yield from _inside(condition, positive=True)


def _inside(condition: Condition, positive: bool) -> Iterator[Variant]:
    match condition:
        case Not():
            for one in _inside(condition.item, not positive):
                if one.condition is not None:
                    yield replace(one, condition=replace(condition, item=one.condition))
        case And() | Or():
            wider = isinstance(condition, And) is positive
            for number in reversed(range(len(condition.items))):
                item = condition.items[number]
                if implied(item):
                    continue
                rest = condition.items[:number] + condition.items[number + 1 :]
                left = rest[0] if len(rest) == 1 else replace(condition, items=rest)
                yield Variant(item.span, "test", left, wider)
                for one in _inside(item, positive):
                    if one.condition is not None:
                        items = (*condition.items[:number], one.condition, *condition.items[number + 1 :])
                        yield replace(one, condition=replace(condition, items=items))
        case In() if len(condition.values) > 1 and not implied(condition):
            for number in reversed(range(len(condition.values))):
                value = condition.values[number]
                rest_values = condition.values[:number] + condition.values[number + 1 :]
                left = replace(condition, values=rest_values)
                yield Variant(value.span, "value", left, wider=not positive)
