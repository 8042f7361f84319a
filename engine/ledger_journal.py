"""Rows on their way into the ledger, so that they outlive the process: appended by one write, committed later in bulk.

A commit of its own for each request costs more than the rest of the request. So a row is first written behind the
others in a file beside the ledger, which `kill -9` does not undo, and the ledger's thread commits what has gathered a
few times a second. A file whose process is gone, as its lock shows, is read by the next server that opens the ledger.
"""

from __future__ import annotations

import os
import secrets
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec

from engine.decision import Decision

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows, where one server at a time is presumed
    fcntl = None

FULL = 1024 * 1024
"""Bytes after which a new file is begun, so that the old one can be removed."""
_HEAD = 4
"""Bytes before each row: its length."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Decision).decode


class Journal:
    """Of one process. Rows are numbered by whoever keeps them; numbers only grow."""

    def __init__(self, ledger: Path) -> None:
        self._ledger = ledger
        self._file: int | None = None
        self._path = ledger
        self._size = 0
        self._last = 0
        self._full: deque[tuple[int, int, Path]] = deque()
        """Files that are full: number of their last row, descriptor, path."""

    def keep(self, number: int, row: Decision) -> bool:
        """Append a row by one write. False when it could not be."""
        try:
            data = _encode(row)
            data = len(data).to_bytes(_HEAD, "big") + data
            file = self._opened()
            written = os.write(file, data)
        except (OSError, OverflowError, UnicodeError):
            self._begin_anew()
            return False
        self._size += written
        self._last = number
        if written < len(data):  # nothing that comes behind half a row could be read
            self._begin_anew()
        return written == len(data)

    def committed(self, number: int) -> None:
        """All rows up to this one are in the ledger."""
        while self._full and self._full[0][0] <= number:
            _remove(*self._full.popleft()[1:])
        if self._file is not None and self._last <= number and self._size:
            with suppress(OSError):
                os.ftruncate(self._file, 0)
                self._size = 0

    def close(self) -> None:
        """Files whose rows are all committed go; the others are left to whoever opens the ledger next."""
        for _, file, _ in self._full:
            os.close(file)
        self._full.clear()
        if self._file is not None and not self._size:
            _remove(self._file, self._path)
        elif self._file is not None:
            os.close(self._file)
        self._file = None

    def _opened(self) -> int:
        """Raises OSError."""
        if self._size >= FULL:
            self._begin_anew()
        if self._file is None:
            self._path = self._ledger.with_name(
                f"{self._ledger.name}.{os.getpid()}-{secrets.token_hex(4)}.rows"
            )
            file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
            if not _ours(file, unlocked=True):
                _remove(file, self._path)
                raise FileNotFoundError("taken for an orphan before it was locked")
            self._file = file
        return self._file

    def _begin_anew(self) -> None:
        if self._file is not None:
            self._full.append((self._last, self._file, self._path))
        self._file, self._size = None, 0


def orphans(ledger: Path) -> Iterator[list[Decision]]:
    """Rows of processes that are gone. Each file is removed when the next one is asked for: commit its rows first."""
    for path in sorted(ledger.parent.glob(f"{ledger.name}.*.rows")):
        try:
            file = os.open(path, os.O_RDWR)
        except OSError:
            continue
        if not _ours(file, unlocked=False):
            os.close(file)
            continue
        with open(file, "rb", closefd=False) as whole:
            yield _rows(whole.read())
        _remove(file, path)


def _rows(data: bytes) -> list[Decision]:
    """Whole rows; one that was being written when the process died has not been acknowledged."""
    rows, at = [], 0
    while at + _HEAD <= len(data):
        end = at + _HEAD + int.from_bytes(data[at : at + _HEAD], "big")
        if end > len(data):
            break
        with suppress(msgspec.DecodeError, msgspec.ValidationError):
            rows.append(_decode(data[at + _HEAD : end]))
        at = end
    return rows


def _ours(file: int, *, unlocked: bool) -> bool:
    """Locks the file. Whether it is ours: nobody alive holds it, and nobody has just taken it for an orphan. `unlocked`
    is the answer where files cannot be locked: a new one is ours all the same, another one never.
    """
    if fcntl is not None:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            return unlocked
    return os.fstat(file).st_nlink > 0


def _remove(file: int, path: Path) -> None:
    with suppress(OSError):
        path.unlink()
    os.close(file)
