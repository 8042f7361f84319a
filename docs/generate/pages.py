"""A page of the documentation: its marked parts, its blocks, and what its commands print."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from fcc import cli
from generate import PARTS
from providers.presets import catalogue

PART = re.compile(r"(<!-- made by docs/make\.py: ([\w-]+) -->\n).*?(<!-- /made -->)", re.DOTALL)
BLOCK = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
TITLE = re.compile(r'title="([^"]+)"')
PROMPT = "$ "
KEYS = {name: "set" for preset in catalogue().values() for name in preset.key_variables}
WORLD = {**KEYS, "NO_COLOR": "1", "COLUMNS": "100"}
"""The environment that policies of the pages are read in; what they name as `env:NAME` is set as well."""
NAMED = re.compile(r"\benv:([A-Z][A-Z0-9_]*)")
TOKEN = "a-secret-of-a-page"


@dataclass(frozen=True, slots=True)
class Block:
    language: str
    info: str
    text: str
    line: int
    """Where it begins, counted from one."""

    @property
    def file(self) -> str | None:
        """Name of the file it shows."""
        found = TITLE.search(self.info)
        return found[1] if found else None


def pages(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.md"))


def blocks(text: str) -> Iterator[Block]:
    for found in BLOCK.finditer(text):
        yield Block(found[1], found[2].strip(), found[3], text.count("\n", 0, found.start()) + 1)


def made(text: str) -> str:
    """The page as the code wants it. Raises KeyError for a part that nobody makes."""
    text = PART.sub(lambda part: f"{part[1]}{PARTS[part[2]]()}\n{part[3]}", text)
    with tempfile.TemporaryDirectory(prefix="fcc-docs-") as folder:
        return BLOCK.sub(lambda block: _block(block, Path(folder)), text)


def _block(found: re.Match[str], folder: Path) -> str:
    block = Block(found[1], found[2].strip(), found[3], 0)
    if block.file is not None:
        (folder / block.file).write_text(block.text, encoding="utf-8")
    if block.language != "console":
        return found[0]
    shown = "".join(f"{PROMPT}{line}\n{printed(line, folder)}" for line in commands(block.text))
    return f"```{found[1]}{found[2]}\n{shown}```"


def commands(text: str) -> list[str]:
    return [line.removeprefix(PROMPT) for line in text.splitlines() if line.startswith(PROMPT)]


def printed(line: str, folder: Path) -> str:
    """What an `fcc …` line prints there, on stdout and stderr, without blanks at the ends of lines."""
    program, *words = shlex.split(line)
    if program != "fcc":
        raise ValueError(f"only fcc is run here, not `{line}`")
    out = io.StringIO()
    with (
        contextlib.chdir(folder),
        mock.patch.dict(os.environ, environment(folder), clear=True),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(out),
    ):
        cli.main(words)
    lines = out.getvalue().replace(str(folder.resolve()), "…").splitlines()
    return "".join(f"{one.rstrip()}\n" for one in lines)


def environment(folder: Path) -> Mapping[str, str]:
    """Nothing of the machine's own but the path to programs; its folders are empty ones."""
    places = {f"XDG_{kind}_HOME": str(folder / kind.lower()) for kind in ("CONFIG", "DATA", "STATE")}
    shown = "".join(one.read_text(encoding="utf-8") for one in sorted(folder.glob("*.toml")))
    named = dict.fromkeys(NAMED.findall(shown), TOKEN)
    return {"PATH": os.environ.get("PATH", ""), "HOME": str(folder), **places, **named, **WORLD}
