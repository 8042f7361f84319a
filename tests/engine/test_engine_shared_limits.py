"""Four processes and one limit: together they admit no more than it says, whatever happens to Redis.

What is tested are the clocks of real processes and of Redis, so time passes as it does; waiting is part of the test.
FCC_LONG=1 runs it for longer, with the windows and the troubles of the measurements this rests on.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

import pytest

from engine.limits import LimitRule
from support.asker import Askers, Errand
from support.redis_server import RedisServer, needs_redis, redis_server

LONG = os.environ.get("FCC_LONG") == "1"
COUNT = 40
WINDOW = 2.0 if LONG else 0.4
RUN = 20.0 if LONG else 1.5
TROUBLE = 2.5 if LONG else 0.4
PROCESSES = 4
PREEMPTED = 0.02
"""Seconds that may pass between being let and writing down when, on a machine with other work."""

pytestmark = needs_redis

Happening = Callable[[RedisServer], None]


def nothing(server: RedisServer) -> None:
    pass


def frozen(server: RedisServer) -> None:
    time.sleep(RUN / 4)
    server.send(signal.SIGSTOP)
    time.sleep(TROUBLE)
    server.send(signal.SIGCONT)


def killed(server: RedisServer) -> None:
    time.sleep(RUN / 4)
    server.stop()
    server.start()


def flushed(server: RedisServer) -> None:
    for _ in range(3):
        time.sleep(RUN / 4)
        server.say("FLUSHALL")


def forgetful(server: RedisServer) -> None:
    for _ in range(3):
        time.sleep(RUN / 4)
        server.say("SCRIPT", "FLUSH")


def gone(server: RedisServer) -> None:
    time.sleep(RUN / 4)
    server.stop()


def worst(times: list[float]) -> int:
    """The most admissions in any window."""
    times = sorted(times)
    first = most = 0
    for last, at in enumerate(times):
        while times[first] <= at - WINDOW + PREEMPTED:
            first += 1
        most = max(most, last - first + 1)
    return most


def admitted(urls: list[str], happens: Happening, server: RedisServer, skew: float = 0.0) -> list[float]:
    """When any of the processes, one for each address, was let; the first one's clock is ahead."""
    rule = LimitRule(COUNT, WINDOW)
    # Where nothing happens to Redis a slow machine must not look as if something did.
    within = 0.1 if happens in (frozen, killed, gone) else 2.0
    errands = [
        Errand(url, rule, RUN, len(urls), 0.0 if index else skew, within) for index, url in enumerate(urls)
    ]
    with Askers(errands) as askers:
        happens(server)
        return [at for times in askers.times() for at in times]


BRIEF = [(nothing, 0.0, 1.00), (nothing, 1.5, 1.10), (frozen, 0.0, 1.10), (killed, 0.0, 1.10)]
LENGTHY = [(flushed, 0.0, 1.10), (forgetful, 0.0, 1.00), (gone, 0.0, 1.10)]


@pytest.mark.parametrize(("happens", "skew", "most"), [*BRIEF, *(LENGTHY if LONG else ())])
def test_together_they_keep_the_limit(happens: Happening, skew: float, most: float) -> None:
    with redis_server() as server:
        times = admitted([server.url] * PROCESSES, happens, server, skew)
    share = worst(times) / COUNT
    floor = 0.5 * COUNT * RUN / WINDOW
    print(f"worst window {share:.2f}x, {len(times)} let, at least {floor:.0f}")
    assert share <= most
    assert len(times) >= floor


def test_one_that_is_cut_off_has_its_share() -> None:
    with redis_server() as server, redis_server(start=False) as nowhere:
        times = admitted([*[server.url] * (PROCESSES - 1), nowhere.url], nothing, server)
    share = worst(times) / COUNT
    print(f"partitioned: worst window {share:.2f}x, {len(times)} let")
    assert 0.5 < share <= 1.25
