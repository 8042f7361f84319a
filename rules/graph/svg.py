"""The picture as SVG that stands alone: no script, no font or style from elsewhere, light and dark.

Lines that leave a card are in its group, so that they light up when the pointer is on it. Every text of the
policy is escaped; control characters, which XML cannot hold, become U+FFFD.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from rules.graph.layout import (
    HEAD,
    LANE,
    LEADING,
    MARGIN,
    PAD,
    SMALL,
    TEXT,
    TITLE,
    Box,
    Layout,
    Placed,
    layout,
    passages,
    width_of,
)
from rules.graph.picture import Picture, Row

STYLE = f"""
.fcc-graph {{
  --ground: #f7f7f5; --card: #ffffff; --box: #efefeb; --edge: #d5d5cf; --ink: #1d1f23; --soft: #64676e;
  --route: #2f6fb3; --chain: #8a4fb0; --model: #2d7d5a; --first: #2f6fb3; --later: #8d9199;
  font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", "Liberation Mono", monospace;
  font-size: {TEXT:g}px; fill: var(--ink);
}}
@media (prefers-color-scheme: dark) {{
  .fcc-graph {{
    --ground: #16181c; --card: #22252b; --box: #1c1f24; --edge: #3a3e46; --ink: #e6e7ea; --soft: #9a9ea8;
    --route: #6cabec; --chain: #c08ae2; --model: #63c199; --first: #6cabec; --later: #6d727d;
  }}
}}
.fcc-graph .ground {{ fill: var(--ground); }}
.fcc-graph .box {{ fill: var(--box); stroke: var(--edge); }}
.fcc-graph .face {{ fill: var(--card); stroke: var(--edge); }}
.fcc-graph .title {{ font-size: {TITLE:g}px; font-weight: 600; }}
.fcc-graph .small {{ font-size: {SMALL:g}px; fill: var(--soft); }}
.fcc-graph .heading {{ font-weight: 600; }}
.fcc-graph .route {{ fill: var(--route); }}
.fcc-graph .chain {{ fill: var(--chain); }}
.fcc-graph .model {{ fill: var(--model); }}
.fcc-graph .requested {{ fill: var(--soft); }}
.fcc-graph .end {{ text-anchor: end; }}
.fcc-graph .line {{ fill: none; stroke: var(--later); stroke-width: 1.1; stroke-dasharray: 4 3; opacity: .75; }}
.fcc-graph .first {{ stroke: var(--first); stroke-width: 1.8; stroke-dasharray: none; opacity: 1; }}
.fcc-graph .card:hover .line {{ stroke: var(--ink); stroke-width: 2; opacity: 1; }}
""".strip()

HEADINGS = ("Routes", "the first that matches takes the request")
CHAINS = ("Chains", "asked from top to bottom")
MODELS = ("Models", "by provider")

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(picture: Picture) -> str:
    """The whole document."""
    made = layout(picture)
    size = f'width="{made.width:.0f}" height="{made.height:.0f}"'
    view = f'viewBox="0 0 {made.width:.0f} {made.height:.0f}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" class="fcc-graph" role="img" {size} {view}>',
            "<title>Routing policy</title>",
            f"<style>\n{STYLE}\n</style>",
            f'<rect class="ground" {size}/>',
            *_headings(made),
            *_boxes(made),
            *(part for column in made.columns for placed in column for part in _card(placed, made)),
            *(part for box in made.boxes for placed in box.cards for part in _card(placed, made)),
            "</svg>\n",
        ]
    )


def _text(x: float, y: float, text: str, kind: str = "") -> str:
    said = escape(_FORBIDDEN.sub("\ufffd", text))
    classed = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{classed} xml:space="preserve">{said}</text>'


def _headings(made: Layout) -> Iterator[str]:
    columns = [
        (column[0].x, HEADINGS if index == 0 else CHAINS)
        for index, column in enumerate(made.columns)
        if column
    ]
    columns += [(made.boxes[0].x, MODELS)] if made.boxes else []
    seen = set()
    for x, (heading, about) in columns:
        if heading not in seen:
            seen.add(heading)
            yield _text(x, MARGIN + 6, heading, "heading")
            yield _text(x, MARGIN + 6 + LEADING, about, "small")


def _boxes(made: Layout) -> Iterator[str]:
    for box in made.boxes:
        if box.provider.name:
            yield _rect(box, "box", 10)
            yield _text(box.x + PAD, box.y + 18, box.provider.name, "heading")
            for index, line in enumerate(box.lines):
                yield _text(box.x + PAD, box.y + 18 + LEADING * (index + 1), line, "small")


def _rect(one: Box | Placed, kind: str, round_: int) -> str:
    where = f'x="{one.x:.1f}" y="{one.y:.1f}" width="{one.width:.1f}" height="{one.height:.1f}"'
    return f'<rect class="{kind}" {where} rx="{round_}"/>'


def _card(placed: Placed, made: Layout) -> Iterator[str]:
    card, x, y = placed.card, placed.x, placed.y
    yield f'<g class="card" data-id={quoteattr(_FORBIDDEN.sub(chr(0xFFFD), card.id))}>'
    for index, row in enumerate(card.rows):
        if row.target is not None:
            yield _line(placed, index, row, made)
    yield _rect(placed, "face", 6)
    stripe = f'x="{x:.1f}" y="{y + 6:.1f}" width="3" height="{placed.height - 12:.1f}"'
    yield f'<rect class="{card.kind}" {stripe} rx="1.5"/>'
    yield _text(x + PAD + 2, y + 18, card.title, f"title {card.kind}")
    if card.badge:
        yield _text(x + placed.width - PAD, y + 18, card.badge, "small end")
    for index, line in enumerate(placed.lines):
        yield _text(x + PAD + 2, y + HEAD + LEADING * index + 8, line, "small")
    for index, row in enumerate(card.rows):
        yield from _row(placed, index, row)
    yield "</g>"


def _row(placed: Placed, index: int, row: Row) -> Iterator[str]:
    """`1  coder  retry 2`; members of a group have no number of their own."""
    x, y = placed.x + PAD + 2, placed.row_y(index) + 4
    if row.order and not row.inner:
        yield _text(x, y, str(row.order), "small")
    left = x + (34 if row.inner else 18 if row.order else 0)
    yield _text(left, y, row.text)
    if row.note:
        yield _text(left + width_of(row.text, TEXT) + 8, y, row.note, "small")


def _line(placed: Placed, index: int, row: Row, made: Layout) -> str:
    """From the right end of a row to the title of the card it points at, between the cards on its way."""
    target = made.cards[row.target or ""]
    x, y = placed.x + placed.width, placed.row_y(index)
    path = f"M{x:.1f} {y:.1f}"
    for left, right, height in passages(made, placed, index, target):
        path += _curve(x, y, left, height) + f"H{right:.1f}"
        x, y = right, height
    path += _curve(x, y, target.x, target.y + HEAD / 2)
    return f'<path class="{"line first" if row.order == 1 else "line"}" d="{path}"/>'


def _curve(x: float, y: float, end_x: float, end_y: float) -> str:
    """Leaves and arrives level."""
    bend = max(LANE / 2, (end_x - x) / 2)
    return f"C{x + bend:.1f} {y:.1f} {end_x - bend:.1f} {end_y:.1f} {end_x:.1f} {end_y:.1f}"
