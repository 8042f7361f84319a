"""Walks over a document: its sequences, its references to models and chains, the tests of its conditions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from rules.names import sequence_refs
from rules.nodes import (
    Alias,
    And,
    Chain,
    Condition,
    Document,
    Expect,
    FactName,
    Group,
    Not,
    Offer,
    Or,
    Ref,
    Route,
    Sequence,
    Test,
    Use,
)

Role = Literal["alias", "offer", "step", "world", "target"]
"""Where a reference stands: what an alias stands for, what is offered, asked, simulated, or expected."""


def sequences(document: Document) -> Iterator[Sequence]:
    """Every sequence, of chains and routes, in file order."""
    for statement in document.statements:
        if isinstance(statement, Chain):
            yield statement.sequence
        elif isinstance(statement, Route) and isinstance(statement.action, Use):
            yield statement.action.sequence


def groups(document: Document) -> Iterator[Group]:
    for sequence in sequences(document):
        yield from (step.target for step in sequence.steps if isinstance(step.target, Group))


def references(document: Document) -> Iterator[tuple[Ref, Role]]:
    """Every place where a model, an alias or a chain is named, in file order."""
    for statement in document.statements:
        match statement:
            case Alias():
                yield statement.model, "alias"
            case Chain():
                yield from ((ref, "step") for ref in sequence_refs(statement.sequence))
            case Route(action=Use(sequence=sequence)):
                yield from ((ref, "step") for ref in sequence_refs(sequence))
            case Offer():
                yield from ((ref, "offer") for ref in statement.things)
            case Expect():
                yield from ((world.ref, "world") for world in statement.worlds)
                yield from ((ref, "target") for ref in statement.targets or ())


def tests(condition: Condition | None) -> Iterator[Test]:
    """The single tests of a condition, left to right."""
    match condition:
        case None:
            return
        case Not():
            yield from tests(condition.item)
        case And() | Or():
            for item in condition.items:
                yield from tests(item)
        case _:
            yield condition


def all_tests(document: Document) -> Iterator[Test]:
    for statement in document.statements:
        if isinstance(statement, Route):
            yield from tests(statement.condition)


def facts(document: Document) -> Iterator[FactName]:
    """Every fact that is named, in conditions and in what is given to an `expect`."""
    for statement in document.statements:
        if isinstance(statement, Route):
            yield from (test.fact for test in tests(statement.condition))
        elif isinstance(statement, Expect):
            yield from (given.fact for given in statement.given)
