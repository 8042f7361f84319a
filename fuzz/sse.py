"""The decoder of server-sent events: never an exception but TooLarge, and the same events however bytes are split.

python fuzz/sse.py -max_total_time=60
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import atheris

from fuzz.harness import FIXTURES, fuzz

with atheris.instrument_imports(include=["translators"]):
    from translators.sse import Decoder


def decoded(pieces: list[bytes]) -> list[tuple[str | None, bytes]]:
    decoder = Decoder()
    return [event for piece in pieces for event in decoder.feed(piece)] + decoder.close()


def by_the_book(data: bytes) -> list[tuple[str | None, bytes]]:
    """The specification's own algorithm, line by line."""
    text = data.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    found: list[tuple[str | None, bytes]] = []
    name, lines = b"", list[bytes]()
    for line in [*text.split(b"\n"), b""]:
        if not line:
            if lines:
                found.append((name.decode("utf-8", "replace") or None, b"\n".join(lines)))
            name, lines = b"", []
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            lines.append(value)
        elif field == b"event":
            name = value
    return found


def target(data: bytes) -> None:
    """The first two bytes say where the rest is cut."""
    if len(data) < 2:
        return
    at, size, data = data[0], data[1] + 1, data[2:]
    whole = decoded([data])
    assert whole == by_the_book(data)
    assert decoded([data[:at], data[at:]]) == whole
    assert decoded([data[start : start + size] for start in range(0, len(data), size)]) == whole


if __name__ == "__main__":
    fuzz(target, (bytes([9, 3]) + path.read_bytes() for path in FIXTURES.glob("*/*.sse")))
