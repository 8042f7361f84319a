"""The JSON that the page of commands shows has the shape that the commands print."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from fcc import cli
from support.doc_pages import DOCS, WORLD

POLICY = """rules = '''
alias a = gemini/gemini-2.5-flash
alias b = nvidia_nim/z-ai/glm4.7
chain coding = a then b
offer coding
route small when model is "*haiku*" or tokens > 120k use a
route rest use coding
expect rest given model "claude-opus-4-7" to try b
'''
"""
DEAD = "route dead when tokens > 1M use a\nexpect"
SECTION = (DOCS / "commands.md").read_text(encoding="utf-8").partition("## JSON")[2].partition("\n## ")[0]
SHOWN = {
    name: json.loads(example)
    for name, example in re.findall(
        r"`fcc (\w+)`[^`]*(?:`[^`]*`[^`]*)*?```json\n(.*?)```", SECTION, re.DOTALL
    )
}


MORE = {
    "plan": ("routes.toml", "routes.toml"),
    "replay": ("--against", "routes.toml", "--records", "facts.jsonl"),
}
"""Words that a command cannot do without."""


def shape(value: Any) -> Any:
    """Names of an object, and what is behind them; of a list what its first member is."""
    if isinstance(value, dict):
        return {name: shape(one) for name, one in value.items()}
    return [shape(value[0])] if isinstance(value, list) and value else type(value).__name__


def agrees(shown: Any, printed: Any) -> bool:
    """What may be null or empty agrees with anything; maps by names of the user's own with any map."""
    if "NoneType" in (shown, printed) or "list" in (shown, printed):
        return True
    if isinstance(shown, dict) and isinstance(printed, dict):
        if not shown or not printed or shown.keys() <= {"model", "tokens"}:
            return True
        return shown.keys() == printed.keys() and all(agrees(shown[one], printed[one]) for one in shown)
    if isinstance(shown, list) and isinstance(printed, list):
        return agrees(shown[0], printed[0])
    return shown == printed


@pytest.mark.parametrize("command", SHOWN)
def test_what_is_shown_is_what_is_printed(command, tmp_path, monkeypatch, capsys):
    for name, value in {**WORLD, "HOME": str(tmp_path), "FCC_CONFIG": str(tmp_path / "routes.toml")}.items():
        monkeypatch.setenv(name, value)
    text = POLICY.replace("expect", DEAD) if command == "lint" else POLICY
    (tmp_path / "routes.toml").write_text(text)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "facts.jsonl").write_text('{"model": "claude-opus-4-7"}\n')
    cli.main([command, *MORE.get(command, ()), "--format", "json"])
    printed = shape(json.loads(capsys.readouterr().out))
    assert agrees(shape(SHOWN[command]), printed), printed


def test_the_comparison_sees_a_missing_name():
    assert not agrees(shape({"a": 1, "b": 2}), shape({"a": 1}))
    assert not agrees(shape({"a": [{"c": 1}]}), shape({"a": [{"d": 1}]}))
    assert agrees(shape({"a": None, "b": []}), shape({"a": 1, "b": ["x"]}))


def test_every_shape_is_read():
    assert set(SHOWN) >= {"lint", "test", "explain", "show", "models"}
