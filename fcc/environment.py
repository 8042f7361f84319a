"""Where the configuration, the keys and the state of fcc live, and how `.env` is read.

The working directory is never looked at: a cloned repository must not redirect anyone's keys.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path

NAME = "free-claude-code"
"""Folder name under the user's configuration, data and state folders."""

LEDGER = "ledger.sqlite"
"""Name of the ledger in the data folder."""

_LINE = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*?)\s*\Z")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}


class Homeless(Exception):  # noqa: N818 - it is said to a person, not caught as a bug
    """There is no folder of the user's; the text says what to set."""


def config_folder() -> Path:
    """Raises Homeless, as its two neighbours do."""
    from platformdirs import user_config_path  # not needed to check a file, and slow to come

    return absolute(user_config_path)


def state_folder() -> Path:
    from platformdirs import user_state_path

    return absolute(user_state_path)


def data_folder() -> Path:
    """Where the ledger is kept."""
    from platformdirs import user_data_path

    return absolute(user_data_path)


def absolute(folder: Callable[..., Path]) -> Path:
    """Not one that would be found from the working directory. Raises Homeless."""
    try:
        found = folder(NAME, appauthor=False)
    except RuntimeError:
        found = Path()
    if not found.is_absolute():
        raise Homeless(
            "this user has no home folder for configuration and token: set HOME to an absolute path, or "
            "XDG_CONFIG_HOME, XDG_STATE_HOME and XDG_DATA_HOME"
        )
    return found


def ledger_path(config: Path, said: str | None, folder: Path | None = None) -> Path:
    """`[ledger] path`, seen from the folder of the policy, else in the data folder."""
    if said is None:
        return (folder or data_folder()) / LEDGER
    return config.absolute().parent / Path(said).expanduser()


def shipped_config() -> Path:
    """The routes.toml that ships: inside the installed package, or at the root of a checkout."""
    here = Path(__file__).resolve().parent
    inside = here / "routes.toml"
    return inside if inside.is_file() else here.parent / "routes.toml"


def find_config(given: str | Path | None, env: Mapping[str, str]) -> Path:
    """`--config`, else `$FCC_CONFIG`, else the user's routes.toml, else the shipped one. May not exist.

    Where it cannot be told whether there is one of the user's, or a folder or a link to nothing stands there, that is
    it: no other policy takes its place silently.
    """
    named = given or env.get("FCC_CONFIG")
    if named:
        return Path(named).expanduser()
    own = config_folder() / "routes.toml"
    try:
        own.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return shipped_config()
    except OSError:
        pass
    return own


def env_folder(config: Path) -> Path:
    """Where `.env` is: beside the configuration; the shipped one has no folder of the user's own beside it, so then
    it is the configuration folder.
    """
    return config_folder() if config == shipped_config() else config.parent


def environment(config: Path, process: Mapping[str, str] | None = None) -> dict[str, str]:
    """`.env` of the configuration, overridden by the process environment."""
    return parse_env(env_text(config) or "") | dict(os.environ if process is None else process)


def env_text(config: Path) -> str | None:
    """What `.env` says, whatever its encoding; None when there is none that can be read."""
    try:
        data = (env_folder(config) / ".env").read_bytes()
    except OSError:
        return None
    return decoded(data)


def decoded(data: bytes) -> str:
    """The text of a `.env`, by what editors write."""
    wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    return data.decode("utf-16" if wide else "utf-8-sig", "replace")


def read_again(config: Path, env: dict[str, str], process: Mapping[str, str] | None = None) -> None:
    """Make `env` what `environment` would give now; a file that is gone is taken for one that is being replaced."""
    text = env_text(config)
    if text is None:
        return
    now = parse_env(text) | dict(os.environ if process is None else process)
    env.update(now)
    for name in env.keys() - now.keys():
        del env[name]


def parse_env(text: str) -> dict[str, str]:
    """`NAME=value` lines; `export` allowed, values plain, 'literal' or "with \\n escapes". Nothing is
    expanded.
    """
    found = {}
    for line in text.splitlines():
        match = _LINE.match(line)
        if match and not line.lstrip().startswith("#"):
            found[match[1]] = env_value(match[2])
    return found


def odd_lines(text: str) -> list[int]:
    """Numbers, from 1, of the lines that say something and set nothing."""
    lines = ((number, line.strip()) for number, line in enumerate(text.splitlines(), 1))
    return [number for number, line in lines if line and line[0] != "#" and not _LINE.match(line)]


def env_value(text: str) -> str:
    """One value; after a quoted or plain one, ` # …` is a comment."""
    quote = text[:1]
    if quote == "'":
        return text[1:].partition("'")[0]
    if quote == '"':
        inside = re.match(r'"((?:[^"\\]|\\.)*)', text)
        body = inside[1] if inside else ""
        return re.sub(r"\\(.)", lambda escape: _ESCAPES.get(escape[1], escape[1]), body)
    return re.split(r"(?:^|\s)#", text, maxsplit=1)[0].strip()
