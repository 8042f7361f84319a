"""What the log says about one request, collected while it is served."""

from __future__ import annotations

import time
from typing import Any

import msgspec

from engine.attempt import Tried
from engine.run import Run
from fcc.errors import Header, header_value
from translators.events import Usage
from translators.request import Request


class Record(msgspec.Struct):
    """One line of the log to be. Times are milliseconds since the request came in."""

    request_id: str
    client: str
    status: int = 200
    error: str | None = None
    model: str = ""
    stream: bool = False
    size: int = 0
    run: Run | None = None
    usage: Usage | None = None
    first_token: float | None = None
    """When the first content came, on the clock of `began`."""
    begun: bool = False
    """The head of the answer has left."""
    settled: bool = False
    """It is in the books."""
    began: float = msgspec.field(default_factory=time.perf_counter)

    def asked(self, request: Request) -> None:
        self.model, self.stream, self.size = request.asked, request.stream, request.size

    def failed(self, status: int, error: str) -> None:
        self.status, self.error = status, error

    def headers(self) -> list[Header]:
        """What a client may know about the run, when there was one."""
        return run_headers(self.run) if self.run is not None else []

    def heard(self) -> None:
        """Content has come; only the first time counts."""
        if self.first_token is None:
            self.first_token = time.perf_counter()

    def since(self, moment: float | None) -> float | None:
        return None if moment is None else round((moment - self.began) * 1000, 1)

    def fields(self) -> dict[str, Any]:
        row: dict[str, Any] = {
            "request_id": self.request_id,
            "client": self.client,
            "model": self.model[:200],
            "stream": self.stream,
            "bytes": self.size,
            "status": self.status,
            "ms": self.since(time.perf_counter()),
        }
        if self.error:
            row["error"] = self.error
        if self.run is not None:
            row |= run_fields(self.run)
            row["first_token_ms"] = self.since(self.first_token)
        if self.usage is not None:
            row["tokens"] = {
                "input": self.usage.input,
                "output": self.usage.output,
                "cache_read": self.usage.cache_read,
            }
        return row


def run_fields(run: Run) -> dict[str, Any]:
    return {
        "route": run.route,
        "target": run.target,
        "attempts": [attempt_fields(one) for one in run.attempts],
    }


def attempt_fields(one: Tried) -> dict[str, Any]:
    row = {
        "target": one.target,
        "failure": one.failure,
        "ms": one.milliseconds,
        "first_token_ms": one.first_token_ms,
    }
    return row if one.failure is None else {**row, "status": one.status, "message": one.message}


def run_headers(run: Run) -> list[Header]:
    """Which route took the request, which model answers (as far as that is known), how many were asked."""
    headers = [(b"x-fcc-attempts", str(len(run.attempts)).encode())]
    if run.route:
        headers.append((b"x-fcc-route", header_value(run.route)))
    if run.target:
        headers.append((b"x-fcc-target", header_value(run.target)))
    return headers
