"""The parent's end of the lines: who its workers are, and what all of them are asked and told.

It decides nothing but what a policy file is worth (`fcc.crew.policy`), and remembers nothing of requests but what the
workers have counted (`fcc.crew.figures`).
"""

from __future__ import annotations

import asyncio
import os
import socket
from dataclasses import dataclass, field
from typing import Any

import msgspec

from engine.guard import RECENT
from fcc.admin.acts import reloaded, rolled_back
from fcc.crew.events import Event
from fcc.crew.figures import Kept, Report, Told
from fcc.crew.line import Handler, Line, Silent, read
from fcc.crew.policy import Leader, Text, Workers
from fcc.server import App

WITHIN = 1.0
"""Seconds in which a worker answers, or is left out."""
BRIEFLY = 0.2
"""Seconds in which one answers that has let a question wait for too long and has said nothing since."""
TAKES_WITHIN = 10.0
"""Seconds in which a worker serves by another policy."""
ASKS = frozenset({"report", "state", "reset", "settle"})
"""What a worker may have asked of all."""


class Ask(msgspec.Struct):
    what: str
    body: msgspec.Raw = msgspec.Raw(b"null")


class Answers(msgspec.Struct):
    """`workers`: how many there should be; `answers` by process id."""

    workers: int
    answers: dict[int, msgspec.Raw]
    besides: Told = msgspec.field(default_factory=Told)
    """Counted by workers that have ended or did not answer."""
    ended: float = 0.0
    """Processor time of those that have ended, in seconds."""


class Reset(msgspec.Struct):
    target: str | None
    """None: all models."""


class Reload(msgspec.Struct):
    by: str
    confirm: str = ""


class Back(msgspec.Struct):
    data: bytes
    by: str


@dataclass(eq=False)
class Member:
    """A worker as the parent knows it."""

    pid: int
    line: Line
    began: Text
    ready: asyncio.Future[bool]
    """Whether it accepts connections; False when its line has ended."""
    running: asyncio.Task[None] | None = None
    listens: bool = False
    relays: bool = False
    missed: int = 0


@dataclass(eq=False)
class Hub:
    """`app` has the house by which files are judged; `data` is what it was made from."""

    app: App
    data: bytes
    workers: int
    members: dict[int, Member] = field(default_factory=dict)
    """Those that accept connections, by process id."""
    kept: Kept = field(default_factory=Kept)

    def __post_init__(self) -> None:
        self.leader = Leader(self.app, self.data, Workers(self._tell, self._settle, self._facts))
        self.leader.unwatched = self.app.log.unwatched
        self.app.follower = self.leader

    async def join(self, pid: int, end: socket.socket) -> Member:
        """A worker that has been started, with the other end of its line. Raises OSError."""
        ready = asyncio.get_running_loop().create_future()
        handlers: dict[str, Handler] = {}
        line = await Line.over(end, handlers, self._crashed)
        member = Member(pid, line, self.leader.first(), ready)
        handlers.update(self._handlers(member))
        line.tell("policy", member.began)
        member.running = asyncio.create_task(self._attend(member))
        return member

    def leave(self, member: Member) -> None:
        """Its process has ended, or is given up."""
        if member.running is not None:
            member.running.cancel()
        self._gone(member)

    async def all(self, what: str, body: Any = None, within: float = WITHIN) -> dict[int, msgspec.Raw]:
        """The answers of those that answer in time, by process id."""

        async def ask(member: Member) -> msgspec.Raw | None:
            patience = min(within, BRIEFLY) if member.line.silent else within
            try:
                return await member.line.ask(what, body, within=patience)
            except Silent:
                return None

        asked = list(self.members.values())
        answers = await asyncio.gather(*map(ask, asked))
        return {one.pid: answer for one, answer in zip(asked, answers, strict=True) if answer is not None}

    def _handlers(self, member: Member) -> dict[str, Handler]:
        async def ready(body: msgspec.Raw) -> None:
            self._ready(member)

        async def listen(body: msgspec.Raw) -> None:
            member.listens = read(body, bool)
            self._relay()

        async def event(body: msgspec.Raw) -> None:
            self._pass_on(member, body)

        async def counted(body: msgspec.Raw) -> None:
            if member.pid in self.members:
                self.kept.heard(member.pid, read(body, Told))

        return {
            "ready": ready,
            "counted": counted,
            "listen": listen,
            "event": event,
            "all": self._ask_all,
            "reload": self._reload,
            "back": self._back,
        }

    def _ready(self, member: Member) -> None:
        self.members[member.pid] = member
        for text in self.leader.since(member.began):
            member.line.tell("policy", text)
        if not member.ready.done():
            member.ready.set_result(True)
        self._relay()

    async def _attend(self, member: Member) -> None:
        await member.line.run()
        self._gone(member)

    def _gone(self, member: Member) -> None:
        if not member.ready.done():
            member.ready.set_result(False)
        if self.members.get(member.pid) is member:
            del self.members[member.pid]
            self.kept.ended(member.pid)
            self._relay()

    async def _ask_all(self, body: msgspec.Raw) -> Answers:
        asked = read(body, Ask)
        if asked.what not in ASKS:
            raise Silent(asked.what)
        answers = await self.all(asked.what, asked.body)
        # One that has ended meanwhile is among the ended already.
        living = {pid: answer for pid, answer in answers.items() if pid in self.members}
        found = Answers(self.workers, living)
        if asked.what == "report":
            for pid, answer in living.items():
                self.kept.heard(pid, read(answer, Report).told)
            found.besides, found.ended = self.kept.besides(living), ended()
        return found

    async def _reload(self, body: msgspec.Raw) -> dict[str, Any]:
        asked = read(body, Reload)
        loaded = await self.leader.whole(self.leader.load(again=True, by=asked.by, confirm=asked.confirm))
        return reloaded(self.app.house, loaded) | ({} if loaded is None else self._counted())

    async def _back(self, body: msgspec.Raw) -> dict[str, Any]:
        asked = read(body, Back)
        loaded = await self.leader.whole(self.leader.serve(asked.data, asked.by))
        return rolled_back(self.app.house, loaded) | self._counted()

    def _counted(self) -> dict[str, Any]:
        return {"workers": {"asked": self.workers, "answered": self.leader.answered}}

    async def _tell(self, text: Text) -> int:
        """All take the text; the first of them writes it down. One that stands still finds it when it goes on."""
        there = await self.all("there")
        asked = sorted(self.members.values(), key=lambda one: one.pid not in there)

        async def tell(member: Member) -> bool:
            said = msgspec.structs.replace(text, chronicled=member is asked[0])
            if member.line.silent:
                member.line.tell("policy", said)
                return False
            try:
                await member.line.ask("policy", said, within=TAKES_WITHIN)
            except Silent:
                return False
            return True

        return sum(await asyncio.gather(*map(tell, asked)))

    async def _settle(self) -> None:
        await self.all("settle")

    async def _facts(self) -> list[dict[str, Any]]:
        share = RECENT // max(len(self.members), 1)
        answers = await self.all("facts", share)
        return [facts for answer in answers.values() for facts in read(answer, list[dict[str, Any]])]

    def _relay(self) -> None:
        """A worker tells its events while somebody listens at another."""
        listening = {one.pid for one in self.members.values() if one.listens}
        for member in self.members.values():
            wanted = bool(listening - {member.pid})
            if wanted is not member.relays and member.line.tell("relay", wanted):
                member.relays = wanted

    def _pass_on(self, member: Member, body: msgspec.Raw) -> None:
        for other in self.members.values():
            if other is member or not other.listens:
                continue
            event: Any = body
            if other.missed:
                event = read(body, Event)
                event.missed += other.missed
            other.missed = 0 if other.line.tell("event", event) else other.missed + 1

    def _crashed(self, what: str, error: Exception) -> None:
        self.app.log.crash("", f"crew:{what}", error)


def ended() -> float:
    """Processor time of the children that were waited for."""
    times = os.times()
    return times.children_user + times.children_system
