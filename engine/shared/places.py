"""What this process has admitted and still holds, so that an empty server can be told. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

AT_ONCE = 500
"""Places told in one go."""
SWEEP = 1024
"""Admissions after which logs that are over are dropped."""


@dataclass(slots=True)
class Log:
    """Admissions of one limit: time, name of the place."""

    window: float
    entries: deque[tuple[float, str]] = field(default_factory=deque)

    def forget(self, now: float) -> None:
        while self.entries and self.entries[0][0] <= now - self.window:
            self.entries.popleft()


@dataclass(slots=True)
class Places:
    logs: dict[str, Log] = field(default_factory=dict)
    """By the server's key of the limit."""
    leases: dict[str, str] = field(default_factory=dict)
    """Places that count for a width, and the server's key of it."""
    added: int = 0

    def add(self, key: str, window: float, place: str, now: float) -> None:
        log = self.logs.get(key)
        if log is None:
            log = self.logs[key] = Log(window)
        log.window = window
        log.forget(now)
        log.entries.append((now, place))
        self.added += 1
        if self.added % SWEEP == 0:
            self.sweep(now)

    def sweep(self, now: float) -> None:
        for log in self.logs.values():
            log.forget(now)
        self.logs = {key: log for key, log in self.logs.items() if log.entries}

    def told(self, now: float) -> Iterator[tuple[str, int, list[str | int]]]:
        """Key, window and pairs of place and age, in portions; whole microseconds."""
        self.sweep(now)
        for key, log in list(self.logs.items()):
            entries = iter(list(log.entries))
            while portion := list(islice(entries, AT_ONCE)):
                pairs = [item for at, place in portion for item in (place, micro(now - at))]
                yield key, micro(log.window), pairs


def micro(seconds: float) -> int:
    """Whole microseconds."""
    return int(seconds * 1_000_000)
