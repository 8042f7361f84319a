"""The state of several workers as that of one server. Pure.

What is in flight adds up. Of a model the worst worker counts, because a request may come to that one: the longest rest,
the strictest block. Which workers did not answer is said, not guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

Page = dict[str, Any]

WORST = ("verdict", "blocked", "resting", "limited", "busy", "probing", "healthy")
COUNTED = ("committed", "lost")


def state(pages: Sequence[Page], workers: int, *, apart: bool) -> Page:
    """As `fcc.admin.state.state_page`, of at least one, and `workers`: how many were asked and how many answered.

    `apart`: each worker allows every limit in full.
    """
    first = pages[0]
    problems = [*dict.fromkeys(text for page in pages for text in page["problems"]), *odd(pages, workers)]
    return {
        **first,
        "status": "degraded" if problems else "ok",
        "problems": problems,
        "started": min(page["started"] for page in pages),
        "offline": any(page["offline"] for page in pages),
        "in_flight": sorted((one for page in pages for one in page["in_flight"]), key=lambda one: one["at"]),
        "candidates": candidates([page["candidates"] for page in pages], apart=apart),
        "ledger": ledger([page["ledger"] for page in pages]),
        "workers": {"asked": workers, "answered": len(pages)},
    }


def odd(pages: Sequence[Page], workers: int) -> Iterable[str]:
    """What is wrong with the crew."""
    if len(pages) < workers:
        yield f"{workers - len(pages)} of {workers} workers do not answer: what they know is missing here"
    generations = list(dict.fromkeys(page["generation"] for page in pages))
    if len(generations) > 1:
        yield f"the workers serve different policies: {', '.join(generations)}"


def ledger(pages: Sequence[Page | None]) -> Page | None:
    found = [page for page in pages if page is not None]
    if not found:
        return None
    problems = (page["problem"] for page in found if page["problem"])
    sums = {name: sum(page[name] for page in found) for name in COUNTED}
    return {**found[0], **sums, "problem": next(problems, None)}


def candidates(pictures: Sequence[list[Page]], *, apart: bool = False) -> list[Page]:
    """Pictures of `engine.picture`, one list a worker, as one list in the order of the first."""
    by_target: dict[str, list[Page]] = {}
    for picture in pictures:
        for one in picture:
            by_target.setdefault(one["target"], []).append(one)
    return [candidate(each, apart=apart) for each in by_target.values()]


def candidate(pictures: Sequence[Page], *, apart: bool) -> Page:
    worst = min(pictures, key=lambda one: (WORST.index(one["state"]), -(one["until"] or 0.0)))
    alike = sum(one["state"] == worst["state"] for one in pictures)
    why = worst["why"]
    if why is not None and alike < len(pictures):
        why = f"{why} (in {alike} of {len(pictures)} workers)"
    times = [one["first_token_ms"] for one in pictures if one["first_token_ms"] is not None]
    return {
        **worst,
        "why": why,
        "in_flight": sum(one["in_flight"] for one in pictures),
        "first_token_ms": round(sum(times) / len(times), 1) if times else None,
        "limit": limit([one["limit"] for one in pictures], apart=apart),
        "without": sorted({field for one in pictures for field in one["without"]}),
    }


def limit(limits: Sequence[Page | None], *, apart: bool) -> Page | None:
    """`used` and `in_flight` are those of all workers; so are `count` and `at_once` where each has a whole limit."""
    found = [one for one in limits if one is not None]
    if not found:
        return None
    times = len(found) if apart else 1
    free = [one["free_at"] for one in found if one["free_at"] is not None]
    return {
        **found[0],
        "count": found[0]["count"] and found[0]["count"] * times,
        "at_once": found[0]["at_once"] and found[0]["at_once"] * times,
        "used": sum(one["used"] for one in found),
        "in_flight": sum(one["in_flight"] for one in found),
        "free_at": max(free, default=None),
    }
