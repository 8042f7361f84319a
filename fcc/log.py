"""The log: one JSON line a request on stderr. Never a prompt, never a key, never a header.

Lines are encoded and written in one go after the answer has left, so the request does not wait for them. On a
terminal `fcc.terminal` says the same for people.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from rules.policy import Loaded
from rules.render.json import entry

_C1 = re.compile(rb"\xc2[\x80-\x9f]")
"""Control characters that JSON lets stand."""

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


def to_stderr(line: bytes) -> None:
    """One write, so that lines of several processes do not mix. A closed stderr is no reason to fail a
    request.
    """
    try:
        os.write(2, line)
    except OSError:
        return


class Log:
    """Writes lines at or above a level. `write` takes one encoded line with its newline."""

    def __init__(self, level: str = "info", write: Callable[[bytes], None] = to_stderr) -> None:
        self.least = LEVELS.get(level.lower(), LEVELS["info"])
        self.write = write
        self.encoder = msgspec.json.Encoder()

    def line(self, level: str, event: str, fields: Mapping[str, Any]) -> None:
        if LEVELS[level] < self.least:
            return
        row = {"time": round(time.time(), 3), "level": level, "event": event, **fields}
        self.write(self.encoded(row) + b"\n")

    def encoded(self, row: Mapping[str, Any]) -> bytes:
        """One line of JSON in which nothing is left that a terminal would obey."""
        try:
            line = self.encoder.encode(row)
        except UnicodeEncodeError:
            line = json.dumps(row).encode()
        return _C1.sub(lambda sign: b"\\u00%02x" % sign[0][1], line) if b"\xc2" in line else line

    def request(self, fields: Mapping[str, Any]) -> None:
        """A request is over: information, or a warning when the answer was a server error."""
        self.line("warning" if fields.get("status", 0) >= 500 else "info", "request", fields)

    def refused(self, request_id: str, path: str, status: int, reason: str) -> None:
        """A request did not get past the gate."""
        fields = {"request_id": request_id, "path": path[:200], "status": status, "reason": reason}
        self.line("warning", "refused", fields)

    def policy(self, loaded: Loaded, generation: str) -> None:
        """A file was read: it is served as `generation` from now on, or it was refused and that one stays. Notes are
        left to `fcc lint`."""
        kept = loaded.policy is None
        worth = [one for one in loaded.diagnostics if one.severity != "note"]
        worth.sort(key=lambda one: one.severity != "error")
        shown = [entry(loaded.source, one) for one in worth]
        fields = {"path": loaded.source.path, "generation": generation, "findings": shown}
        self.line("error" if kept else "info", "policy_refused" if kept else "policy", fields)

    def unwatched(self, error: Exception) -> None:
        """The policy file cannot be watched, and is read now and then instead."""
        self.line(
            "warning", "watch", {"watched": False, "reason": (str(error) or type(error).__name__)[:200]}
        )

    def others(self, back: bool, why: str) -> None:
        """The processes that share limits and health cannot be reached, or can be again."""
        self.line("info" if back else "warning", "shared", {"reachable": back, "reason": why})

    def worker(self, pid: int, status: int, pause: float) -> None:
        """A worker ended by itself, and another one is started in `pause` seconds."""
        self.line("error", "worker", {"pid": pid, "exit": status, "again_in": pause})

    def crash(self, request_id: str, path: str, error: BaseException) -> None:
        """An error of ours: its type and where it was raised. Its text may quote the request, so it is left
        out.
        """
        trace = error.__traceback__
        places = []
        while trace is not None:
            places.append(f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}")
            trace = trace.tb_next
        fields = {
            "request_id": request_id,
            "path": path[:200],
            "error": type(error).__name__,
            "at": places[-4:],
        }
        self.line("error", "crash", fields)


def level_from(env: Mapping[str, str]) -> str:
    """`FCC_LOG_LEVEL`, else info; an unknown level is said once and read as info."""
    level = env.get("FCC_LOG_LEVEL", "info").lower()
    if level not in LEVELS:
        print(f"fcc: FCC_LOG_LEVEL `{level}` is not one of {', '.join(LEVELS)}", file=sys.stderr)
        return "info"
    return level


def fitting(env: Mapping[str, str], chosen: str | None = None, *, quiet: bool = False) -> Log:
    """The log for this process: `chosen` is "json" or "text"; by default text on a terminal. Quiet: errors."""
    level = "error" if quiet else level_from(env)
    if chosen == "json" or (chosen is None and not sys.stderr.isatty()):
        return Log(level)
    from fcc.terminal import TerminalLog

    return TerminalLog(level)
