"""The canonical request: a decoded Anthropic Messages request, plus the little the rest of the house asks of it.

Source: docs.claude.com/en/api/messages. The body is kept as decoded, unknown fields included: dialects take from it
what they can say, and nothing is lost on the way to an Anthropic upstream.
"""

from __future__ import annotations

from typing import Any

import msgspec


class RequestError(Exception):
    """The client sent something that is not a request. `status` and `type` as in the Anthropic error table."""

    def __init__(self, message: str, *, status: int = 400, type: str = "invalid_request_error") -> None:  # noqa: A002
        super().__init__(message)
        self.message = message
        self.status = status
        self.type = type


class Request(msgspec.Struct):
    """One request as the client sent it.

    `asked` is the model id verbatim and is echoed in the answer; `model` is the same id without picker prefix
    (`anthropic/`, `claude/`), context suffix (`[1m]`) and no-thinking suffix; `no_thinking` says that suffix was there.
    Nothing in `body` is ever changed in place: requests share their tools.
    """

    body: dict[str, Any]
    asked: str
    model: str
    no_thinking: bool = False
    size: int = 0
    """Bytes of the body as received."""
    headers: dict[str, str] = msgspec.field(default_factory=dict)
    """Request headers, lower-case names."""
    dialect: Any = None
    """What the client's own dialect has to remember for the answer; nobody else looks at it."""

    @property
    def stream(self) -> bool:
        return self.body.get("stream") is True

    @property
    def messages(self) -> list[dict[str, Any]]:
        return self.body["messages"]

    @property
    def tools(self) -> list[dict[str, Any]]:
        return self.body.get("tools") or []

    @property
    def max_tokens(self) -> int:
        return self.body["max_tokens"]
