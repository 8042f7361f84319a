"""The log for people: one line a request, and what came of the policy file in full.

12:03:11  coding  zen/minimax-m2.5-free timeout → nvidia_nim/z-ai/glm4.7  first token 0.8 s, 3.1 s  12,403 in, 512 out
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from fcc.log import LEVELS, Log, to_stderr
from fcc.report import findings, wants_colour
from rules.policy import Loaded

COLOURS = {"dim": "2", "good": "32", "bad": "31", "odd": "33", "strong": "1"}


def painter(coloured: bool) -> Callable[[str, str], str]:
    """`paint(text, role)`: the text made harmless, and in the colour of its role if colours are wanted."""
    if not coloured:
        return lambda text, role: printable(text)
    return lambda text, role: f"\x1b[{COLOURS[role]}m{printable(text)}\x1b[0m" if text else text


class TerminalLog(Log):
    """Says what `Log` says, for the eye."""

    def __init__(
        self,
        level: str = "info",
        write: Callable[[bytes], None] = to_stderr,
        *,
        coloured: bool | None = None,
    ) -> None:
        super().__init__(level, write)
        self.coloured = wants_colour() if coloured is None else coloured
        self.paint = painter(self.coloured)

    def line(self, level: str, event: str, fields: Mapping[str, Any]) -> None:
        said = printable(", ".join(f"{name} {value}" for name, value in fields.items()))
        self.say(level, self.paint(event, "bad" if level == "error" else "odd"), said)

    def request(self, fields: Mapping[str, Any]) -> None:
        level = "warning" if fields["status"] >= 500 else "info"
        self.say(level, *request_parts(fields, self.paint))

    def refused(self, request_id: str, path: str, status: int, reason: str) -> None:
        self.say("warning", self.paint(f"{status}", "odd"), printable(path[:200]), printable(reason))

    def policy(self, loaded: Loaded, generation: str) -> None:
        if loaded.policy is not None:
            count = sum(route.offer is None for route in loaded.policy.routes)
            self.say("info", self.paint("policy", "good"), f"{loaded.source.path}: {count} routes are served")
            for one in (one for one in loaded.diagnostics if one.severity == "warning"):
                line = loaded.source.lines.place(one.span.start)[0]
                self.say("info", self.paint("lint", "odd"), f"line {line}: {one.code} {one.message}")
            return
        self.say("error", findings(loaded, coloured=self.coloured).rstrip())
        self.say("error", self.paint("policy", "bad"), "not taken; what was served before is still served")

    def say(self, level: str, *parts: str) -> None:
        if LEVELS[level] >= self.least:
            clock = self.paint(time.strftime("%H:%M:%S"), "dim")
            self.write("  ".join([clock, *filter(None, parts)]).encode(errors="replace") + b"\n")


def request_parts(row: Mapping[str, Any], paint: Callable[[str, str], str]) -> list[str]:
    """Route, way through the chain, times, tokens, and the error if there is one."""
    attempts = row.get("attempts", ())
    way = [
        f"{printable(one['target'])} {paint(one['failure'], 'odd')}"
        if one["failure"]
        else paint(one["target"], "good")
        for one in attempts
    ]
    times = f"{row['ms'] / 1000:.1f} s"
    first = row.get("first_token_ms")
    if first is not None:
        times = f"first token {first / 1000:.2f} s, {times}"
    tokens = row.get("tokens") or {}
    counts = [f"{tokens[name]:,} {word}" for name, word in WORDS.items() if tokens.get(name) is not None]
    ending = f"{row['status']} {row.get('error') or ''}".strip() if failed(row) else ""
    why = dict.fromkeys(said(one) for one in attempts if one["failure"]) if failed(row) else {}
    model = "" if attempts else printable(row["model"])
    return [
        paint(row.get("route", ""), "strong"),
        model,
        " → ".join(way),
        times,
        ", ".join(counts),
        paint(ending, "bad"),
        paint("; ".join(filter(None, why)), "dim"),
    ]


def said(attempt: Mapping[str, Any]) -> str:
    """Why an attempt failed, in the words of the upstream or of fcc."""
    return ": ".join(str(one) for one in (attempt.get("status"), attempt.get("message")) if one)


WORDS = {"input": "in", "cache_read": "cached", "output": "out"}


def failed(row: Mapping[str, Any]) -> bool:
    return row["status"] != 200 or bool(row.get("error"))


def printable(text: str) -> str:
    """Text of a client, made harmless for a terminal."""
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)
