"""The picture as a Mermaid flowchart, which code forges draw in Markdown. Syntax: mermaid.js.org/syntax/flowchart.html.

Names and texts stand in quotes with every sign that Mermaid or HTML could read written as its code point.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from rules.graph.picture import Card, Picture, Provider, Row

SHAPES = {"route": ('["', '"]'), "chain": ('[["', '"]]'), "model": ('("', '")'), "requested": ('(["', '"])')}

_PLAIN = re.compile(r"[^A-Za-z0-9 .,:()/*?_=+-]")


def render(picture: Picture) -> str:
    """`flowchart LR`, ended by a line feed."""
    cards = [*picture.routes, *(card for layer in picture.chains for card in layer)]
    models = [card for provider in picture.providers for card in provider.cards]
    ids = {card.id: f"n{number}" for number, card in enumerate([*cards, *models])}
    lines = ["flowchart LR"]
    lines += [f"  {_node(card, ids)}" for card in cards]
    for number, provider in enumerate(picture.providers):
        lines += _provider(provider, f"p{number}", ids)
    for card in cards:
        lines += [f"  {line}" for line in _lines(card, ids)]
    return "\n".join(lines) + "\n"


def _node(card: Card, ids: Mapping[str, str]) -> str:
    opening, closing = SHAPES[card.kind]
    title = f"{card.badge}. {card.title}" if card.kind == "route" else card.title
    said = [title, *card.lines, *(row.text for row in card.rows if not row.order)]
    said += [card.badge] if card.badge and card.kind != "route" else []
    return f"{ids[card.id]}{opening}{'<br/>'.join(map(quoted, said))}{closing}"


def _provider(provider: Provider, name: str, ids: Mapping[str, str]) -> Iterator[str]:
    indent = "    " if provider.name else "  "
    if provider.name:
        title = "<br/>".join(map(quoted, (provider.name, *provider.lines)))
        yield f'  subgraph {name}["{title}"]'
    for card in provider.cards:
        yield f"{indent}{_node(card, ids)}"
    if provider.name:
        yield "  end"


def _lines(card: Card, ids: Mapping[str, str]) -> Iterator[str]:
    group = Row("")
    for row in card.rows:
        group = group if row.inner else row
        if row.target is None:
            continue
        said = [
            str(row.order),
            *([group.text] if row.inner else []),
            group.note if row.inner else "",
            row.note,
        ]
        arrow = "-->" if row.order == 1 else "-.->"
        yield f'{ids[card.id]} {arrow}|"{quoted(" ".join(filter(None, said)))}"| {ids[row.target]}'


def quoted(text: str) -> str:
    """The text for inside of quotes: `#35;` for a number sign, and so on."""
    return _PLAIN.sub(lambda found: f"#{ord(found[0])};", text)
