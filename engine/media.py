"""Images and documents of a request, found in one walk: routing counts them, the estimates weigh them.

They stand in the messages, or one level deeper in the content of a tool result (a screenshot, a PDF that was read).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from translators.request import Request


class Media(msgspec.Struct):
    """What was found. `base64` is the number of base64 characters, which are bytes of the body but no text."""

    images: list[dict[str, Any]] = msgspec.field(default_factory=list)
    """Image blocks, in order."""
    documents: list[dict[str, Any]] = msgspec.field(default_factory=list)
    base64: int = 0


def media_of(request: Request) -> Media:
    """Time grows with the number of blocks, not with their length."""
    found = Media()
    for message in request.messages:
        content = message.get("content")
        if isinstance(content, list):
            _collect(content, found, 2)
    return found


def _collect(content: list[Any], found: Media, deeper: int) -> None:
    for block in content:
        if not isinstance(block, dict):
            continue
        kind = block.get("type")
        if kind == "tool_result":
            inner = block.get("content")
            if deeper and isinstance(inner, list):
                _collect(inner, found, deeper - 1)
        elif kind == "image":
            found.images.append(block)
            found.base64 += len(base64_of(block))
        elif kind == "document":
            found.documents.append(block)
            found.base64 += len(base64_of(block))


def base64_of(block: dict[str, Any]) -> str:
    """The base64 text of an image or document; empty for an address, an uploaded file or plain text."""
    source = block.get("source")
    if not isinstance(source, dict) or source.get("type") != "base64":
        return ""
    data = source.get("data")
    return data if isinstance(data, str) else ""


def texts(content: Any) -> Iterator[str]:
    """The visible text of a content: the string itself, or its text blocks."""
    if isinstance(content, str):
        yield content
    elif isinstance(content, list):
        for block in content:
            if isinstance(block, dict) and block.get("type") == "text" and isinstance(block.get("text"), str):
                yield block["text"]
