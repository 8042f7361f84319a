"""The picture holds every step, nothing overlaps, and no name breaks out of its text."""

from __future__ import annotations

import re
from itertools import combinations
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings

from rules import parser
from rules.graph import FORMATS
from rules.graph.layout import layout
from rules.graph.mermaid import quoted
from rules.graph.picture import Card, Picture, picture
from rules.names import statements_of
from support.policies import policies

SVG = "{http://www.w3.org/2000/svg}"
POLICY = """
alias a = zen/x
limit zen/x 5 per minute   # of all
limit zen/* 9 per minute
health * 3 failures in 30s, rest 30s
chain top = env ORDER else low start within 10s then race (a, nvidia_nim/y after 2s) on timeout, retry 2
chain low = split (90% a, 10% zen/z)
offer top as "Auto"
offer a
route small when model is "*haiku*" and  # cheap
  tokens < 1k use low
route no when images > 0 refuse 429 "no images"
route typed use requested then top
"""


def drawn(rules: str) -> Picture:
    document, findings = parser.parse(rules)
    assert findings == []
    return picture(rules, document)


def cards(made: Picture) -> dict[str, Card]:
    layers = [card for layer in made.chains for card in layer]
    models = [card for provider in made.providers for card in provider.cards]
    return {card.id: card for card in (*made.routes, *layers, *models)}


def test_routes_in_their_order_with_condition_and_action():
    small, no, typed = drawn(POLICY).routes
    assert (small.title, small.badge, small.lines) == (
        "small",
        "1",
        ('when model is "*haiku*" and tokens < 1k',),
    )
    assert [row.target for row in small.rows] == ["chain low"]
    assert [row.text for row in no.rows] == ['refuse 429 "no images"']
    assert [(row.order, row.target) for row in typed.rows] == [(1, "model requested"), (2, "chain top")]


def test_chains_with_groups_and_options_behind_those_that_use_them():
    (top,), (low,) = drawn(POLICY).chains
    assert top.badge == "offered as Auto"
    assert [(row.order, row.text, row.note, row.target) for row in top.rows] == [
        (0, "env ORDER", "when it is set; else", None),
        (1, "low", "start within 10s, retry 2", "chain low"),
        (2, "race", "on timeout, retry 2", None),
        (2, "a", "", "model zen/x"),
        (2, "nvidia_nim/y", "after 2s", "model nvidia_nim/y"),
    ]
    assert [(row.text, row.note, row.inner) for row in low.rows[1:]] == [
        ("a", "90%", True),
        ("zen/z", "10%", True),
    ]


def test_models_by_provider_with_the_first_limit_and_health_that_match():
    providers = {one.name: one for one in drawn(POLICY).providers}
    zen = providers["zen"]
    assert zen.lines == ("health 3 failures in 30s, rest 30s",)
    x, z = zen.cards
    assert (x.title, x.lines, x.badge) == ("a", ("x", "limit 5 per minute"), "offered")
    assert (z.title, z.lines, z.badge) == ("z", ("limit 9 per minute",), "")
    assert providers["nvidia_nim"].lines == ("health 3 failures in 30s, rest 30s",)
    assert providers[""].cards[0].kind == "requested"


@settings(deadline=None, max_examples=30)
@given(policies())
def test_cards_do_not_overlap_and_every_step_has_its_line(text):
    document, _ = parser.parse(text, text.index("'''") + 3, text.rindex("'''"))
    made = picture(text, document)
    placed = layout(made)
    found = cards(made)
    assert placed.cards.keys() == found.keys()
    for one, other in combinations(placed.cards.values(), 2):
        apart_x = one.x + one.width <= other.x or other.x + other.width <= one.x
        assert apart_x or one.y + one.height <= other.y or other.y + other.height <= one.y
    for one in placed.cards.values():
        assert 0 <= one.x <= one.x + one.width <= placed.width
        assert 0 <= one.y <= one.y + one.height <= placed.height
    steps = sum(row.target is not None for card in found.values() for row in card.rows)
    root = ElementTree.fromstring(FORMATS["svg"](made))
    assert len(root.findall(f".//{SVG}path")) == steps
    assert len(re.findall(r"(?:-->|-\.->)\|", FORMATS["mermaid"](made))) == steps


@pytest.mark.parametrize(
    "name", ["</text><script>alert(1)</script>", "a & b", "]]>", "<!--", "\x1b[0m\x00", "é日本"]
)
def test_hostile_names_stay_texts(name):
    rules = f'route rest when model is "{name}" use "p/{name}"\n'
    made = drawn(rules)
    root = ElementTree.fromstring(FORMATS["svg"](made))
    assert {element.tag for element in root.iter()} <= {
        SVG + tag for tag in ("svg", "title", "style", "rect", "text", "g", "path")
    }
    shown = "".join(root.itertext())
    assert re.sub("[\x00-\x1f]", "\ufffd", f"{name}") in shown
    line = FORMATS["mermaid"](made).splitlines()[1]
    assert re.fullmatch(r'  n0\["[^"<>`&]*(<br/>[^"<>`&]*)*"\]', line)


def test_mermaid_text_is_written_by_code_points():
    assert quoted('a "b" #1 <é>') == "a #34;b#34; #35;1 #60;#233;#62;"


def test_nothing_comes_from_elsewhere_and_dark_is_served():
    text = FORMATS["svg"](drawn(POLICY))
    assert re.findall(r"https?://[^\"]*|url\(|@import|<script|<image|href", text) == [
        "http://www.w3.org/2000/svg"
    ]
    assert "prefers-color-scheme: dark" in text


def test_a_picture_of_nothing():
    assert ElementTree.fromstring(FORMATS["svg"](drawn(""))).tag == SVG + "svg"
    assert FORMATS["mermaid"](drawn("")) == "flowchart LR\n"


def test_the_statements_are_walked_once_and_not_for_each_model(monkeypatch):
    calls = []
    monkeypatch.setattr(
        "rules.graph.picture.statements_of", lambda *words: calls.append(1) or statements_of(*words)
    )
    made = drawn("\n".join(f'route r{n} when model is "m{n}" use zen/m{n}' for n in range(50)))
    assert len(made.routes) == 50
    assert len(calls) < 10
