"""What the readers of upstream answers have in common: when to read, when to stop, what is no answer at all."""

from __future__ import annotations

from translators.body import Body
from translators.events import Event, Fault
from translators.sse import TooLarge
from translators.text_tools import TextTools


class FramedReader:
    """`feed` and `close` of `translators.dialects.Reader`. A dialect says what its events, its document and an end of
    the stream without an end of the answer mean; it adds to `out` and never returns anything."""

    def __init__(self, texts: TextTools | None) -> None:
        """`texts` finds calls that the model writes as text."""
        self._body = Body()
        self._over = False
        self._texts = texts

    def feed(self, data: bytes) -> list[Event]:
        out = self._read(data)
        return self._texts.feed(out) if self._texts else out

    def close(self) -> list[Event]:
        out = self._read_end()
        return self._texts.feed(out) if self._texts else out

    def _events(self, events: list[tuple[str | None, bytes]], out: list[Event]) -> None:
        raise AssertionError("a dialect says what its events mean")

    def _document(self, out: list[Event]) -> None:
        raise AssertionError("a dialect says what its document means")

    def _stopped_short(self, out: list[Event]) -> None:
        raise AssertionError("a dialect says what an end without an end means")

    def _read(self, data: bytes) -> list[Event]:
        out: list[Event] = []
        if self._over:
            return out
        try:
            self._events(self._body.feed(data), out)
        except TooLarge as error:
            self._fail(out, Fault("malformed", str(error)))
        if self._body.kind == "page":
            self._fail(out, Fault("malformed", "the upstream sent a page instead of an answer"))
        return out

    def _read_end(self) -> list[Event]:
        out: list[Event] = []
        if self._over:
            return out
        if self._body.kind == "document":
            self._document(out)
            return out
        try:
            self._events(self._body.close(), out)
        except TooLarge as error:
            self._fail(out, Fault("malformed", str(error)))
        if not self._over:
            self._stopped_short(out)
        return out

    def _fail(self, out: list[Event], fault: Fault) -> None:
        """The answer is over; only its first failure is told."""
        if not self._over:
            self._over = True
            out.append(fault)
