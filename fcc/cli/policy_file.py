"""A policy file for the commands that look at one and send nothing."""

from __future__ import annotations

import sys
from pathlib import Path

from fcc.environment import environment
from providers.presets import catalogue
from rules.policy import Loaded, load
from rules.policy_types import Policy
from rules.render.text import render

CANNOT_RUN = 2


def read_policy(path: Path, command: str) -> tuple[Policy, Loaded] | None:
    """The policy in a file. Without one the reason is on stderr, errors with their places."""
    try:
        data = path.read_bytes()
    except OSError as error:
        print(f"fcc {command}: {unreadable(path, error)}", file=sys.stderr)
        return None
    loaded = load(data, path=str(path), env=environment(path), catalogue=catalogue())
    if loaded.policy is None:
        errors = [one for one in loaded.diagnostics if one.severity == "error"]
        print(render(loaded.source, errors), end="", file=sys.stderr)
        return None
    return loaded.policy, loaded


def unreadable(path: Path, error: OSError, advice: str = "; name one, or make one with `fcc init`") -> str:
    """What is wrong with a file that cannot be read; `advice` is for one that is not there."""
    if isinstance(error, FileNotFoundError):
        return f"there is no file {path}{advice}"
    if isinstance(error, IsADirectoryError):
        return f"{path} is a folder; name the file in it"
    return f"cannot read {path}: {error.strerror or error}"


def text_of(path: Path) -> str:
    """The text of a file that is no policy. Raises ValueError, which says why there is none."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ValueError(unreadable(path, error, advice="")) from None
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is no UTF-8 text (byte {error.start + 1}); save it as UTF-8") from None
