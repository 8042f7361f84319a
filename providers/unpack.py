"""Bodies that come compressed although none was asked for, and how large a body may grow.

A megabyte of gzip can be a gigabyte of zeros, so what is unpacked is bounded in size and in proportion, and unpacked
piece by piece: nothing larger than a piece is ever held beyond the bounds.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

MOST = 64 * 1024 * 1024
"""Bytes of one answer, unpacked."""
RATIO = 100
"""How many times larger than what came over the network."""
_FREE = 1024 * 1024
"""Unpacked bytes below which the proportion is not looked at: short answers repeat themselves a lot."""
_PIECE = 64 * 1024
"""Bytes that are handed over at a time, so that others get their turn between two pieces."""


class BadBody(Exception):  # noqa: N818 - it is the body that is bad
    """The body cannot be read on; the text says why."""


class Unpacker:
    """Network bytes in, the answer's bytes out. Raises BadBody."""

    def __init__(self, encodings: str) -> None:
        """`encodings`: the value of Content-Encoding, the first applied first."""
        names = [name.strip().lower() for name in encodings.split(",")]
        self._layers = [_Layer(name) for name in reversed(names) if name not in ("", "identity")]
        if len(self._layers) > 2:
            raise BadBody("the answer is packed more than twice")
        self._came = 0
        self._gave = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The answer's bytes in `data`, a piece at a time, unpacked when it is asked for. Raises BadBody."""
        if not self._layers:
            self._gave += len(data)
            if self._gave > MOST:
                raise BadBody(f"the answer is larger than {MOST >> 20} MB")
            if data:
                yield data
            return
        self._came += len(data)
        for piece in self._through(data, 0):
            self._gave += len(piece)
            if self._gave > MOST:
                raise BadBody(f"the answer is larger than {MOST >> 20} MB")
            if self._gave > _FREE and self._gave > RATIO * self._came:
                raise BadBody(f"the answer grows more than {RATIO} times when it is unpacked")
            yield piece

    def _through(self, data: bytes, depth: int) -> Iterable[bytes]:
        if depth == len(self._layers):
            yield data
            return
        for piece in self._layers[depth].feed(data):
            yield from self._through(piece, depth + 1)


class _Layer:
    def __init__(self, name: str) -> None:
        if name not in ("gzip", "x-gzip", "deflate"):
            raise BadBody(f"the answer is packed as {name[:20]!r}, which was not asked for")
        self._deflate = name == "deflate"
        self._begun = False
        self._unzip = zlib.decompressobj(zlib.MAX_WBITS | 32)

    def feed(self, data: bytes) -> Iterable[bytes]:
        if not self._begun and data:
            self._begun = True
            if self._deflate and data[0] & 0x0F != 8:
                self._unzip = zlib.decompressobj(-zlib.MAX_WBITS)  # without the header that RFC 9110 asks for
        while data:
            try:
                piece = self._unzip.decompress(data, _PIECE)
            except zlib.error:
                raise BadBody("the answer is packed wrongly") from None
            if piece:
                yield piece
            if self._unzip.eof:
                data = self._unzip.unused_data
                self._unzip = zlib.decompressobj(zlib.MAX_WBITS | 32)
                if not data.strip(b"\0"):
                    return
            else:
                data = self._unzip.unconsumed_tail
                if not piece and not data:
                    return
