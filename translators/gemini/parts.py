"""Anthropic content blocks as Gemini parts."""

from __future__ import annotations

import mimetypes
from typing import Any

from translators.openai_chat.content import part_of as chat_part
from translators.profile import Profile

Part = dict[str, Any]


def text_part(text: str) -> Part:
    return {"text": text}


def parts_of(content: Any, profile: Profile) -> list[Part]:
    """The parts of a string or of a list of blocks, what has no twin left out."""
    if isinstance(content, str):
        return [text_part(content)] if content else []
    blocks = content if isinstance(content, list) else ()
    found = (part_of(block, profile) for block in blocks if isinstance(block, dict))
    return [part for part in found if part]


def part_of(block: dict[str, Any], profile: Profile) -> Part | None:
    """One block that is not a tool call, a tool result or thinking."""
    kind = block.get("type")
    takes = profile.images if kind == "image" else profile.documents if kind == "document" else False
    if takes and (media := _media(block.get("source"))):
        return media
    said = chat_part(block, profile)
    return text_part(said) if isinstance(said, str) and said else None


def response_of(block: dict[str, Any], profile: Profile) -> tuple[dict[str, str], list[Part]]:
    """A tool result as the `response` of a function, and the media in it.

    The API asks for an object and gives the keys `output` and `error` their meaning (ai.google.dev/api/caching,
    "FunctionResponse").
    """
    parts = parts_of(block.get("content"), profile)
    texts = [part["text"] for part in parts if "text" in part]
    media = [part for part in parts if "text" not in part]
    said = "\n\n".join(texts) or ("(see the attachment)" if media else "(no output)")
    return {"error" if block.get("is_error") else "output": said}, media


def system_parts(texts: list[str]) -> list[Part]:
    return [text_part(text) for text in texts]


def _media(source: Any) -> Part | None:
    """Bytes or an address of an image or a PDF."""
    source = source if isinstance(source, dict) else {}
    media_type = source.get("media_type")
    if source.get("type") == "base64" and isinstance(source.get("data"), str):
        return {"inlineData": {"mimeType": media_type or "application/octet-stream", "data": source["data"]}}
    url = source.get("url")
    if source.get("type") != "url" or not isinstance(url, str):
        return None
    if url.startswith("data:") and ";base64," in url:
        head, _, data = url.partition(";base64,")
        return {"inlineData": {"mimeType": head.removeprefix("data:"), "data": data}}
    media_type = media_type or mimetypes.guess_type(url.partition("?")[0])[0]
    file: dict[str, str] = {"fileUri": url}
    if media_type:
        file["mimeType"] = media_type
    return {"fileData": file}
