"""The policy as the page of chains draws it: routes, chains and models, and who asks whom."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.generation import Generation
from engine.picture import candidates
from rules import parser
from rules.graph.picture import Card, Picture, Row, picture
from rules.model_facts import steps

Drawn = dict[str, Any]

_last: list[tuple[Generation, Drawn]] = []
"""What was drawn last, and of which generation."""


def graph(generation: Generation, env: Mapping[str, str]) -> Drawn:
    """`{"routes", "chains", "models"}`. A row's `target` is the id of the card it points at."""
    if not _last or _last[0][0] is not generation:
        _last[:] = [(generation, drawn(generation, env))]
    return _last[0][1]


def drawn(generation: Generation, env: Mapping[str, str]) -> Drawn:
    source = generation.loaded.source
    if source.rules is None:
        return {"generation": generation.id, "routes": [], "chains": [], "models": []}
    document, _ = parser.parse(source.text, *source.rules)
    made = picture(source.text, document)
    return {
        "generation": generation.id,
        "routes": [card(one) for one in made.routes],
        "chains": [_chain(one, generation, env) for layer in made.chains for one in layer],
        "models": models(made, generation),
    }


def models(made: Picture, generation: Generation) -> list[Drawn]:
    """Every model that can be asked, those that only a variable names too, each with what the policy says of it."""
    said = {one.id: (provider, one) for provider in made.providers for one in provider.cards}
    found = []
    for candidate in candidates(generation):
        name = f"model {candidate.id}"
        provider, one = said.get(name, (None, None))
        title = one.title if one is not None else candidate.model
        lines = (*(provider.lines if provider else ()), *(one.lines if one else ()))
        found.append(
            {
                "id": name,
                "target": candidate.id,
                "title": title,
                "badge": one.badge if one is not None else "",
                "lines": [line for line in lines if line != candidate.model],
            }
        )
    order = {name: number for number, name in enumerate(_mentioned(made))}
    found.sort(key=lambda one: order.get(one["id"], len(order)))
    requested = said.get("model requested")
    return [*found, card(requested[1])] if requested is not None else found


def _mentioned(made: Picture) -> dict[str, None]:
    """Ids in the order in which steps name them: a model stands near who asks it, so fewer lines cross."""
    cards = [*(one for layer in made.chains for one in layer), *made.routes]
    return dict.fromkeys(row.target for one in cards for row in one.rows if row.target is not None)


def _chain(one: Card, generation: Generation, env: Mapping[str, str]) -> Drawn:
    """Where a variable that is set decides, the models it names stand in place of those in the file."""
    made = card(one)
    first = one.rows[0].text if one.rows else ""
    if first.startswith("env ") and env.get(first[4:], "").strip():
        plan = generation.policy.chains.get(one.title, ())
        asked = [
            row(Row(single.id, "", f"model {single.id}", number))
            for number, single in enumerate(steps(plan), start=1)
        ]
        made["rows"] = [row(Row(first, "is set: it names the models")), *asked]
    return made


def card(one: Card) -> Drawn:
    return {
        "id": one.id,
        "title": one.title,
        "badge": one.badge,
        "lines": list(one.lines),
        "rows": [row(each) for each in one.rows],
    }


def row(one: Row) -> Drawn:
    return {
        "text": one.text,
        "note": one.note,
        "target": one.target,
        "order": one.order,
        "inner": one.inner,
    }
