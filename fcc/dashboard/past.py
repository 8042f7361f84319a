"""The texts of policies that were served, so that they can be compared and served again.

Kept beside the token, readable for the owner alone as the policy itself should be: a person may have written a key into
it. At most `MOST`; those that were served longest ago go first.
"""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path

FOLDER = "policies"
MOST = 50
NAME = re.compile(r"[0-9a-f]{12}")
"""Ids of generations: a part of the SHA-256 of their text."""


class Past:
    """The folder of former policies. What cannot be written is not kept, and serving goes on."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / FOLDER

    def keep(self, name: str, data: bytes) -> None:
        """This one is served now."""
        path = self.folder / f"{name}.toml"
        with contextlib.suppress(OSError):
            if path.exists():
                path.touch()
                return
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(data)
            self._forget()

    def data(self, name: str) -> bytes | None:
        """The file as it was; None: it is not known, or no longer."""
        if not NAME.fullmatch(name):
            return None
        try:
            return (self.folder / f"{name}.toml").read_bytes()
        except OSError:
            return None

    def names(self) -> set[str]:
        """Those that can be served again."""
        with contextlib.suppress(OSError):
            return {path.stem for path in self.folder.glob("*.toml") if NAME.fullmatch(path.stem)}
        return set()

    def _forget(self) -> None:
        kept = sorted(self.folder.glob("*.toml"), key=lambda path: path.stat().st_mtime)
        for path in kept[:-MOST]:
            path.unlink(missing_ok=True)
