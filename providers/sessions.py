"""One opaque id for each conversation, for providers that want to keep its requests together.

Made from what the client says its session is, or else from the conversation's first message. Hashed: the provider can
tell one conversation from another, and learns nothing else.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

import msgspec

from translators.request import Request

_HEADERS = ("x-session-id", "x-claude-code-session-id")


def conversation(request: Request) -> str:
    """32 hexadecimal digits, the same for all requests of a conversation."""
    return blake2b(
        _named(request) or _first_message(request), digest_size=16, person=b"conversation"
    ).hexdigest()


def _named(request: Request) -> bytes:
    for name in _HEADERS:
        if said := request.headers.get(name):
            return said.encode("utf-8", "replace")
    metadata: Any = request.body.get("metadata")
    user = metadata.get("user_id") if isinstance(metadata, dict) else None
    return user.encode("utf-8", "replace") if isinstance(user, str) else b""


def _first_message(request: Request) -> bytes:
    return msgspec.json.encode(request.messages[0].get("content")) if request.messages else b""
