"""The body of an upstream's answer, told apart by its first byte: a stream, one JSON document, or a page.

What was asked for and what the content type says is not heeded: upstreams send a document for a stream and the
reverse.
"""

from __future__ import annotations

from typing import Literal

from translators.sse import Decoder

_BOM = b"\xef\xbb\xbf"
_SHOWN = 200
"""Bytes of a stream's head that are kept, to say what was wrong with it."""


class Body:
    """Network reads in, server-sent events out; a document gathers in `head` until the body ends."""

    def __init__(self) -> None:
        self.kind: Literal["", "stream", "document", "page"] = ""
        """"" until a byte that is not blank has come."""
        self.head = b""
        self._sse = Decoder()

    def feed(self, data: bytes) -> list[tuple[str | None, bytes]]:
        """The events that end in `data`. Raises `sse.TooLarge`."""
        if self.kind == "stream":
            if len(self.head) < _SHOWN:
                self.head = (self.head + data)[:_SHOWN]
            return self._sse.feed(data)
        self.head += data
        if self.kind:
            return []
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
