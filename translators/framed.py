"""What the readers of upstream answers have in common: when to read, when to stop, what is no answer at all."""

from __future__ import annotations

from translators.body import Body
from translators.events import Event, Fault
from translators.sse import TooLarge, check_values
from translators.text_tools import TextTools

_BAD_IN_A_ROW = 3
"""So many events that are no JSON objects, one after the other, are not an answer."""


class FramedReader:
    """`feed` and `close` of `translators.dialects.Reader`. A dialect says what its events, its document and an end of
    the stream without an end of the answer mean; it adds to `out` and never returns anything."""

    def __init__(self, texts: TextTools | None) -> None:
        """`texts` finds calls that the model writes as text."""
        self._body = Body()
        self._over = False
        self._bad = 0
        """So many events in a row were no JSON objects; a dialect begins anew with each that is one."""
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
            events = self._body.feed(data)
            if events:  # those behind the first have come whole with one network read
                check_values(events[0][1])
            self._events(events, out)
        except TooLarge as error:
            self._fail(out, Fault("malformed", str(error)))
        if self._body.kind == "page":
            self._fail(out, Fault("malformed", "the upstream sent a page instead of an answer"))
        return out

    def _read_end(self) -> list[Event]:
        out: list[Event] = []
        if self._over:
            return out
        document = self._body.kind == "document"
        try:
            if document:
                check_values(self._body.head)
                self._document(out)
            else:
                events = self._body.close()
                if events:
                    check_values(events[0][1])
                self._events(events, out)
        except TooLarge as error:
            self._fail(out, Fault("malformed", str(error)))
        if not self._over and not document:
            self._stopped_short(out)
        return out

    def _not_json(self, out: list[Event]) -> None:
        self._bad += 1
        if self._bad == _BAD_IN_A_ROW:
            self._fail(out, Fault("malformed", "the upstream sent events that are not JSON"))

    def _broken(self, *, begun: bool, said: bool) -> Fault:
        """The body ended without an end of the answer. `begun`: there was an event; `said`: there was content."""
        if said:
            return Fault("cut", "the upstream's answer ended before its end")
        if begun or self._body.silent:
            return Fault("empty", "the upstream answered nothing")
        shown = self._body.head[:80].decode("utf-8", "replace")
        return Fault("malformed", f"the upstream's answer is neither a stream nor JSON: {shown!r}")

    def _fail(self, out: list[Event], fault: Fault) -> None:
        """The answer is over; only its first failure is told."""
        if not self._over:
            self._over = True
            out.append(fault)
