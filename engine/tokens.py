"""Prompt tokens of a request, estimated: fast for routing, careful for `count_tokens` and usage.

`quick_estimate` only looks at sizes, so that routing costs microseconds; `estimate` reads the text. What images cost is
documented (docs.claude.com/en/docs/build-with-claude/vision): pixels / 750 after scaling to 1568 pixels on the long
edge, and about 1,600 at most; a page of a PDF costs 1,500 to 3,000.
"""

from __future__ import annotations

import binascii
import math
import re
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from engine.image_size import image_size
from engine.media import Media, base64_of, media_of
from engine.text_tokens import count_tokens
from translators.request import Request

BYTES_PER_TOKEN = 4.1
"""Of a Claude Code body without its base64: English instructions, JSON schemas and code, with JSON's own characters."""

LONG_EDGE = 1568
PIXELS_PER_TOKEN = 750
MOST_PER_IMAGE = 1600
HEADER_CHARS = 87_380
"""Base64 characters (64 KiB of bytes) in which an image's size is looked for."""

PAGE_TOKENS = 2250
BYTES_PER_PAGE = 40_000
"""Of a PDF whose pages cannot be counted."""
PDF_CHARS = 4 * 1024 * 1024
"""Base64 characters of a PDF in which pages are counted; the rest is taken to be like them."""

PER_MESSAGE = 4
PER_TOOL = 8
"""Tokens of the frame around a message and around a tool."""

_PAGE = re.compile(rb"/Type\s*/Page(?![A-Za-z])")
_UNSEEN = frozenset(
    {"type", "cache_control", "signature", "encrypted_content", "encrypted_index", "id", "tool_use_id"}
)
"""Fields of a block that the model does not read as text."""


def quick_estimate(request: Request, media: Media | None = None) -> int:
    """Tokens by the size of the body. `media` saves a walk when the caller has it already."""
    media = media or media_of(request)
    size = request.size or len(msgspec.json.encode(request.body))
    documents = sum(math.ceil(len(base64_of(one)) * 3 / 4 / BYTES_PER_PAGE) for one in media.documents)
    seen = MOST_PER_IMAGE * len(media.images) + PAGE_TOKENS * documents
    return max(1, round((size - media.base64) / BYTES_PER_TOKEN) + seen)


def estimate(request: Request) -> int:
    """Tokens of system prompt, tools and messages; images and documents by what they hold."""
    total = PER_MESSAGE * len(request.messages) + PER_TOOL * len(request.tools)
    parts: list[str] = []
    for part in _parts(request):
        if isinstance(part, int):
            total += part
        else:
            parts.append(part)
    return max(1, total + count_tokens("\n".join(parts)))


def image_tokens(block: dict[str, Any]) -> int:
    """The documented cost of an image; the most that one costs when its size cannot be read here."""
    size = image_size(_decoded(base64_of(block), HEADER_CHARS))
    if size is None or not all(size):
        return MOST_PER_IMAGE
    scale = min(1.0, LONG_EDGE / max(size))
    return min(MOST_PER_IMAGE, math.ceil(size[0] * scale * size[1] * scale / PIXELS_PER_TOKEN))


def pdf_tokens(block: dict[str, Any]) -> int:
    """By the number of pages, or by size where they are packed out of sight; one page when it stands elsewhere."""
    data = base64_of(block)
    size = len(data) * 3 / 4
    pages = len(_PAGE.findall(_decoded(data, PDF_CHARS))) * max(1.0, len(data) / PDF_CHARS)
    return PAGE_TOKENS * max(1, round(pages or size / BYTES_PER_PAGE))


def _decoded(data: str, most: int) -> bytes:
    """The bytes of at most that many base64 characters; empty when they are none."""
    try:
        return binascii.a2b_base64(data[: most - most % 4])
    except (binascii.Error, ValueError):
        return b""


Part = str | int
"""A text to be counted, or tokens that are counted already."""


def _parts(request: Request) -> Iterator[Part]:
    yield from _content(request.body.get("system"))
    for tool in request.tools:
        yield _json({name: value for name, value in tool.items() if name not in _UNSEEN})
    for message in request.messages:
        yield from _content(message.get("content"))


def _content(content: Any) -> Iterator[Part]:
    if isinstance(content, str):
        yield content
    elif isinstance(content, list):
        for block in content:
            if isinstance(block, dict):
                yield from BLOCKS.get(block.get("type", ""), _other)(block)


def _text(block: dict[str, Any]) -> Iterator[Part]:
    yield from _content(block.get("text"))


def _thinking(block: dict[str, Any]) -> Iterator[Part]:
    yield from _content(block.get("thinking"))


def _image(block: dict[str, Any]) -> Iterator[Part]:
    yield image_tokens(block)


def _document(block: dict[str, Any]) -> Iterator[Part]:
    for name in ("title", "context"):
        yield from _content(block.get(name))
    source = block.get("source")
    kind = source.get("type") if isinstance(source, dict) else None
    if isinstance(source, dict) and kind == "text":
        yield from _content(source.get("data"))
    elif isinstance(source, dict) and kind == "content":
        yield from _content(source.get("content"))
    else:
        yield pdf_tokens(block)


def _tool_use(block: dict[str, Any]) -> Iterator[Part]:
    yield PER_TOOL
    yield f"{block.get('name')} {_json(block.get('input'))}"


def _tool_result(block: dict[str, Any]) -> Iterator[Part]:
    yield PER_TOOL
    yield from _content(block.get("content"))


def _nothing(block: dict[str, Any]) -> Iterator[Part]:
    yield from ()


def _other(block: dict[str, Any]) -> Iterator[Part]:
    """A block of a kind that is not known here: what of it may be read."""
    yield _json({name: value for name, value in block.items() if name not in _UNSEEN})


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


BLOCKS: dict[str, Callable[[dict[str, Any]], Iterator[Part]]] = {
    "text": _text,
    "thinking": _thinking,
    "redacted_thinking": _nothing,
    "image": _image,
    "document": _document,
    "tool_use": _tool_use,
    "server_tool_use": _tool_use,
    "tool_result": _tool_result,
}
