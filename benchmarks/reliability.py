"""How much does it withstand? `python benchmarks/reliability.py [--short] [--only NAME] [--write]`.

Prints one figure after the other with its target, and the set-up they were taken on; `--write` puts them into
docs/reliability.md. The long form takes about an hour, the short one two minutes. Exit status 1 when a target
is missed.

A new figure is one more entry of `FIGURES`: a name, how it is taken, its target, and a function that takes it.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "reliability.md"
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "fcc"), str(ROOT / "benchmarks")]

TESTS = {
    "faults": ("fcc/test_faults_matrix.py", "fcc/test_faults_rescue.py"),
    "one call": tuple(
        f"providers/test_providers_{name}.py"
        for name in ("transport", "connecting", "pool", "deadline", "off_loop")
    ),
    "simulation": ("engine/test_engine_simulation.py",),
    "reloads": ("fcc/test_fcc_reload_load.py", "fcc/test_fcc_handover.py"),
    "pool": ("providers/test_providers_pool.py::test_hundreds_of_cancelled_calls_leave_the_pool_whole",),
    "canaries": ("fcc/test_security_secrets.py",),
    "doors": ("fcc/test_security_doors.py", "fcc/test_fcc_gate.py", "fcc/test_fcc_protocol.py"),
    "security": tuple(f"fcc/test_security_{name}.py" for name in ("upstreams", "limits", "files")),
    "shared limits": ("engine/test_engine_shared_limits.py", "engine/test_engine_shared_troubles.py"),
}
"""What pytest is given, below `tests`, for the figures that it takes."""
FUZZED = ("sse", "translators", "anthropic_request", "language")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was measured, in words, and whether it meets the target."""

    value: str
    good: bool


@dataclass(frozen=True, slots=True)
class Figure:
    name: str
    method: str
    target: str
    take: Callable[[bool], Outcome]
    """Is told whether the short form will do."""


@dataclass(frozen=True, slots=True)
class Suite:
    """What pytest made of some files. `failed`: the tests that did; `output` is all it printed."""

    passed: int
    total: int
    failed: tuple[str, ...]
    output: str

    @property
    def good(self) -> bool:
        return 0 < self.passed == self.total

    def outcome(self, value: str, *others: Suite) -> Outcome:
        """`value`, and by name what failed here or in others."""
        suites = (self, *others)
        failed = [name for suite in suites for name in suite.failed]
        shown = f"{value}; failed: {', '.join(failed)}" if failed else value
        return Outcome(shown, all(suite.good for suite in suites))


def run_tests(figure: str, short: bool, processes: int = 0, **env: str) -> Suite:
    """Run the tests of a figure; what is skipped does not count.

    Several `processes` are for what takes no times.
    """
    long = {} if short else {"FCC_LONG": "1"}
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "told.xml"
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            f"--junitxml={told}",
            f"--numprocesses={processes}",
            *(f"tests/{name}" for name in TESTS[figure]),
        ]
        environment = {**os.environ, **long, **env}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        if not told.exists():
            raise RuntimeError(f"pytest did not run: {done.stderr or done.stdout}")
        suite = next(ElementTree.parse(told).iter("testsuite"))
    count = {name: int(suite.get(name, "0")) for name in ("tests", "failures", "errors", "skipped")}
    total = count["tests"] - count["skipped"]
    if total == 0:
        raise RuntimeError(f"pytest ran no test: {done.stderr or done.stdout}")
    failed = tuple(
        case.get("name", "")
        for case in suite.iter("testcase")
        if case.find("failure") is not None or case.find("error") is not None
    )
    return Suite(total - count["failures"] - count["errors"], total, failed, done.stdout)


# --- figures ----------------------------------------------------------------------------------------------------------


def faults(short: bool) -> Outcome:
    matrix: Any = importlib.import_module("test_faults_matrix")
    every = sum(
        len(list(matrix.variants(number)))
        for rows, _, _ in matrix.STAGES.values()
        for number in range(len(rows))
    )
    suite = run_tests("faults", short)
    wrong = sum(int(found) for found in re.findall(r"AssertionError: (\d+) of \d+:", suite.output))
    transport = run_tests("one call", short)
    value = (
        f"{every - wrong} / {every} over the whole server, {transport.passed} / {transport.total} of one call"
    )
    return suite.outcome(value, transport)


def simulation(short: bool) -> Outcome:
    seeds = "60" if short else "1000"
    suite = run_tests(
        "simulation",
        short,
        processes=os.cpu_count() or 1,
        FCC_SEEDS=seeds,
        **({} if short else {"FCC_MINUTES": "60"}),
    )
    return suite.outcome(f"{seeds} seeds, {suite.total - suite.passed} batches with a violation")


def reloads(short: bool) -> Outcome:
    load: Any = importlib.import_module("test_fcc_reload_load")
    suite = run_tests("reloads", short)
    times = load.TIMES if short else 1000
    return Outcome(
        f"{0 if suite.good else 'some'} lost in {times} reloads and {3 if short else 24} handovers",
        suite.good,
    )


def hostile_sizes(short: bool) -> Outcome:
    bounds: Any = importlib.import_module("test_bounds")
    runs: list[dict[str, Any]] = [asyncio.run(bounds.all_of_them()) for _ in range(2 if short else 3)]
    hostile = [name for name in runs[0] if name not in bounds.LARGE]

    def longest(names: Iterable[str], what: str) -> float:
        """Of the shortest in all runs."""
        return max(min(getattr(run[name], what) for run in runs) for name in names)

    memory = max(run[name].memory for run in runs for name in hostile)
    pause, large = longest(hostile, "pause"), longest(bounds.LARGE, "pause")
    held = longest(runs[0], "held")
    value = (
        f"{len(hostile)} cases: at most {memory:.1f} MB more, longest pause {pause * 1000:.0f} ms; {len(bounds.LARGE)} "
        f"requests of 30 MB: longest pause {large * 1000:.0f} ms; most work at a time {held * 1000:.0f} ms"
    )
    most = bounds.LONGEST_PAUSE
    return Outcome(value, memory < bounds.MOST_MEMORY and pause < most and held < most)


def cancels(short: bool) -> Outcome:
    delays = asyncio.run(cancel_delays(50 if short else 200))
    worst = statistics.quantiles(delays, n=100)[98]
    value = f"p50 {statistics.median(delays) * 1000:.1f} ms, p99 {worst * 1000:.1f} ms of {len(delays)}"
    return Outcome(value, worst < 0.25)


async def cancel_delays(count: int) -> list[float]:
    """Seconds from the moment a client closes until its upstream sees that the connection is gone."""
    from support.process import serving
    from support.upstream import Peer, Upstream, openai_chunk

    delays: list[float] = []
    gone = asyncio.Event()

    async def talks_on(peer: Peer) -> None:
        await peer.stream_head()
        await peer.chunk(openai_chunk("hello"))
        await peer.until_gone()
        gone.set()

    async with serving("route rest use a/m", a=Upstream(talks_on)) as fcc:
        body = {
            "model": "m",
            "max_tokens": 5,
            "stream": True,
            "messages": [{"role": "user", "content": "hi"}],
        }
        for _ in range(count):
            gone.clear()
            async with fcc.client.stream("POST", "/v1/messages", json=body) as response:
                async for data in response.aiter_bytes():
                    if b"hello" in data:
                        break
                began = time.perf_counter()
            await asyncio.wait_for(gone.wait(), 5)
            delays.append(time.perf_counter() - began)
    return delays


def pool(short: bool) -> Outcome:
    suite = run_tests("pool", short)
    return Outcome("10 of 10 good" if suite.good else "broken", suite.good)


def soak(short: bool) -> Outcome:
    module: Any = importlib.import_module("soak")
    seconds, streams = (20.0, 20) if short else (900.0, 40)
    result = asyncio.run(module.soak(seconds, streams))
    before, after = result.before, result.after
    value = (
        f"{seconds / 60:.1f} min, {result.answered + result.failed + result.left:,} requests: "
        f"{'' if short else f'{result.growth:+.2f} MB in 10 min, '}tasks {before.tasks} → {after.tasks}, "
        f"descriptors {before.descriptors} → {after.descriptors}"
    )
    same = abs(after.tasks - before.tasks) <= 2 and abs(after.descriptors - before.descriptors) <= 2
    return Outcome(value, same and (short or result.growth < module.MOST_GROWTH))


def canaries(short: bool) -> Outcome:
    suite = run_tests("canaries", short)
    return suite.outcome(f"{suite.passed} / {suite.total} tests without a leak")


def browsers(short: bool) -> Outcome:
    suite = run_tests("doors", short)
    return suite.outcome(f"{suite.passed} / {suite.total} tests")


def security(short: bool) -> Outcome:
    suite = run_tests("security", short)
    return suite.outcome(f"{suite.passed} / {suite.total} tests")


def over_admission(short: bool) -> Outcome:
    suite = run_tests("shared limits", short)
    return suite.outcome(f"{suite.passed} / {suite.total} tests")


def fuzzing(short: bool) -> Outcome:
    """Counts runs; a crash or a hang ends a target with another status than 0."""
    seconds = 5 if short else 240
    runs, bad = 0, []
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(os.cpu_count()) as side_by_side:

        def fuzzed(name: str) -> subprocess.CompletedProcess[str]:
            command = [sys.executable, str(ROOT / "fuzz" / f"{name}.py"), f"-max_total_time={seconds}"]
            return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)

        for name, done in zip(FUZZED, side_by_side.map(fuzzed, FUZZED), strict=True):
            runs += sum(map(int, re.findall(r"Done (\d+) runs", done.stderr + done.stdout)))
            bad += [name] if done.returncode else []
    crashed = f"crashed: {', '.join(bad)}" if bad else "no crash and no hang"
    value = f"{runs:,} inputs, {crashed}"
    return Outcome(value, not bad)


FIGURES = (
    Figure("cancels", "from the client's close to the upstream's", "p99 under 250 ms", cancels),
    Figure(
        "hostile sizes",
        "endless lines and heads, bombs, floods of events, deaf clients, requests as large as they may be; "
        "the shortest pause of 2 runs, or 3",
        "under 16 MB and 100 ms, for large requests of work",
        hostile_sizes,
    ),
    Figure("shared limits", "several processes and a Redis that fails", "all", over_admission),
    Figure("pool", "ten calls after 480 that were cancelled, or 10,080", "10 of 10", pool),
    Figure(
        "faults",
        "every fault of an upstream, streamed or not, alone or with a fallback, over sockets",
        "N / N",
        faults,
    ),
    Figure("reloads", "clients stream while the file changes and servers take over", "0 lost", reloads),
    Figure(
        "soak",
        "streams without a pause, 5 % faults, 5 % cancels",
        "under 1 MB in 10 min, rest as before",
        soak,
    ),
    Figure("canaries", "secrets and prompts looked for in all that comes out", "0 leaks", canaries),
    Figure("doors", "hosts, origins, tokens, smuggling, slow clients", "all refused", browsers),
    Figure("rest of the security list", "upstream choice, headers, limits, names, files", "all", security),
    Figure(
        "simulation",
        "the chain on a virtual clock with random outages, limits and cancels",
        "0 violations",
        simulation,
    ),
    Figure("fuzzing", "language, event decoder, translators, requests", "no crash, no hang", fuzzing),
)
"""Those that measure times come first."""


# --- the report -------------------------------------------------------------------------------------------------------


def machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"Python {platform.python_version()}, {platform.system()} {platform.machine()}, {os.cpu_count()} cores, "
        f"{memory:.0f} GB; loopback only"
    )


def taken(figure: Figure, short: bool) -> tuple[Outcome, str]:
    """What came out, and its row of the page: with the day, the form, and how busy the machine was before."""
    when = f"{time.strftime('%-d %b')}{', short' if short else ''}, {os.getloadavg()[0]:.1f}"
    outcome = figure.take(short)
    value = f"{outcome.value}{'' if outcome.good else ' ✗'}"
    return outcome, f"| {figure.name} | {figure.method} | {figure.target} | {value} | {when} |"


def page(rows: dict[str, str]) -> str:
    """The page with these rows, by figure; the others stay as they are on it."""
    old = {
        line.split("|")[1].strip(): line
        for line in PAGE.read_text(encoding="utf-8").splitlines()
        if "|" in line
    }
    kept = {**old, **rows}
    return "\n".join(
        [
            "# Reliability",
            "",
            f"Written by `python benchmarks/reliability.py --write` on {machine()}.",
            "The last column has the day, and the load of the machine when the figure was begun;",
            "one alone is taken again with `--only NAME`.",
            "",
            "| figure | how it is taken | target | measured | when, load |",
            "|---|---|---|---|---|",
            *(kept[figure.name] for figure in FIGURES if figure.name in kept),
            "",
        ]
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--short", action="store_true", help="less of everything, for CI")
    parser.add_argument(
        "--only", action="append", choices=[one.name for one in FIGURES], help="these figures alone"
    )
    parser.add_argument("--write", action="store_true", help="put them into docs/reliability.md")
    chosen = parser.parse_args()
    print(machine(), flush=True)
    good = True
    for figure in FIGURES:
        if chosen.only and figure.name not in chosen.only:
            continue
        outcome, row = taken(figure, chosen.short)
        good = good and outcome.good
        mark = "ok " if outcome.good else "BAD"
        print(f"{mark} {figure.name:<26} {outcome.value}   (target: {figure.target})", flush=True)
        if chosen.write:
            PAGE.write_text(page({figure.name: row}), encoding="utf-8")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
