"""`fcc serve` without Typer: what is read by hand, what is left to Typer, and what a start must not load."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fcc.cli import serve


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What `serve` is called with."""
    calls: list[dict[str, Any]] = []

    def instead(**options: Any) -> int:
        calls.append(options)
        return 7

    monkeypatch.setattr(serve, "serve", instead)
    return calls


@pytest.mark.parametrize(
    ("words", "options"),
    [
        ([], {}),
        (["--port", "0"], {"port": 0}),
        (["--port", "65535", "--host", "::1"], {"port": 65535, "host": "::1"}),
        (
            ["--config", "a b.toml", "--log", "json"],
            {"config": Path("a b.toml"), "log": serve.LogFormat.json},
        ),
    ],
)
def test_the_usual_call_is_read_by_hand(
    words: list[str], options: dict[str, Any], served: list[dict[str, Any]]
) -> None:
    assert serve.quick(words) == 7
    assert served == [options]


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["routes.toml"],
        ["--port"],
        ["--port", "-1"],
        ["--port", "65536"],
        ["--port", "many"],
        ["--port=0"],
        ["--port", "1", "--port", "2"],
        ["--log", "xml"],
        ["--config", "--quiet"],
        ["--workers", "2"],
        ["--prot", "1"],
    ],
)
def test_all_else_is_left_to_typer(words: list[str], served: list[dict[str, Any]]) -> None:
    assert serve.quick(words) is None
    assert served == []


def test_a_start_loads_nothing_that_only_commands_and_pages_need() -> None:
    """Each of them takes a tenth of the time to the first answer or more."""
    code = (
        "import sys, fcc.cli.serve, fcc.server, fcc.launch, engine.generation\n"
        "heavy = ('typer', 'pydantic', 'fastapi', 'jinja2', 'rich', 'httpx', 'redis', 'prometheus_client')\n"
        "print(*(name for name in heavy if name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
