"""Sessions in memory: what the ledger knows too, for the time that its file cannot be read.

The same sums under the same names as in `ledger_pages`. Bounded however many sessions there are: the one that was not
heard of for longest is forgotten.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterator
from typing import Any

import msgspec

from engine.decision import Decision
from engine.ledger_charts import Row
from engine.ledger_pages import BRIEF, ORDERS

MOST = 1_000
MOST_NAMES = 50
"""Routes, and models, that are told apart in one session."""
MOST_DECISIONS = 500


class Sums(msgspec.Struct):
    """One session and sub-agent, or several added up."""

    session: str
    client: str = ""
    first_seen: float = float("inf")
    last_seen: float = 0.0
    requests: int = 0
    errors: int = 0
    failovers: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cache_read: int = 0
    first_tokens: int = 0
    first_token_ms: float = 0.0
    first_token_most: float = 0.0
    routes: dict[str, int] = msgspec.field(default_factory=dict)
    models: dict[str, int] = msgspec.field(default_factory=dict)

    def add(self, one: Decision) -> None:
        self.client = one.client
        self.first_seen = min(self.first_seen, one.at)
        self.last_seen = max(self.last_seen, one.at)
        self.requests += 1
        self.errors += one.failed
        self.failovers += one.failovers
        self.tokens_in += one.tokens_in or 0
        self.tokens_out += one.tokens_out or 0
        self.cache_read += one.cache_read or 0
        if one.first_token_ms is not None:
            self.first_tokens += 1
            self.first_token_ms += one.first_token_ms
            self.first_token_most = max(self.first_token_most, one.first_token_ms)
        _count(self.routes, one.route)
        _count(self.models, one.target)

    def shown(self) -> dict[str, Any]:
        average = round(self.first_token_ms / self.first_tokens, 1) if self.first_tokens else None
        hidden = ("first_tokens", "first_token_ms", "routes", "models")
        plain = {name: getattr(self, name) for name in self.__struct_fields__ if name not in hidden}
        return {
            **plain,
            "first_token_average": average,
            "routes": dict(self.routes),
            "models": dict(self.models),
        }


def _count(counts: dict[str, int], name: str) -> None:
    if name and (name in counts or len(counts) < MOST_NAMES):
        counts[name] = counts.get(name, 0) + 1


class Session(msgspec.Struct):
    whole: Sums
    sub_agents: OrderedDict[str, Sums] = msgspec.field(default_factory=OrderedDict)


class Sessions:
    """The sessions heard of last, and the latest decisions. Numbers of decisions count down from -1, so that they are
    never those of the ledger."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self._decisions: deque[tuple[int, Decision]] = deque(maxlen=MOST_DECISIONS)
        self._number = 0

    def __len__(self) -> int:
        return len(self._sessions)

    def add(self, one: Decision) -> None:
        found = self._sessions.get(one.session)
        if found is None:
            found = self._sessions[one.session] = Session(Sums(one.session))
            if len(self._sessions) > self._most:
                self._sessions.popitem(last=False)
        self._sessions.move_to_end(one.session)
        found.whole.add(one)
        part = found.sub_agents.get(one.sub_agent)
        if part is None:
            part = found.sub_agents[one.sub_agent] = Sums(one.session)
            if len(found.sub_agents) > MOST_NAMES:
                found.sub_agents.popitem(last=False)
        part.add(one)
        self._number -= 1
        self._decisions.appendleft((self._number, one))

    def sessions(self, order: str = "last_seen", limit: int = 50, offset: int = 0) -> dict[str, Any]:
        """As `ledger_pages.sessions`. Raises KeyError for an unknown order."""
        ascending = ORDERS[order].endswith("ASC")
        every = [{**one.whole.shown(), "others": len(one.sub_agents) - 1} for one in self._sessions.values()]
        every.sort(key=lambda row: row["session"])
        if not ascending:
            every.sort(key=lambda row: row[order] or 0, reverse=True)
        return {"sessions": every[offset : offset + limit], "total": len(every)}

    def session(self, name: str) -> dict[str, Any] | None:
        found = self._sessions.get(name)
        if found is None:
            return None
        parts = [{**sums.shown(), "sub_agent": agent} for agent, sums in found.sub_agents.items()]
        return {**found.whole.shown(), "sub_agents": parts, "decisions": self.decisions(name)["decisions"]}

    def decisions(
        self, name: str | None = None, limit: int = 50, before: int | None = None
    ) -> dict[str, Any]:
        """As `ledger_pages.decisions`."""
        found = []
        for number, one in self._decisions:
            if (name is None or one.session == name) and (before is None or number > before):
                found.append(brief(one, number))
        return {"decisions": found[:limit], "next": found[limit - 1]["id"] if len(found) > limit else None}

    def measures(self, since: float) -> Iterator[Row]:
        """For `ledger_charts.summed`."""
        for _, one in self._decisions:
            if one.at >= since:
                tried = msgspec.json.encode(one.attempts).decode()
                yield one.at, one.failed, one.failovers, one.first_token_ms, one.ms, tried

    def decision(self, name: str) -> dict[str, Any] | None:
        for number, one in self._decisions:
            if name in (str(number), one.request):
                return {"id": number, **msgspec.to_builtins(named(one))}
        return None


def named(one: Decision) -> dict[str, Any]:
    """Field → value; a decision itself is encoded as a list."""
    return {name: getattr(one, name) for name in one.__struct_fields__}


def brief(one: Decision, number: int) -> dict[str, Any]:
    """A decision in a list of them."""
    return {"id": number} | {name: getattr(one, name) for name in NAMES if name != "id"}


NAMES = [name.strip() for name in BRIEF.split(",")]
