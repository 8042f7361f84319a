"""What the picture shows, before anything is drawn: cards in columns, and who points at whom.

A card has rows; a row that points at another card is a step of a sequence, in the order in which it is asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal

import msgspec

from rules import nodes
from rules.globs import matches
from rules.names import REQUESTED, Names, statements_of
from rules.nodes import Document, Span

Kind = Literal["route", "chain", "model", "requested"]

_BLANKS = re.compile(r'"(?:[^"\\\n]|\\[^\n])*"|(?:#[^\n]*|\s)+')


class Row(msgspec.Struct, frozen=True):
    """A line of a card."""

    text: str
    note: str = ""
    """Options, in small print."""
    target: str | None = None
    """Id of the card it points at."""
    order: int = 0
    """1 for what is asked first; members of a group share their number."""
    inner: bool = False
    """A member of the group in the row above."""


class Card(msgspec.Struct, frozen=True):
    id: str
    kind: Kind
    title: str
    lines: tuple[str, ...] = ()
    """Small print below the title: a condition, a model's id, limits and health."""
    rows: tuple[Row, ...] = ()
    badge: str = ""


class Provider(msgspec.Struct, frozen=True):
    """The models of one provider, and what holds for all of them."""

    name: str
    lines: tuple[str, ...]
    cards: tuple[Card, ...]


class Picture(msgspec.Struct, frozen=True):
    routes: tuple[Card, ...]
    chains: tuple[tuple[Card, ...], ...]
    """In layers: a chain stands behind those that use it."""
    providers: tuple[Provider, ...]


def picture(text: str, document: Document) -> Picture:
    """The picture of a document whose names are known; `text` is the file its spans cut."""
    return _Painter(text, document).picture()


class _Painter:
    def __init__(self, text: str, document: Document) -> None:
        self.text = text
        self.document = document
        self.names = Names(document, {})
        self.models: dict[str, None] = {}
        """The models that are pointed at, in the order they are met."""
        self.rules = [(kind, statements_of(document, kind)) for kind in (nodes.Health, nodes.Limit)]
        self.labels: dict[str, str] = {}
        """How what is offered is marked: by its label in the client's model picker, if it has one."""
        for offer in statements_of(document, nodes.Offer):
            for thing in offer.things:
                label = f"offered as {offer.label}" if offer.label else "offered"
                self.labels.setdefault(thing.text, label)

    def picture(self) -> Picture:
        routes = tuple(
            self._route(number, route)
            for number, route in enumerate(statements_of(self.document, nodes.Route), start=1)
        )
        layers = tuple(tuple(self._chain(name) for name in layer) for layer in self._layers())
        for offer in statements_of(self.document, nodes.Offer):
            for thing in offer.things:
                self._target(thing.text)
        return Picture(routes, layers, tuple(self._providers()))

    def _route(self, number: int, route: nodes.Route) -> Card:
        lines = (f"when {self.cut(route.condition.span)}",) if route.condition is not None else ()
        if isinstance(route.action, nodes.Use):
            rows = tuple(self._rows(route.action.sequence))
        else:
            rows = (Row(self.cut(route.action.span)),)
        return Card(f"route {route.name.text}", "route", route.name.text, lines, rows, str(number))

    def _chain(self, name: str) -> Card:
        rows = tuple(self._rows(self.names.chains[name].sequence))
        return Card(f"chain {name}", "chain", name, (), rows, self._offered(name))

    def _layers(self) -> list[list[str]]:
        """Each chain one layer behind the last chain that uses it."""
        depth: dict[str, int] = dict.fromkeys(self.names.chains, 0)
        for name in reversed(self.names.order):
            for used in self.names.uses(name):
                depth[used] = max(depth[used], depth[name] + 1)
        layers: list[list[str]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
        for name, layer in depth.items():
            layers[layer].append(name)
        return layers

    # --- sequences -------------------------------------------------------------------------------------------

    def _rows(self, sequence: nodes.Sequence) -> Iterator[Row]:
        if sequence.variable is not None:
            yield Row(f"env {sequence.variable.text}", "when it is set; else")
        for number, step in enumerate(sequence.steps, start=1):
            note = ", ".join(self.cut(place) for _, place in step.options.spans)
            if isinstance(step.target, nodes.Ref):
                yield Row(step.target.text, note, self._target(step.target.text), number)
                continue
            yield Row(step.target.kind, note, None, number)
            for member in step.target.members:
                yield Row(member.ref.text, _share(member), self._target(member.ref.text), number, inner=True)

    def _target(self, text: str) -> str:
        if text in self.names.chains:
            return f"chain {text}"
        model = REQUESTED if text == REQUESTED else self.names.model(text) or text
        self.models.setdefault(model)
        return f"model {model}"

    # --- models ----------------------------------------------------------------------------------------------

    def _providers(self) -> Iterator[Provider]:
        """Limits and health that hold for every model of a provider stand once, at the provider."""
        by_provider: dict[str, list[str]] = {}
        for model in self.models:
            by_provider.setdefault("" if model == REQUESTED else model.partition("/")[0], []).append(model)
        aliases = self._aliases()
        for provider, models in by_provider.items():
            said = {model: self._rules_for(model) for model in models}
            shared = [line for line in said[models[0]] if all(line in said[model] for model in models)]
            shared = shared if provider else []
            cards = tuple(
                self._model(model, aliases.get(model, []), [one for one in said[model] if one not in shared])
                for model in models
            )
            yield Provider(provider, tuple(shared), cards)

    def _aliases(self) -> Mapping[str, list[str]]:
        found: dict[str, list[str]] = {}
        for name in self.names.aliases:
            found.setdefault(self.names.model(name) or "", []).append(name)
        return found

    def _model(self, model: str, aliases: Sequence[str], lines: Iterable[str]) -> Card:
        if model == REQUESTED:
            return Card(f"model {model}", "requested", model, ("the model the client named",))
        name = model.partition("/")[2]
        titles = ", ".join(aliases) or name
        badge = next((badge for one in (*aliases, model) if (badge := self._offered(one))), "")
        return Card(f"model {model}", "model", titles, (*([name] if aliases else []), *lines), (), badge)

    def _rules_for(self, model: str) -> list[str]:
        """The first `health` and the first `limit` that match the model: those hold."""
        if model == REQUESTED:
            return []
        found = []
        for kind, statements in self.rules:
            for statement in statements:
                if matches(statement.glob.text, model):
                    said = self.cut(Span(statement.glob.span.end, statement.span.end))
                    found.append(f"{kind.__name__.lower()} {said}")
                    break
        return found

    def _offered(self, name: str) -> str:
        return self.labels.get(name, "")

    def cut(self, span: Span) -> str:
        """A part of the file on one line, remarks left out."""

        def one(found: re.Match[str]) -> str:
            return found[0] if found[0].startswith('"') else " "

        return _BLANKS.sub(one, self.text[span.start : span.end]).strip()


def _share(member: nodes.Member) -> str:
    if member.weight is not None:
        return f"{member.weight:g}%"
    return f"after {member.after:g}s" if member.after is not None else ""
