"""`fcc init`: a policy and a place for keys in the configuration folder. What is there already stays as it is."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from fcc.environment import config_folder, shipped_config

TEMPLATE = "dotenv.jinja"


def init(
    folder: Annotated[
        Path | None,
        typer.Option("--dir", metavar="D", help="where to write; default: the configuration folder"),
    ] = None,
) -> int:
    """Write a commented routes.toml and .env, and never overwrite: 0 when both are there, 2 when it cannot write.

    Example: fcc init --dir ~/.config/free-claude-code
    """
    place = (folder or config_folder()).expanduser()
    try:
        place.mkdir(parents=True, exist_ok=True)
        for name, text in files():
            print(f"{'wrote' if write_new(place / name, text) else 'kept '} {place / name}")
    except FileExistsError:
        print(f"fcc init: {place} is a file; name a folder with --dir", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"fcc init: cannot write {error.filename or place}: {error.strerror or error}", file=sys.stderr)
        return 2
    print(next_steps(place))
    return 0


def files() -> Iterator[tuple[str, str]]:
    """Name and content of what is written."""
    yield "routes.toml", shipped_config().read_text(encoding="utf-8")
    yield ".env", dotenv()


def dotenv() -> str:
    """The `.env`: keys of the shipped policy's providers first, then the other presets', then settings."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    from providers.presets import catalogue

    text = shipped_config().read_text(encoding="utf-8")
    known = {name: preset.key_variables for name, preset in catalogue().items() if preset.key_variables}
    used = {name: variables for name, variables in known.items() if f"{name}/" in text}
    others = {name: variables for name, variables in known.items() if name not in used}
    loader = Environment(
        loader=PackageLoader("fcc.cli"), undefined=StrictUndefined, keep_trailing_newline=True
    )
    loader.trim_blocks = loader.lstrip_blocks = True
    return loader.get_template(TEMPLATE).render(used=used, others=others)


def write_new(path: Path, text: str) -> bool:
    """Write a file only its owner may read, unless there is one; whether it was written."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    return True


def next_steps(place: Path) -> str:
    own = place == config_folder()
    config = shlex.quote(str(place / "routes.toml"))
    flag = "" if own else f" --config {config}"
    client = "fcc code" if own else f"FCC_CONFIG={config} fcc code"
    return (
        f"\nNext: put a key into {place / '.env'}, then\n"
        f"  fcc doctor{flag}\n  fcc serve{flag}\nand in another terminal\n  {client}"
    )
