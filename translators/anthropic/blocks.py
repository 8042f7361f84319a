"""Content blocks as the target takes them. Anthropic gets them as they are, but for what it would refuse."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec
from msgspec.structs import replace

from translators.anthropic.signatures import opened
from translators.openai_chat.content import part_of
from translators.openai_chat.tools import input_object
from translators.profile import Profile
from translators.signatures import is_ours, thinking_of
from translators.tool_names import sent_id

Block = dict[str, Any]

_LEGAL_ID = re.compile(r"[A-Za-z0-9_-]+").fullmatch


class Blocks(msgspec.Struct, frozen=True):
    """What one target takes. `thoughts`: whether earlier thinking may be sent at all."""

    profile: Profile
    model: str
    thoughts: bool = True

    def taken(self, content: Any) -> list[Block]:
        """The blocks of a message, of a system text or of a tool result."""
        if isinstance(content, str):
            return [{"type": "text", "text": content}] if content.strip() else []
        blocks = [self._block(block) for block in content or () if isinstance(block, dict)]
        return [block for block in blocks if block is not None]

    def _block(self, block: Block) -> Block | None:
        kind = block.get("type")
        if kind == "text":
            return self._text(block)
        if kind == "tool_use":
            return self._tool_use(block)
        if kind == "tool_result":
            return self._tool_result(block)
        if kind in ("thinking", "redacted_thinking"):
            return self._thought(block) if self.thoughts else None
        if self.profile.first_party:
            return block
        return _OTHERS.get(str(kind), _as_text)(block, self.profile)

    def _text(self, block: Block) -> Block | None:
        if not str(block.get("text") or "").strip():
            return None
        return block if self.profile.first_party else only(block, "text")

    def _tool_use(self, block: Block) -> Block:
        changed = {"id": legal_id(block.get("id")), "input": input_object(block.get("input"))}
        if not self.profile.first_party:
            return only(block, "name") | changed
        return block if changed.items() <= block.items() else block | changed

    def _tool_result(self, block: Block) -> Block:
        changed: Block = {"tool_use_id": legal_id(block.get("tool_use_id"))}
        content = block.get("content")
        if isinstance(content, list):
            inner = self.taken(content)
            if len(inner) != len(content) or any(a is not b for a, b in zip(inner, content, strict=True)):
                changed["content"] = inner or ""
        if self.profile.first_party:
            return block if changed.items() <= block.items() else block | changed
        result = only(block, "content", "is_error") | changed
        result.setdefault("content", "")
        return result

    def _thought(self, block: Block) -> Block | None:
        """Thinking goes back to whom can read it; text alone to whom asks for it."""
        redacted = block.get("type") == "redacted_thinking"
        mark = block.get("data" if redacted else "signature")
        if self.profile.first_party:
            return None if is_ours(mark) else block
        own = opened(mark, self.model)
        if own is not None:
            return block | ({"data": own} if redacted else {"signature": own})
        thought = "" if redacted or self.profile.replay == "drop" else thinking_of(block)
        return {"type": "thinking", "thinking": thought, "signature": ""} if thought else None


def legal_id(tool_id: Any) -> str:
    """A tool call id that matches `^[A-Za-z0-9_-]+$`: the same for the call and its result, in every turn."""
    tool_id = str(tool_id)
    return tool_id if _LEGAL_ID(tool_id) else "toolu_" + sent_id(tool_id, 24)


def only(block: Block, *fields: str) -> Block:
    """`block` with what every server knows of it."""
    return {name: block[name] for name in ("type", *fields, "cache_control") if name in block}


def _image(block: Block, profile: Profile) -> Block | None:
    return only(block, "source") if profile.images else _as_text(block, profile)


def _document(block: Block, profile: Profile) -> Block | None:
    return only(block, "source", "title", "context") if profile.documents else _as_text(block, profile)


def _as_text(block: Block, profile: Profile) -> Block | None:
    """What a block says in words; None for one that says nothing, such as another server's tool."""
    said = part_of(block, replace(profile, images=False, documents=False))
    if not isinstance(said, str) or not said.strip():
        return None
    return only(block) | {"type": "text", "text": said}


_OTHERS: dict[str, Callable[[Block, Profile], Block | None]] = {"image": _image, "document": _document}
