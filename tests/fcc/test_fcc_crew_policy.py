"""The one that reads the policy for all workers: what it tells them, and what those are told that come later."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from fcc.crew.policy import Leader, Text, Workers, held_of
from support.decisions import FACTS
from support.world import application, policy, run, until

OLD, NEW = 'route rest answer "A"', 'route rest answer "B"'
BROKEN = "route rest use nowhere"
GUARD = '[reload]\nguard = "20%"\n'


class Crew:
    """Workers that do as they are told, and remember it."""

    def __init__(self, facts: list[dict[str, Any]] | None = None) -> None:
        self.told: list[Text] = []
        self.settled = 0
        self.may = asyncio.Event()
        self.may.set()
        self._facts = facts or []

    def workers(self) -> Workers:
        return Workers(self.tell, self.settle, self.facts)

    async def tell(self, text: Text) -> int:
        await self.may.wait()
        self.told.append(text)
        return 3

    async def settle(self) -> None:
        self.settled += 1

    async def facts(self) -> list[dict[str, Any]]:
        return self._facts


def leading(folder: Path, crew: Crew, tables: str = "") -> Leader:
    text = policy(OLD, tables)
    app = application(folder, text, [])
    return Leader(app, text.encode(), crew.workers())


async def reads(leader: Leader, rules: str, tables: str = "", **options: Any) -> Text:
    """The text of these rules, as it is read from the file."""
    data = policy(rules, tables).encode()
    leader.path.write_bytes(data)
    await leader.load(again=True, **options)
    return Text(data, "file")


def test_a_new_worker_is_told_what_it_cannot_know(tmp_path: Path) -> None:
    async def test() -> None:
        crew = Crew()
        leader = leading(tmp_path, crew)
        early = leader.first()
        assert (early.by, early.chronicled) == ("start", True)
        assert not leader.first().chronicled, "it is written down once"
        assert leader.since(early) == []

        refused = await reads(leader, BROKEN)
        assert crew.told == [refused]
        assert leader.since(leader.first()) == [refused]

        new = await reads(leader, NEW)
        assert leader.since(early) == [new]
        assert leader.first() == new
        assert leader.since(leader.first()) == []

        remarked = await reads(leader, f"# a remark\n{NEW}")
        assert leader.first() == new, "the generation keeps its id"
        assert leader.since(leader.first()) == [remarked]

        await leader.serve(early.data, "roll-back")
        assert leader.first() == Text(early.data, "roll-back", file=False)
        assert leader.answered == 3

    run(test())


def test_what_the_guard_holds_back_is_told_with_its_reason(tmp_path: Path) -> None:
    async def test() -> None:
        crew = Crew(facts=[dict(FACTS)] * 4)
        leader = leading(tmp_path, crew, GUARD)
        await reads(leader, NEW, GUARD)
        held = held_of(crew.told[-1])
        assert held is not None
        assert held.why.startswith("100% of the last 4 requests would move")
        assert held.witness == FACTS
        assert crew.settled == 1

        worker = application(tmp_path, policy(OLD, GUARD), [])
        loaded = await worker.house.accept_async(crew.told[-1].data, held=held)
        assert loaded.policy is None
        assert worker.house.held == leader.house.held
        assert worker.house.problem == leader.house.problem

        await reads(leader, NEW, GUARD, confirm=leader.house.held)
        assert held_of(crew.told[-1]) is None
        assert crew.settled == 1, "what is confirmed is not measured"

    run(test())


def test_what_has_begun_is_done_though_nobody_waits_for_it(tmp_path: Path) -> None:
    async def test() -> None:
        crew = Crew()
        leader = leading(tmp_path, crew)
        crew.may.clear()
        asking = asyncio.create_task(leader.whole(reads(leader, NEW)))
        await asyncio.sleep(0)
        asking.cancel()
        crew.may.set()
        await until(lambda: bool(crew.told))  # it is done by a task that nobody has
        assert b'"B"' in crew.told[-1].data

    run(test())
