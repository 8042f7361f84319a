"""What one routing decision costs, by the number of routes: `python benchmarks/decide.py`.

Every request is a new one, as the server sees it, except that model ids repeat. The facts themselves are given:
estimating tokens or recognising a task is the matter of another measurement. The last column asks for a route near
the end of the file, where a router that walks its list would be slowest.
"""

from __future__ import annotations

import platform
import random
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from engine.router import Router
from rules.parser import parse
from rules.policy_types import Policy
from rules.resolve import resolve
from rules.settings import Settings

SIZES = (10, 100, 1_000, 5_000)
REQUESTS = 2_000
ROUNDS = 9
BATCH = 500
"""Routes that are parsed at once; a file may not hold more, a policy may."""


@dataclass
class Request:
    """A request whose facts are known."""

    model: str
    tokens: int
    images: int
    stream: bool
    thinking: bool
    task: str = "main"
    effort: str = "none"
    tool: frozenset[str] = field(default_factory=frozenset)
    tools: int = 0
    documents: int = 0
    turns: int = 1
    max_tokens: int = 32_000
    session: str = ""
    client: str = ""
    agent: str = ""
    minute: int = 600
    day: str = "mon"

    def header(self, name: str) -> str:
        return ""


def route(number: int, rng: random.Random) -> str:
    tests = [
        f'model is "{rng.choice(["*", "claude-"])}{number}*"',
        f"tokens > {rng.randint(1, 200)}k",
        f"images > {rng.randint(0, 3)}",
        f'tool is "Tool{rng.randint(0, 30)}"',
        rng.choice(["stream", "thinking", "not thinking"]),
        rng.choice(["task is title", "effort in (high, max)"]),
    ]
    return f"route r{number} when {' and '.join([tests[0], *rng.sample(tests[1:], rng.randint(0, 3))])} use zen/m"


def policy(size: int) -> Policy:
    """Half routes with one to four tests, half offers, a catch-all at the end."""
    rng = random.Random(size)
    lines = [route(n, rng) if n % 2 else f"offer zen/model-{n}" for n in range(size - 1)]
    routes = []
    for start in range(0, len(lines), BATCH):
        document, found = parse("\n".join(lines[start : start + BATCH]))
        assert not found, found
        routes += resolve(document, Settings(), {}).routes
    last = resolve(parse("route rest use zen/m")[0], Settings(), {})
    return Policy((*routes, *last.routes), {}, {}, (), (), (), (), Settings())


def requests(size: int, *, late: bool) -> list[Request]:
    rng = random.Random(size)
    lowest = max(size - 20, 0) if late else 0
    return [
        Request(
            model=f"zen/model-{rng.randrange(lowest, size)}",
            tokens=rng.randrange(200_000),
            images=rng.randrange(3),
            stream=rng.random() < 0.9,
            thinking=rng.random() < 0.5,
            tool=frozenset({"Tool1", "Tool2", "Bash", "Read"}),
        )
        for _ in range(REQUESTS)
    ]


def measure(router: Router, asked: list[Request]) -> float:
    """Microseconds a decision: the median of some rounds."""
    found = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        for one in asked:
            router.decide(one)
        found.append((time.perf_counter() - started) / len(asked) * 1e6)
    return median(found)


def main() -> None:
    print(
        f"Python {platform.python_version()} on {platform.machine()}, {REQUESTS} requests, median of {ROUNDS} rounds"
    )
    print(f"{'routes':>7} {'compile ms':>11} {'any µs':>8} {'last 20 µs':>11}")
    for size in SIZES:
        read = policy(size)
        started = time.perf_counter()
        router = Router(read)
        compiled = (time.perf_counter() - started) * 1e3
        any_, last = (measure(router, requests(size, late=late)) for late in (False, True))
        print(f"{size:>7} {compiled:>11.1f} {any_:>8.2f} {last:>11.2f}")


if __name__ == "__main__":
    main()
