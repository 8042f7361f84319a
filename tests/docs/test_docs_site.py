"""The site: every page is in the navigation, and nothing is loaded from elsewhere. The site itself is made by
`mkdocs build --strict`, which the extra `docs` brings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from support.doc_pages import DOCS, PAGES, ROOT

SITE = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))


def named(nav: Any) -> Iterator[str]:
    if isinstance(nav, str):
        yield nav
    elif isinstance(nav, dict):
        for inner in nav.values():
            yield from named(inner)
    else:
        for inner in nav:
            yield from named(inner)


def test_the_navigation_names_every_page_once():
    pages = sorted(str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md"))
    assert sorted(named(SITE["nav"])) == pages


def test_the_recipes_are_listed_in_the_order_of_their_index():
    index = (DOCS / "recipes/index.md").read_text(encoding="utf-8")
    listed = [f"recipes/{name}" for name in re.findall(r"\]\(([\w-]+\.md)\)", index)]
    assert [name for name in named(SITE["nav"]) if name.startswith("recipes/")][1:] == listed


def test_the_pages_load_nothing_from_elsewhere():
    assert SITE["theme"]["font"] is False
    assert not SITE.keys() & {"extra_javascript", "extra_css"}
    assert "social" not in str(SITE["plugins"])
    for name, path in PAGES.items():
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"!\[[^\]]*\]\(https?:|<(img|script|link|iframe)\b|^```mermaid", text, re.M), (
            name
        )


def test_the_site_is_strict_and_leaves_the_scripts_out():
    assert SITE["strict"] is True
    assert {"generate/", "make.py"} <= set(SITE["exclude_docs"].split())


def test_what_makes_the_site_is_an_extra_in_a_pinned_range():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert re.search(r'^docs = \["mkdocs-material>=[\d.]+,<\d+"\]$', text, re.MULTILINE)
