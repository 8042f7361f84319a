"""What a chain that failed means for the client: one error of the Messages API, made from all that went wrong.

An upstream's 401 never looks like ours, or Claude Code would ask for a login. What time may mend is 429 or 529 with
a `retry-after` the client heeds; what it will not is marked so. Statuses and their effects on the client:
docs.claude.com/en/api/errors and measurements of Claude Code.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from engine.state import Skip
from providers.failures import Failure

PASSING = frozenset(
    {"timeout", "connection", "rate_limit", "overloaded", "server_error", "empty", "malformed", "cut"}
)
"""Kinds that may not happen again."""

LASTING: dict[str, tuple[int, str]] = {
    "auth": (500, "api_error"),
    "credit": (402, "billing_error"),
    "certificate": (500, "api_error"),
    "not_found": (404, "not_found_error"),
    "refused": (500, "api_error"),
    "bad_request": (400, "invalid_request_error"),
    "overflow": (400, "invalid_request_error"),
}
"""What the client is told when nobody else could be asked either."""

LONGEST_WAIT = 60
"""Seconds. A longer `retry-after` makes Claude Code give up at once."""


class ChainFailed(Exception):  # noqa: N818 - a chain fails, as a failure does
    """Nobody answered. `status` and `type` as in the Messages API; `retry_after` in seconds."""

    def __init__(
        self,
        status: int,
        type: str,  # noqa: A002 - the wire's own word
        message: str,
        *,
        retry_after: float | None = None,
        should_retry: bool | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.type = type
        self.message = message
        self.retry_after = retry_after
        self.should_retry = should_retry


def chain_failed(
    failures: Sequence[tuple[str, Failure]], skips: Sequence[tuple[str, Skip]], now: float
) -> ChainFailed:
    """The error for a chain: what was tried (target, failure) and who was skipped (target, why), in order."""
    wrong = said_twice(failures)
    if wrong is not None:
        return _lasting(*wrong)
    waits = [skip.until - now for _, skip in skips if skip.until is not None and skip.why != "resting"]
    if not failures:
        return _nobody_asked(skips, waits)
    passing = [one for one in failures if one[1].kind in PASSING]
    if not passing:
        return _lasting(*failures[0])
    told = "; ".join(f"{target}: {failure.message}" for target, failure in failures)
    if all(failure.kind == "rate_limit" for _, failure in passing):
        waits += [failure.retry_after or 1.0 for _, failure in passing]
        return _wait(min(waits), told)
    if all(failure.kind == "timeout" for _, failure in failures) and not waits:
        return ChainFailed(504, "timeout_error", told)
    return ChainFailed(529, "overloaded_error", told)


def said_twice(failures: Iterable[tuple[str, Failure]]) -> tuple[str, Failure] | None:
    """The first to call the request itself wrong, if a second provider says so too: others would only agree."""
    wrong = [(target, failure) for target, failure in failures if failure.outcome.next == "one other"]
    providers = {target.partition("/")[0] for target, _ in wrong}
    return wrong[0] if len(providers) > 1 else None


def _nobody_asked(skipped: Sequence[tuple[str, Skip]], waits: list[float]) -> ChainFailed:
    if not skipped:
        return ChainFailed(404, "not_found_error", "no provider has the model that was asked for")
    skips = [skip for _, skip in skipped]
    told = "; ".join(_first_of_each(skipped))
    if waits:
        return _wait(min(waits), told)
    if all(skip.kind == "overflow" for skip in skips):
        return ChainFailed(400, "invalid_request_error", skips[-1].text)
    kinds = {skip.kind for skip in skips}
    status, kind = LASTING.get(kinds.pop(), (500, "api_error")) if len(kinds) == 1 else (500, "api_error")
    return ChainFailed(status, kind, told, should_retry=False)


def _first_of_each(skipped: Sequence[tuple[str, Skip]]) -> list[str]:
    """What is said of those who are skipped, the same of several but once."""
    found: dict[str, str] = {}
    for target, skip in skipped:
        found.setdefault(skip.text, _told(target, skip))
    return list(found.values())


def _told(target: str, skip: Skip) -> str:
    """Why a target is skipped. The words of an upstream do not say whose they are."""
    ours = skip.why not in ("block", "verdict") or skip.text.startswith(target.partition("/")[0] + " ")
    return skip.text if ours else f"{target}: {skip.text}"


def _wait(seconds: float, told: str) -> ChainFailed:
    after = min(max(math.ceil(seconds), 1), LONGEST_WAIT)
    message = f"{told} (again in {math.ceil(max(seconds, 0))} s)"
    return ChainFailed(429, "rate_limit_error", message, retry_after=after)


def _lasting(target: str, failure: Failure) -> ChainFailed:
    """The first failure, when none of them will pass."""
    status, kind = LASTING[failure.kind]
    if failure.kind == "overflow":
        return ChainFailed(status, kind, failure.message)
    if failure.kind == "bad_request" and failure.status == 422:
        status = 422
    hint = f" ({failure.hint})" if failure.hint else ""
    return ChainFailed(status, kind, f"{target}: {failure.message}{hint}", should_retry=False)
