"""Server-sent events out of bytes (html.spec.whatwg.org/multipage/server-sent-events.html, "parsing an event stream").

Works on bytes and on whole network reads. Lines end at `\\n`, `\\r\\n` and `\\r` and nowhere else: U+2028 and its
relatives occur inside JSON. However the bytes are split, the events are the same, and each byte is looked at a
constant number of times. What almost every read looks like is cut by a few calls on all of it. `id` and `retry` are of
no use to a proxy and are dropped.
"""

from __future__ import annotations

from functools import lru_cache

from translators.crowded import crowded

LARGEST = 4 * 1024 * 1024
"""Bytes of one event, and of whatever else is held until it is whole."""

MOST_CALLS = 512
"""Calls in one answer, and other blocks that are held: as many as a request may declare tools. Each new one is compared
with those before it."""

MOST_VALUES = 200_000
"""JSON values of an event or a document. Those of whole answers with the probability of every token have fewer."""
_COUNTED = 128 * 1024
"""Bytes of one above which they are counted."""

_BOM = b"\xef\xbb\xbf"


class TooLarge(ValueError):  # noqa: N818 - says what is wrong with the event
    """An event, or what is held of an answer, is larger than `LARGEST`."""


def check_values(data: bytes) -> None:
    """Raises TooLarge for more values than any answer has: decoded, they would hold up all others."""
    if len(data) > _COUNTED and crowded(data, MOST_VALUES):
        raise TooLarge(f"the answer has more than {MOST_VALUES} values in one piece")


class Allowance:
    """How much of an answer may be held until it is whole, such as the arguments of its calls, and how many calls."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._taken = 0
        self._calls = 0

    def begin(self) -> None:
        """One more call begins. Raises TooLarge."""
        self._calls += 1
        if self._calls > MOST_CALLS:
            raise TooLarge(f"the answer has more than {MOST_CALLS} calls")

    def take(self, size: int) -> None:
        """So much more is held. Raises TooLarge."""
        self._taken += size
        if self._taken > LARGEST:
            raise TooLarge(f"{self._what} are larger than {LARGEST} bytes")


class Decoder:
    """Bytes in, events out: pairs of event name (None when it has none) and data."""

    def __init__(self) -> None:
        self._held = bytearray()
        """The event that has not ended yet, its line ends made `\\n`."""
        self._first = True
        """Nothing but what may be a byte order mark has come."""
        self._after_cr = False
        """The last byte was `\\r`, so that a `\\n` now belongs to it."""
        self._too_large = False

    def feed(self, data: bytes) -> list[tuple[str | None, bytes]]:
        """The events that end in `data`. Raises TooLarge, after the events before the large one were given."""
        if self._too_large:
            raise TooLarge(f"an event is larger than {LARGEST} bytes")
        if self._first:
            data = self._without_bom(data)
        if self._after_cr and data:
            self._after_cr = False
            if data[0] == 10:
                data = data[1:]
        if b"\r" in data:
            self._after_cr = data[-1] == 13
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        held = self._held
        if held:
            ends = b"\n\n" in data or (data[:1] == b"\n" and held[-1] == 10)
            held += data
            if not ends:
                self._check(held)
                return []
            data = bytes(held)
        end = data.rfind(b"\n\n") + 2
        if end > 1 and len(data) <= LARGEST:
            whole = data if end == len(data) else data[:end]
            usual = _plain(whole) or _named(whole)
            if usual:
                if held or whole is not data:
                    self._held = bytearray(data[end:])
                return usual
        blocks = data.split(b"\n\n")
        self._held = bytearray(blocks.pop())
        events = self._events(blocks)
        self._check(self._held, raises=not events)
        return events

    def close(self) -> list[tuple[str | None, bytes]]:
        """The body has ended: an event without its blank line counts. Raises TooLarge."""
        if self._too_large:
            raise TooLarge(f"an event is larger than {LARGEST} bytes")
        block, self._held = bytes(self._held), bytearray()
        return self._events([block])

    def _without_bom(self, data: bytes) -> bytes:
        data = bytes(self._held) + data
        self._held.clear()
        if len(data) < len(_BOM) and _BOM.startswith(data):
            self._held += data
            return b""
        self._first = False
        return data.removeprefix(_BOM)

    def _events(self, blocks: list[bytes]) -> list[tuple[str | None, bytes]]:
        events: list[tuple[str | None, bytes]] = []
        for block in blocks:
            if len(block) > LARGEST:
                self._check(block, raises=not events)
                break
            event = _event(block)
            if event is not None:
                events.append(event)
        return events

    def _check(self, block: bytes | bytearray, *, raises: bool = True) -> None:
        """Marks the stream as broken if `block` is too large; the line end that may belong to it is not counted."""
        if len(block) > LARGEST and len(block) - (block[-1] == 10) > LARGEST:
            self._too_large = True
            if raises:
                raise TooLarge(f"an event is larger than {LARGEST} bytes")


def _event(block: bytes) -> tuple[str | None, bytes] | None:
    """The event in the lines of `block`; None if they have no data."""
    name = b""
    data: list[bytes] = []
    for line in block.split(b"\n"):
        field, _, value = line.partition(b":")
        if value[:1] == b" ":
            value = value[1:]
        if field == b"data":
            data.append(value)
        elif field == b"event":
            name = value
    if not data:
        return None
    return name.decode("utf-8", "replace") or None, data[0] if len(data) == 1 else b"\n".join(data)


def _plain(data: bytes) -> list[tuple[str | None, bytes]]:
    """The events of `data: …` lines with one blank line after each; none if there is anything else in `data`."""
    if data[:6] != b"data: ":
        return []
    found = data[6:-2].split(b"\n\ndata: ")
    return [(None, one) for one in found] if data.count(b"\n") == 2 * len(found) else []


def _named(data: bytes) -> list[tuple[str | None, bytes]]:
    """The same with an `event: …` line before each line of data."""
    if data[:7] != b"event: ":
        return []
    lines = data[:-1].split(b"\n")
    if len(lines) % 3 or any(lines[2::3]):
        return []
    events: list[tuple[str | None, bytes]] = []
    for name, line in zip(lines[::3], lines[1::3], strict=True):
        if name[:7] != b"event: " or line[:6] != b"data: ":
            return []
        events.append((_name(name), line[6:]))
    return events


@lru_cache(maxsize=256)
def _name(line: bytes) -> str | None:
    return line[7:].decode("utf-8", "replace") or None
