"""What the log says about one request, collected while it is served."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from engine.run import Run
from fcc.errors import Header
from fcc.stream import Stream, run_headers
from translators.events import Usage
from translators.request import Request


@dataclass(slots=True)
class Record:
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
    begun: bool = False
    """The head of the answer has left."""
    began: float = field(default_factory=time.perf_counter)

    def asked(self, request: Request) -> None:
        self.model, self.stream, self.size = request.asked, request.stream, request.size

    def failed(self, status: int, error: str) -> None:
        self.status, self.error = status, error

    def streamed(self, stream: Stream) -> None:
        self.usage, self.error, self.begun = stream.usage, stream.failure, stream.started

    def headers(self) -> list[Header]:
        """What a client may know about the run, when there was one."""
        return run_headers(self.run) if self.run is not None else []

    def fields(self) -> dict[str, Any]:
        row: dict[str, Any] = {
            "request_id": self.request_id,
            "client": self.client,
            "model": self.model[:200],
            "stream": self.stream,
            "bytes": self.size,
            "status": self.status,
            "ms": round((time.perf_counter() - self.began) * 1000, 1),
        }
        if self.error:
            row["error"] = self.error
        if self.run is not None:
            row |= run_fields(self.run)
        if self.usage is not None:
            row["tokens"] = {
                "input": self.usage.input,
                "output": self.usage.output,
                "cache_read": self.usage.cache_read,
            }
        return row


def run_fields(run: Run) -> dict[str, Any]:
    attempts = [
        {
            "target": one.target,
            "failure": one.failure,
            "ms": one.milliseconds,
            "first_token_ms": one.first_token_ms,
        }
        for one in run.attempts
    ]
    first = next((one["first_token_ms"] for one in attempts if one["failure"] is None), None)
    return {"route": run.route, "target": run.target, "first_token_ms": first, "attempts": attempts}
