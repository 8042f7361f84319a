"""The house for a command: the file found, read and wired, or the reason in words for a person."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from fcc.environment import environment, find_config, read_again

if TYPE_CHECKING:
    from engine.generation import Generation, House


class Unusable(Exception):  # noqa: N818 - it is said to a person, not caught as a bug
    """There is no policy to work with; the text is for stderr and ends without a newline."""


class Opened(msgspec.Struct, frozen=True):
    path: Path
    data: bytes
    env: dict[str, str]
    house: House
    generation: Generation
    warnings: int
    """Findings that do not keep the file from being served."""


def opened(config: Path | None, data: bytes | None = None) -> Opened:
    """The house by `--config`, `$FCC_CONFIG`, the user's file or the shipped one. Raises Unusable.

    `data`: what is taken for the file's content whatever it is.
    """
    path = find_config(config, os.environ)
    if data is None:
        data = content(path)
    from fcc.report import findings, wants_colour

    env = environment(path)
    house = house_of(path, env)
    loaded = house.accept(data)
    if house.generation is None:
        shown = findings(loaded, coloured=wants_colour())
        raise Unusable(f"{shown}{path} cannot be served before this is mended")
    warnings = sum(one.severity == "warning" for one in loaded.diagnostics)
    return Opened(path, data, env, house, house.generation, warnings)


def house_of(path: Path, env: dict[str, str]) -> House:
    """An empty house for the policy at `path`; with each file that it takes, `.env` is read into `env` again."""
    from engine.generation import House

    return House(path=str(path), env=env, refresh=lambda: read_again(path, env))


def content(path: Path) -> bytes:
    """The bytes of a file. Raises Unusable."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise Unusable(
            f"there is no file {path}; name one with --config or FCC_CONFIG, or make one with `fcc init`"
        ) from None
    except IsADirectoryError:
        raise Unusable(f"{path} is a folder; name the file in it") from None
    except OSError as error:
        raise Unusable(f"cannot read {path}: {error.strerror or error}") from None


def host_of(found: Opened, given: str | None) -> str:
    """`--host`, else `HOST`, else what the file says."""
    return given or found.env.get("HOST") or found.generation.policy.settings.server.host


def port_of(found: Opened, given: int | None) -> int:
    """`--port`, else `PORT`, else what the file says. Raises Unusable for a PORT that is none."""
    if given is not None:
        return given
    said = found.env.get("PORT")
    if not said:
        return found.generation.policy.settings.server.port
    if said.isascii() and said.isdigit() and int(said) < 65536:
        return int(said)
    raise Unusable(f"PORT is `{said[:40]}`, which is no port; it goes from 0 to 65535")
