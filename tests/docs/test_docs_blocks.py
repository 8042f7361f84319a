"""Every snippet of the pages is what it says: policies are clean, fragments can be read, commands exist."""

from __future__ import annotations

import json
import re
import shlex

import pytest

from fcc import cli
from generate.pages import Block, commands
from generate.signatures import options
from providers.presets import catalogue
from rules.expectations import Expectations
from rules.policy import load
from support.doc_pages import DOCS, PAGES, TOKEN, WORLD, WRONG, blocks_of, findings, wrapped

GENERATED = ("docs/errors.md",)
"""Its examples are run by the tests of the rules."""
TOML = blocks_of("toml", but=GENERATED)
WHOLE = [one for one in TOML if "rules = " in one[1].text and one[1].file not in WRONG]
FRAGMENTS = [one for one in TOML if "rules = " not in one[1].text] + blocks_of("routes")
SHELL = blocks_of("sh", "console")
RECIPES = sorted(path for path in (DOCS / "recipes").glob("*.md") if path.name != "index.md")


def named(found):
    return pytest.mark.parametrize(("place", "block"), found, ids=[place for place, _ in found])


@named(WHOLE)
def test_a_whole_policy_is_clean(place, block):
    assert findings(block.text) == []


@named(FRAGMENTS)
def test_a_fragment_has_no_error(place, block):
    assert [one.message for one in findings(wrapped(block)) if one.severity == "error"] == []


@named([one for one in TOML if one[1].file in WRONG])
def test_what_is_shown_as_wrong_is_wrong(place, block):
    loaded = load(block.text.encode(), path="routes.toml", env=WORLD, catalogue=catalogue())
    assert [one for one in loaded.diagnostics if one.severity != "note"]


@named(blocks_of("json"))
def test_json_can_be_read(place, block):
    assert json.loads(block.text)


@named(SHELL)
def test_commands_and_flags_exist(place, block):
    for words in calls(block):
        assert words[0] in (*cli.COMMANDS, "--version", "--help"), words
        if words[0] in cli.COMMANDS and words[0] != "code":
            known = {name for one in options(cli.load(words[0])) for name in one.names} | {"--help"}
            assert {
                word.partition("=")[0] for word in words if word.startswith("-") and len(word) > 1
            } <= known


def calls(block: Block) -> list[list[str]]:
    """The words behind every `fcc` that begins a command of the block."""
    text = "\n".join(commands(block.text)) if block.language == "console" else block.text
    found = re.findall(r"(?:^|[\s/])fcc ((?:[a-z]+|--\w+)[^\n#|;&]*)", text, re.MULTILINE)
    return [shlex.split(one) for one in found if not one.startswith(("listening", "token"))]


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_a_recipe_passes_its_own_tests(path):
    (block,) = [one for place, one in WHOLE if place.startswith(f"docs/recipes/{path.name}:")]
    env = {**dict.fromkeys(re.findall(r"env:(\w+)", block.text), TOKEN), **WORLD}
    policy = load(block.text.encode(), path="routes.toml", env=env, catalogue=catalogue()).policy
    assert policy is not None
    expectations = Expectations(policy, catalogue())
    results = expectations.results()
    assert [expectations.problem(one) for one in results if not one.holds] == []
    assert [one.name for one in expectations.unreached(results)] == []
    assert len(results) >= 2


def test_there_are_ten_recipes_and_an_index_that_names_them():
    assert len(RECIPES) >= 10
    index = (DOCS / "recipes/index.md").read_text(encoding="utf-8")
    assert set(re.findall(r"\]\(([\w-]+\.md)\)", index)) == {path.name for path in RECIPES}


def anchors(text: str) -> set[str]:
    """Of headings, as GitHub and MkDocs make them."""
    heads = re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE), re.M)
    return {
        re.sub(r"-+", "-", re.sub(r"[^\w\s-]", "", one.lower()).strip().replace(" ", "-")) for one in heads
    }


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere(name):
    path = PAGES[name]
    text = path.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"```.*?```", "", text, flags=re.DOTALL)):
        if "://" in target:
            continue
        file, _, anchor = target.partition("#")
        there = (path.parent / file).resolve() if file else path
        assert there.exists(), target
        if anchor:
            assert anchor in anchors(there.read_text(encoding="utf-8")), target
