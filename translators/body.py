"""The body of an upstream's answer, told apart by its first byte: a stream, one JSON document, or a page.

What was asked for and what the content type says is not heeded: upstreams send a document for a stream and the
reverse.
"""

from __future__ import annotations

from typing import Literal

from translators.sse import LARGEST, Decoder, TooLarge

_BOM = b"\xef\xbb\xbf"
_SHOWN = 200
"""Bytes of a stream's head that are kept, to say what was wrong with it."""


class Body:
    """Network reads in, server-sent events out; a document gathers in `head` until the body ends."""

    def __init__(self) -> None:
        self.kind: Literal["", "stream", "document", "page"] = ""
        """"" until a byte that is not blank has come."""
        self._gathered = [b""]
        self._size = 0
        self._sse = Decoder()

    @property
    def head(self) -> bytes:
        """All of a document so far; of anything else the beginning."""
        if len(self._gathered) > 1:
            self._gathered = [b"".join(self._gathered)]
        return self._gathered[0]

    @head.setter
    def head(self, data: bytes) -> None:
        self._gathered, self._size = [data], len(data)

    def _gather(self, data: bytes) -> None:
        self._size += len(data)
        if self._size > LARGEST:
            self.head = self._gathered[0][:_SHOWN]
            raise TooLarge(f"the answer is larger than {LARGEST} bytes")
        self._gathered.append(data)

    def feed(self, data: bytes) -> list[tuple[str | None, bytes]]:
        """The events that end in `data`. Raises `sse.TooLarge`."""
        if self.kind == "stream":
            if len(self.head) < _SHOWN:
                self.head = (self.head + data)[:_SHOWN]
            return self._sse.feed(data)
        if self.kind == "page":
            if self._size < _SHOWN:
                self.head = (self.head + data)[:_SHOWN]
            return []
        if self.kind == "document":
            self._gather(data)
            return []
        self.head += data
        if len(self.head) > LARGEST:
            raise TooLarge(f"the answer is larger than {LARGEST} bytes and says nothing")
        self.kind = _kind(self.head)
        if self.kind != "stream":
            return []
        data, self.head = self.head, self.head[:_SHOWN]
        return self._sse.feed(data)

    def close(self) -> list[tuple[str | None, bytes]]:
        """The event that lacks its blank line. Raises `sse.TooLarge`."""
        return self._sse.close()

    @property
    def silent(self) -> bool:
        """Nothing came but blanks and comments."""
        head = self.head.removeprefix(_BOM).lstrip()
        return not head or head[:1] == b":"


def _kind(head: bytes) -> Literal["", "stream", "document", "page"]:
    if len(head) < len(_BOM) and _BOM.startswith(head):
        return ""
    first = head.removeprefix(_BOM).lstrip()[:1]
    if not first:
        return ""
    if first in (b"{", b"["):
        return "document"
    return "page" if first == b"<" else "stream"
