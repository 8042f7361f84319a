"""What is remembered of one request once it is over: one row of the ledger, and enough facts to decide it again.

Never a prompt, never a key. Whatever a client may have written, names above all, is cut to a bounded, printable text.
"""

from __future__ import annotations

import time
from itertools import pairwise
from typing import Any

import msgspec

from engine.attempt import Tried
from engine.facts import Facts
from engine.run import Run
from rules.cells import FactKey
from rules.facts import FACTS
from rules.given import DEFAULTS
from translators.events import Usage

LONGEST = 200
"""Characters of a text that a client or an upstream chose."""
MOST_TOOLS = 256
MOST_ATTEMPTS = 32
CREDENTIALS = frozenset({"authorization", "x-api-key", "api-key", "cookie", "proxy-authorization"})
"""Headers that are not kept, whatever a policy asks about them."""

CHEAP = tuple(
    (fact.name, fact.read, fact.kind in ("text", "word"), bool(DEFAULTS[fact.name]))
    for fact in FACTS.values()
    if fact.kind not in ("set", "header")
)
"""Name, reader, whether the value is a text, whether it is kept when it is empty."""


class Tries(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One attempt. Times in milliseconds, `after`: since the request came in. Of a failure also the upstream's status
    and its words, without keys and without what they quote of the prompt.
    """

    target: str
    failure: str | None
    after: float
    ms: float
    first_token_ms: float | None
    status: int | None = None
    message: str = ""


class Skipped(msgspec.Struct, frozen=True, gc=False):
    """A candidate that was not asked."""

    target: str
    why: str


class Decision(msgspec.Struct, frozen=True, array_like=True):
    """A row of `decisions`: see there for what the fields mean."""

    request: str
    at: float
    session: str
    sub_agent: str
    client: str
    task: str
    asked: str
    stream: bool
    bytes: int
    route: str
    target: str
    status: int
    error: str | None
    failovers: int
    first_token_ms: float | None
    ms: float
    tokens_in: int | None
    tokens_out: int | None
    cache_read: int | None
    cache_write: int | None
    generation: str
    attempts: list[Tries]
    skipped: list[Skipped]
    facts: dict[str, Any]

    @property
    def failed(self) -> bool:
        """The client got no whole answer, and not because it left."""
        return self.error is not None and self.status != 499


def decision(
    run: Run,
    *,
    request: str,
    now: float,
    ms: float,
    status: int = 200,
    error: str | None = None,
    first_token_ms: float | None = None,
    usage: Usage | None = None,
) -> Decision:
    """The row of a run that is over, or would be if its last bytes were out. `now` on the loop's clock, `ms` since the
    request came in."""
    facts, tried, used = run.facts, run.attempts, usage or NOTHING
    return Decision(
        request,
        round(time.time() - ms / 1000, 3),
        facts.session,
        facts.sub_agent,
        facts.client,
        facts.task,
        short(run.request.asked),
        run.request.stream,
        run.request.size,
        run.route,
        short(run.target),
        status,
        error,
        failovers(tried),
        first_token_ms,
        ms,
        used.input,
        used.output,
        used.cache_read,
        used.cache_write,
        run.generation.id,
        [tries(one, now, ms) for one in tried[:MOST_ATTEMPTS]],
        [Skipped(short(target), short(skip.text)) for target, skip in run.skipped[:MOST_ATTEMPTS]],
        kept_facts(facts, run.generation.router.facts),
    )


NOTHING = Usage()


def tries(one: Tried, now: float, whole: float) -> Tries:
    """An attempt that is still answering ends now, `whole` milliseconds after the request came in."""
    since = (now - one.sent) * 1000
    ms = one.milliseconds or (round(since, 1) if one.failure is None else 0.0)
    after = round(max(whole - since, 0.0), 1)
    return Tries(
        short(one.target), one.failure, after, ms, one.first_token_ms, one.status, short(one.message)
    )


def failovers(tried: list[Tried]) -> int:
    """How often the walk went on to another model."""
    return sum(one.target != before.target for before, one in pairwise(tried))


def kept_facts(facts: Facts, asked: frozenset[FactKey]) -> dict[str, Any]:
    """The request as `rules.given.from_values` takes it. All facts that cost little, so that a later policy may ask
    about them too; tools and headers only if this policy asks. What is zero or empty, as by default, is left out.
    """
    kept: dict[str, Any] = {}
    for name, read, is_text, always in CHEAP:
        value = read(facts)
        if value or always:
            kept[name] = short(value) if is_text else value
    for name, header in asked:
        if name == "tool":
            kept[name] = sorted(map(short, facts.tool))[:MOST_TOOLS]
        elif header is not None and header not in CREDENTIALS and (said := facts.header(header)):
            kept[f"header.{header}"] = short(said)
    return kept


def short(text: str) -> str:
    """At most `LONGEST` characters, none of which ends a line, hides or is half a pair."""
    text = text[:LONGEST]
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else "�" for char in text)
