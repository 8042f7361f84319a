"""Long blocks and verdicts outlive a restart: what is put aside goes to the ledger, and comes back from it.

A verdict falls with the policy under which it was found, as it does on reload, and both fall with the key: whoever has
put a new one into the environment and started again wants it to be tried, as does whoever has let the machine trust a
certificate. What comes from the file is bounded like anything a user may have written.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Mapping
from typing import Any

import msgspec

from engine.blocks import LONGEST, Aside, Blocks, Subject
from engine.decision import short
from engine.generation import Generation
from engine.ledger import Ledger, Unreadable
from engine.ledger_pages import asides
from engine.ledger_tables import ASIDES
from providers.failures import OUTCOMES

LONG = 60.0
"""Seconds; a shorter block is over before it would be of use."""


class Asides:
    """Keeps the ledger's asides what those of `blocks` are."""

    def __init__(self, ledger: Ledger, blocks: Blocks) -> None:
        self._ledger = ledger
        self._blocks = blocks
        self._kept: dict[Subject, Aside] = {}
        self._salt = ""

    async def restore(self, now: float, generation: Generation) -> None:
        """Put aside what was so when the server stopped; `now` on the loop's clock."""
        try:
            self._salt, rows = await self._ledger.read(asides)
        except Unreadable:
            return
        for row in rows:
            found = restored(row, now, generation, self._salt)
            if found is not None:
                subject, aside = found
                self._kept[subject] = aside
                held = self._blocks.asides.get(subject)
                if held is None or held.until < aside.until:
                    self._blocks.asides[subject] = aside

    def sync(self, now: float, generation: Generation) -> None:
        """Tell the ledger what has changed."""
        held = {
            subject: aside
            for subject, aside in self._blocks.asides.items()
            if aside.until > now + (0.0 if aside.verdict else LONG) or self._kept.get(subject) == aside
        }
        for subject in self._kept.keys() - held.keys():
            self._ledger.drop(ASIDES, name_of(subject))
        for subject, aside in held.items():
            if self._kept.get(subject) != aside:
                until = round(time.time() + aside.until - now, 3)
                mark = mark_of(subject, generation, self._salt)
                row = (name_of(subject), until, short(aside.why), aside.verdict, generation.id, mark)
                self._ledger.put(ASIDES, *row)
        self._kept = held


def restored(
    row: Mapping[str, Any], now: float, generation: Generation, salt: str
) -> tuple[Subject, Aside] | None:
    """A row as the aside that it still is; None when it is over, void or not to be trusted."""
    try:
        subject = tuple(msgspec.json.decode(row["subject"], type=list[str]))
        until, why, verdict = float(row["until"]), str(row["why"]), row["verdict"]
    except (TypeError, ValueError, msgspec.DecodeError):
        return None
    left = until - time.time()
    if len(subject) not in (2, 3) or subject[0] not in generation.providers or not 0 < left < math.inf:
        return None
    if row["mark"] != mark_of(subject, generation, salt):
        return None
    longest = LONGEST
    if verdict is not None:
        outcome = OUTCOMES.get(verdict)
        longest = (outcome is not None and not outcome.local and outcome.verdict) or 0.0
        if not longest or row["generation"] != generation.id:
            return None
    return subject, Aside(now + min(left, longest), short(why), verdict)


def name_of(subject: Subject) -> str:
    return msgspec.json.encode(subject).decode()


def mark_of(subject: Subject, generation: Generation, salt: str) -> str:
    """Tells a key from its successor and says nothing of it to anybody else: four bytes of many."""
    provider = generation.providers.get(subject[0])
    for key in provider.keys if provider is not None else ():
        if key.id == subject[1] and key.secret:
            value = key.secret.reveal().encode("utf-8", "surrogatepass")
            return hashlib.blake2b(value, digest_size=4, key=salt.encode()).hexdigest()
    return ""
