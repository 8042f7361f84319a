"""The pages of the documentation and their blocks, as the tests read them.

Conventions: a `toml` block with a `title` is a whole file and clean, unless the name says that something is wrong with
it; a `toml` block without one is tables, a `routes` block statements of the language: both are read inside a small
policy that declares `AROUND`, so that only what the fragment itself says can be wrong. `console` blocks are run.
"""

from __future__ import annotations

import re
from pathlib import Path

from generate.pages import NAMED, TOKEN, WORLD, Block, blocks
from providers.presets import catalogue
from rules.diagnostics import Diagnostic
from rules.policy import load

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
WRONG = ("wrong.toml", "changed.toml")
"""Names of files that are shown for what is wrong with them."""

AROUND = {
    "minimax": "alias minimax = zen/minimax-m2.5-free",
    "coder": "alias coder = nvidia_nim/qwen/qwen3-coder-480b-a35b-instruct",
    "glm": "alias glm = nvidia_nim/z-ai/glm4.7",
    "flash": "alias flash = nvidia_nim/stepfun-ai/step-3.5-flash",
    "coding": "chain coding = minimax then glm then flash",
    "quick": "chain quick = flash then glm",
}
"""What a fragment may use without declaring it."""

PAGES = {str(path.relative_to(ROOT)): path for path in sorted(DOCS.rglob("*.md"))}
PAGES |= {name: ROOT / name for name in ("README.md", "CONTRIBUTING.md", "ARCHITECTURE.md")}


def blocks_of(*languages: str, but: tuple[str, ...] = ()) -> list[tuple[str, Block]]:
    """Page and line, and block, of every block in one of these languages."""
    return [
        (f"{name}:{block.line}", block)
        for name, path in PAGES.items()
        if name not in but
        for block in blocks(path.read_text(encoding="utf-8"))
        if block.language in languages
    ]


def findings(text: str) -> list[Diagnostic]:
    """What `fcc lint` finds in a file, in the world of the pages."""
    named = dict.fromkeys(NAMED.findall(text), TOKEN)
    env = {**named, **WORLD}
    return list(load(text.encode(), path="routes.toml", env=env, catalogue=catalogue()).diagnostics)


def wrapped(block: Block) -> str:
    """A fragment as a whole file."""
    if block.language == "toml":
        return f"rules = '''\nroute rest use zen/glm-5\n'''\n{block.text}"
    declared = set(re.findall(r"^(?:alias|chain)\s+(\S+)", block.text, re.MULTILINE))
    used = set(re.findall(r"[\w-]+", block.text)) | {"minimax"}
    used |= {"minimax", "glm", "flash"} if used & {"coding", "quick"} else set()
    around = [line for name, line in AROUND.items() if name in used and name not in declared]
    rest = [] if re.search(r"^route \S+\s+(?!when)", block.text, re.MULTILINE) else ["route rest use minimax"]
    return "\n".join(["rules = '''", *around, block.text.rstrip(), *rest, "'''", ""])
