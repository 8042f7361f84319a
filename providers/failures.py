"""Everything that can go wrong with one call to one upstream, as one tree and one table.

    Failure
    ├─ timeout        no content in time, stalled, or the whole answer took too long
    ├─ connection     refused, reset, DNS, a TLS handshake that broke off
    ├─ rate_limit     429, quota text
    ├─ overloaded     529, 503 with Retry-After, "DEGRADED"
    ├─ server_error   other 5xx
    ├─ auth           401, 403
    ├─ credit         402, billing text
    ├─ certificate    expired, of another name, or signed by nobody this machine trusts
    ├─ not_found      404 of the model or the path
    ├─ overflow       prompt longer than the window, 413
    ├─ refused        the provider or its filter will not serve this content or this client
    ├─ bad_request    any other 4xx
    ├─ empty          a 200 that says nothing
    ├─ malformed      a 200 that is not an answer (HTML, broken JSON, half a tool call)
    └─ cut            the stream ended before its end

`OUTCOMES` is the one place that says what each of them does; the docs print it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "timeout",
    "connection",
    "rate_limit",
    "overloaded",
    "server_error",
    "auth",
    "credit",
    "certificate",
    "not_found",
    "overflow",
    "refused",
    "bad_request",
    "empty",
    "malformed",
    "cut",
]

Scope = Literal["key", "model", "provider"]
Next = Literal["any", "wider", "one other"]
"""Who is asked next: anybody; those with a larger or unknown window; anybody, until a second provider says the same."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a failure of one kind does to the candidate and to the chain."""

    health: bool
    """Counts as a failure in the health window."""
    block: Scope | None = None
    """Blocks the key or the model until Retry-After (or a growing default) is over."""
    verdict: float | None = None
    """Seconds for which the candidate (or key) is put aside."""
    verdict_scope: Scope = "model"
    local: bool = False
    """The verdict is about this machine too: other processes and the next start find out for themselves."""
    next: Next = "any"
    retries: bool = False
    """The same candidate may be asked again (`retry N`)."""


OUTCOMES: dict[Kind, Outcome] = {
    "timeout": Outcome(health=True),
    "connection": Outcome(health=True, retries=True),
    "rate_limit": Outcome(health=False, block="model", retries=True),
    "overloaded": Outcome(health=False, block="model", retries=True),
    "server_error": Outcome(health=True, retries=True),
    "auth": Outcome(health=False, verdict=300.0, verdict_scope="key"),
    "credit": Outcome(health=False, verdict=3600.0, verdict_scope="key"),
    "certificate": Outcome(health=False, verdict=300.0, verdict_scope="provider", local=True),
    "not_found": Outcome(health=False, verdict=600.0),
    "overflow": Outcome(health=False, next="wider"),
    "refused": Outcome(health=False, verdict=600.0),
    "bad_request": Outcome(health=False, next="one other"),
    "empty": Outcome(health=True, retries=True),
    "malformed": Outcome(health=True, retries=True),
    "cut": Outcome(health=True, retries=True),
}


CONTENT_REFUSED = Outcome(health=False)
"""`refused` because of what one request says: the next one may be welcome."""
OURS = Outcome(health=False)
"""Whatever it looks like, the candidate had no part in it."""


class Failure(Exception):  # noqa: N818 - the language and the log call it a failure
    """One attempt failed.

    `message` is fit for a log and for the client: at most 300 characters, no control characters, no secret.
    `status` is the upstream's HTTP status if there was one; `type` its own error type or code, verbatim;
    `retry_after` in seconds; `before_response` that not one byte of an answer had come; `unreachable` that no way to
    the upstream was found (no address, no route, no answer to the call); `reused` that the connection had served an
    earlier request. `hint` is what the user can do about it; `field` the request field that the provider says it will
    not take, and `unknown` that it does not know it, whatever its value; `content` that a refusal is about what this
    request says, not about who asks; `ours` that fcc or its machine failed.
    `kept` is the message without what it quotes of the prompt: for everyone but the client who asked.
    """

    def __init__(
        self,
        kind: Kind,
        message: str,
        *,
        status: int | None = None,
        type: str | None = None,  # noqa: A002 - the wire's own word
        retry_after: float | None = None,
        before_response: bool = False,
        unreachable: bool = False,
        reused: bool = False,
        hint: str | None = None,
        field: str | None = None,
        unknown: bool = False,
        content: bool = False,
        ours: bool = False,
    ) -> None:
        super().__init__(message)
        self.kind: Kind = kind
        self.message = self.kept = message
        self.status = status
        self.type = type
        self.retry_after = retry_after
        self.before_response = before_response
        self.unreachable = unreachable
        self.reused = reused
        self.hint = hint
        self.field = field
        self.unknown = unknown
        self.content = content
        self.ours = ours

    @property
    def outcome(self) -> Outcome:
        """What it does to the candidate and to the chain."""
        if self.ours:
            return OURS
        return CONTENT_REFUSED if self.kind == "refused" and self.content else OUTCOMES[self.kind]

    def __repr__(self) -> str:
        return f"Failure({self.kind}, {self.message!r}, status={self.status})"
