"""Anthropic content blocks as Chat Completions content parts."""

from __future__ import annotations

from typing import Any

from translators.profile import Profile

Part = str | dict[str, Any]
"""A piece of text, or a content part that is not text."""


def joined(parts: list[Part]) -> str | list[dict[str, Any]]:
    """`parts` as the `content` of a message: a plain string where it can be: many take nothing else."""
    if len(parts) == 1 and isinstance(parts[0], str):
        return parts[0]
    texts = [part for part in parts if isinstance(part, str)]
    if len(texts) == len(parts):
        return "\n\n".join(texts)
    return [{"type": "text", "text": part} if isinstance(part, str) else part for part in parts]


def text_of(content: Any) -> str:
    """The text of a string or of a list of blocks."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    texts = [block.get("text") for block in content if isinstance(block, dict)]
    return "\n\n".join(text for text in texts if isinstance(text, str) and text)


def said_in(block: dict[str, Any]) -> str:
    """The text of a text block, or of a compaction: what the conversation before it came to."""
    text = block.get("content" if block.get("type") == "compaction" else "text")
    return text if isinstance(text, str) else ""


def parts_of(content: Any, profile: Profile) -> list[Part]:
    """The parts of a string or of a list of blocks, what has no twin left out."""
    if isinstance(content, str):
        return [content] if content else []
    parts: list[Part] = []
    for block in content if isinstance(content, list) else ():
        if isinstance(block, dict):
            part = part_of(block, profile)
            if part:
                parts.append(part)
    return parts


def part_of(block: dict[str, Any], profile: Profile) -> Part | None:
    """One block that is not a tool call, a tool result or thinking."""
    kind = block.get("type")
    if kind == "text":
        return block.get("text")
    if kind == "image":
        return _image(block, profile)
    if kind == "document":
        return _document(block, profile)
    if kind == "tool_reference":
        return f"The tool {block.get('tool_name')} is available now."
    if kind == "search_result":
        heading = f"{block.get('title') or 'Search result'} ({block.get('source')})"
        return f"{heading}\n{text_of(block.get('content'))}"
    return said_in(block) or None


def tool_result(block: dict[str, Any], profile: Profile) -> tuple[str | list[dict[str, Any]], list[Part]]:
    """A tool result as the content of a `tool` message, and the parts that must follow as a user's."""
    parts = parts_of(block.get("content"), profile)
    media: list[Part] = []
    if not profile.tool_images:
        media += [part for part in parts if not isinstance(part, str)]
        parts[:] = [part for part in parts if isinstance(part, str)]
    if block.get("is_error") and not _says_error(parts):
        parts.insert(0, "Error:")
    if not parts:
        parts.append("(see the next message)" if media else "(no output)")
    return joined(parts), media


def output_of(name: str, wire_id: str) -> str:
    """Stands before what a tool result could not hold. The id tells calls of one tool apart."""
    return f"[Output of {name}, call {wire_id}]"


def _says_error(parts: list[Part]) -> bool:
    first = parts[0] if parts else ""
    return isinstance(first, str) and "error" in first[:40].lower()


def _image(block: dict[str, Any], profile: Profile) -> Part:
    url = _url(block.get("source"))
    if url is None or not profile.images:
        return "[An image was left out: this model cannot see it.]"
    return {"type": "image_url", "image_url": {"url": url}}


def _document(block: dict[str, Any], profile: Profile) -> Part | None:
    source = block.get("source")
    source = source if isinstance(source, dict) else {}
    title = block.get("title") or "document"
    if source.get("type") == "text":
        return f"{title}:\n{source.get('data')}"
    if source.get("type") == "content":
        return text_of(source.get("content"))
    url = _url(source)
    if url is None or not profile.documents:
        kind = source.get("media_type") or "file"
        return f"[The document “{title}” ({kind}) was left out: this model cannot read it.]"
    return {"type": "file", "file": {"filename": f"{title}.pdf", "file_data": url}}


def _url(source: Any) -> str | None:
    if not isinstance(source, dict):
        return None
    if source.get("type") == "base64":
        return f"data:{source.get('media_type')};base64,{source.get('data')}"
    url = source.get("url")
    return url if source.get("type") == "url" and isinstance(url, str) else None
