"""Nothing is undocumented: commands, flags, codes, keys, facts, metrics, variables and addresses are on their page."""

from __future__ import annotations

import ast
import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args, get_origin

import pytest

from fcc import cli
from fcc.metrics import metrics_table
from generate.commands import HOT, routes
from generate.failures import meanings
from generate.language import TASKS_MEAN
from generate.signatures import options
from providers.failures import OUTCOMES
from providers.presets import catalogue
from rules.facts import FACTS, TASKS
from rules.keywords import MEANINGS
from rules.lint.registry import codes
from rules.settings import Settings
from rules.settings_reader import hints
from support.doc_pages import DOCS, ROOT, blocks_of

ROOMS = ("engine", "fcc", "providers", "rules", "translators")
SHOUTED = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+")
FOREIGN = ("providers/meanings.py", "providers/classify.py", "translators", "rules", "fcc/migrate")
"""Here words in capitals are other people's error codes, finish reasons and variables, or terminals of the grammar."""


def page(name: str) -> str:
    return (DOCS / f"{name}.md").read_text(encoding="utf-8")


def test_every_command_and_flag():
    text = page("commands")
    for name in cli.COMMANDS:
        _, found, section = text.partition(f"### `fcc {name}`\n")
        assert found, name
        section = section.partition("\n### ")[0]
        for one in options(cli.load(name)):
            assert one.doc, f"fcc {name} {one.typed} has no help"
            assert f"| `{one.typed}`".replace("|", "\\|")[1:] in section, one.typed


def test_every_command_has_an_example_in_its_help():
    for name in cli.COMMANDS:
        assert "Example: fcc " in (cli.load(name).__doc__ or ""), name


def test_every_command_that_prints_json_has_its_shape_on_the_page():
    text = page("commands").partition("## JSON")[2].partition("\n## ")[0]
    for name in cli.COMMANDS:
        formats = [one for one in options(cli.load(name)) if "--format" in one.names and "json" in one.typed]
        assert not formats or f"`fcc {name}`" in text, name


def test_every_lint_code():
    text = page("errors")
    for code in codes().values():
        assert f"### {code.code}: {code.name}\n" in text
        assert f"[{code.code}](#{code.code.lower()}-{code.name})" in text


def test_every_settings_key():
    text = page("language")
    for table, hint in hints(Settings).items():
        kind = get_args(hint)[1] if get_origin(hint) is not None else hint
        section = text.partition(f"#### `[{table}")[2].partition("\n####")[0]
        for field in dataclasses.fields(kind):
            assert f"| `{field.name}` |" in section, f"[{table}] {field.name}"


def test_every_fact_task_failure_and_word():
    text = page("language")
    for fact in FACTS.values():
        assert f"| `{'header.NAME' if fact.kind == 'header' else fact.name}` | {fact.kind} |" in text
    assert set(TASKS_MEAN) == set(TASKS)
    assert set(meanings()) == set(OUTCOMES)
    for word in [*TASKS, *OUTCOMES, *MEANINGS]:
        assert f"| `{word}` |" in text, word


def test_every_fact_is_a_flag_of_explain():
    flags = {name for one in options(cli.load("explain")) for name in one.names}
    assert {f"--{name.replace('_', '-')}" for name in FACTS} <= flags


def test_every_metric():
    for name, *_ in metrics_table():
        assert f"| `{name}` |" in page("commands"), name


def test_every_address():
    found = routes()
    for path, _, doc in found:
        assert f"| `{path}` |" in page("commands"), path
        assert doc.endswith("."), path
    assert set(HOT) <= {path for path, _, _ in found}


def test_every_preset_and_its_key():
    for preset in catalogue().values():
        (row,) = [line for line in page("providers").splitlines() if line.startswith(f"| `{preset.name}` |")]
        assert preset.base_url in row
        for variable in preset.key_variables:
            assert f"`{variable}`" in row


def test_every_environment_variable():
    text = page("commands")
    found = {name for path in sources() for name in variables(path)}
    assert {"ANTHROPIC_AUTH_TOKEN", "FCC_CONFIG", "PORT", "NO_COLOR"} <= found
    keys = {name for preset in catalogue().values() for name in preset.key_variables}
    assert {name for name in found - keys if f"`{name}`" not in text} == set()


def sources() -> Iterator[Path]:
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            if not str(path.relative_to(ROOT)).startswith(FOREIGN):
                yield path


def variables(path: Path) -> Iterator[str]:
    """Texts that look like a variable, and what an environment is asked for."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SHOUTED.fullmatch(node.value):
            yield node.value
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get":
            asked = node.args[0] if node.args else None
            if "env" in ast.unparse(node.func.value) and isinstance(asked, ast.Constant):
                yield str(asked.value)


def test_a_page_of_every_language_is_read():
    """The conventions of the blocks are in use: none of the tests of blocks runs over nothing."""
    for language in ("toml", "routes", "console", "sh", "json"):
        assert blocks_of(language), language


def test_the_readme_names_every_command():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert {name for name in cli.COMMANDS if f"`fcc {name}`" not in text} == set()


@pytest.mark.parametrize("room", ["rules", "translators"])
def test_what_is_called_pure_never_waits(room):
    """As ARCHITECTURE.md says of the two rooms at the bottom."""
    for path in (ROOT / room).rglob("*.py"):
        kinds = {type(node) for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))}
        assert not kinds & {ast.AsyncFunctionDef, ast.Await, ast.AsyncFor, ast.AsyncWith}, path


def test_the_changelog_and_the_architecture_are_short():
    assert len((ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").splitlines()) <= 70
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 90
