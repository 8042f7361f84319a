"""Recorded requests decided again: which of them would go elsewhere.

A request moves when another route takes it, or when none of the models it was sent to is among those it would be sent
to now. What is known of the past is a route's name and the models that were asked. A route that is gone and another
that would ask the same models are told apart as renamed. Facts without a route only show where they lead.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from typing import Any

from engine.recorded import Decider, Recorded, Records
from rules.model_facts import steps
from rules.outcomes import Case
from rules.policy_types import Policy, UsePlan

EXAMPLES = 3
LOCAL = "local"
"""What the engine calls the target of an answer it makes itself."""
SHOWN = 40
"""Moves that are printed; of more only the number is."""


@dataclass(slots=True)
class _Move:
    old: str | None
    case: Case
    kind: str
    count: int = 0
    examples: list[Recorded] = field(default_factory=list)


def moves(policy: Policy, records: Records) -> dict[str, Any]:
    """`{"requests", "moved", "renamed", "unreadable", "unsaid", "moves"}`, as `fcc replay --format json` prints it.

    Each of `moves` is `{"from", "to", "kind", "count", "share", "examples"}`, the most frequent first. `unsaid` are
    facts that the policy asks about and the records do not hold: they are taken for empty.
    """
    decider = Decider(policy)
    names = {route.name for route in policy.routes}
    found: dict[tuple[str | None, str | None, str], _Move] = {}
    for one in records.requests:
        case = decider.case(one.view)
        kind = _kind(one, case, names)
        move = found.setdefault((one.route, case.name, kind), _Move(one.route, case, kind))
        move.count += 1
        if len(move.examples) < EXAMPLES:
            move.examples.append(one)
    total = len(records.requests)
    listed = sorted(found.values(), key=lambda one: -one.count)
    return {
        "requests": total,
        "moved": sum(one.count for one in listed if one.kind == "moved"),
        "renamed": sum(one.count for one in listed if one.kind == "renamed"),
        "unreadable": records.unreadable,
        "unsaid": decider.unsaid(records.kept) if total else [],
        "moves": [_entry(one, total) for one in listed if one.kind != "same"],
    }


def _kind(one: Recorded, case: Case, names: Set[str]) -> str:
    """`same`, `renamed`, `moved`; or `unknown` when there is no telling where it went."""
    if one.route is None:
        return "unknown"
    before = case.route.name if case.name is not None else ""
    known = set(_targets(case, one.view.model)) or {LOCAL}
    asked = set(one.targets)
    if one.route == before:
        return "same" if asked & known or not asked else "moved"
    return "renamed" if asked and asked <= known and one.route not in names else "moved"


def _targets(case: Case, asked: str) -> Iterator[str]:
    action = case.route.action
    if isinstance(action, UsePlan):
        yield from (step.id if step.provider else asked for step in steps(action.plan))


def _entry(move: _Move, total: int) -> dict[str, Any]:
    return {
        "from": {"route": move.old or None, "targets": _common(move.examples)},
        "to": {
            "route": move.case.name,
            "action": move.case.action,
            "targets": list(dict.fromkeys(_targets(move.case, "requested"))),
        },
        "kind": move.kind,
        "count": move.count,
        "share": round(move.count / total, 4),
        "examples": [
            {"request": one.request or None, "at": one.at or None, "facts": dict(one.facts)}
            for one in move.examples
        ],
    }


def _common(examples: Iterable[Recorded]) -> list[str]:
    """The models that the examples were sent to."""
    return list(dict.fromkeys(target for one in examples for target in one.targets))


def as_text(found: Mapping[str, Any]) -> str:
    """The same for people."""
    rows = [["requests", "share", "from", "to"]]
    for one in found["moves"][:SHOWN]:
        name = one["from"]["route"] or "no route"
        was = f"{name} ({', '.join(one['from']['targets'])})" if one["from"]["targets"] else name
        now = f"{one['to']['route']}: {one['to']['action']}" if one["to"]["route"] else "no route"
        mark = " (only renamed)" if one["kind"] == "renamed" else ""
        was = "not known" if one["kind"] == "unknown" else was
        rows.append([f"{one['count']:,}", f"{one['share']:.1%}", was, now + mark])
    lines = []
    if len(rows) > 1:
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [
            "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in rows
        ]
        if len(found["moves"]) > SHOWN:
            lines.append(f"… and {len(found['moves']) - SHOWN} more")
        lines.append("")
    for fact in found["unsaid"]:
        lines.append(f"the records do not say `{fact}`: it is taken for empty")
    if found["unreadable"]:
        lines.append(f"{found['unreadable']:,} requests could not be read by this version")
    return "\n".join([*lines, f"{found['moved']:,} of {found['requests']:,} requests would move"])
