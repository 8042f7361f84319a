"""The conversation of a request as input items of the Responses API.

Blocks keep their order, as reasoning must stand before what came of it; only tool results come first, as
`openai_chat/results_first.py` says.
"""

from __future__ import annotations

from typing import Any

import msgspec

from translators.call_ids import distinct_calls
from translators.openai_chat.content import said_in
from translators.openai_chat.results_first import ResultsFirst
from translators.openai_chat.tools import Tools
from translators.openai_responses.reasoning import opened
from translators.request import Request
from translators.signatures import thinking_of
from translators.tool_names import sent_id
from translators.wire import Target

_encode = msgspec.json.encode

Item = dict[str, Any]


def write_items(request: Request, target: Target, tools: Tools, *, replay: bool) -> list[Item]:
    """The `input` of the body. `replay`: encrypted reasoning may be sent back."""
    conversation = _Conversation(target, tools, replay)
    for message in distinct_calls(request.messages):
        conversation.add(message.get("role"), message.get("content"))
    return conversation.close()


class _Conversation(ResultsFirst):
    def __init__(self, target: Target, tools: Tools, replay: bool) -> None:
        super().__init__(target.profile)
        self.model = target.model
        self.tools = tools
        self.replay = replay

    def _answered(self, wire_id: str, content: str | list[Item]) -> Item:
        return {"type": "function_call_output", "call_id": wire_id, "output": _input(content)}

    def _message(self, role: str, content: str | list[Item]) -> Item:
        return {"type": "message", "role": role, "content": _input(content)}

    def _assistant(self, content: Any) -> None:
        if isinstance(content, str):
            content = [{"type": "text", "text": content}]
        said: list[Item] = []
        calls: dict[str, str] = {}
        thoughts: list[str] = []
        for block in content if isinstance(content, list) else ():
            kind = block.get("type") if isinstance(block, dict) else None
            if kind in ("thinking", "redacted_thinking"):
                self._thought(block, thoughts, said)
                continue
            thoughts = []
            if kind in ("text", "compaction"):
                _say(said_in(block), said)
            elif kind == "tool_use":
                said.append(self._call(block, calls))
        if any(item["type"] != "reasoning" for item in said):
            self._settle()
            self.out += said
            self.open = calls

    def _thought(self, block: Item, thoughts: list[str], said: list[Item]) -> None:
        """A thinking block. `thoughts`: texts since the last reasoning item, of which this may be the end."""
        text = thinking_of(block)
        if text:
            thoughts.append(text)
        content = opened(block.get("signature") or block.get("data"), self.model) if self.replay else None
        if content is not None:
            summary = [{"type": "summary_text", "text": thought} for thought in thoughts]
            said.append({"type": "reasoning", "summary": summary, "encrypted_content": content})
            thoughts.clear()
        elif self.profile.replay != "drop" and text:
            thoughts.clear()
            content = [{"type": "reasoning_text", "text": text}]
            said.append({"type": "reasoning", "summary": [], "content": content})

    def _call(self, block: Item, calls: dict[str, str]) -> Item:
        tool_id, name = str(block.get("id")), str(block.get("name"))
        calls[tool_id] = self.tools.names.sent(name)
        return {
            "type": "function_call",
            "call_id": sent_id(tool_id, self.profile.tool_id_length),
            "name": calls[tool_id],
            "arguments": _encode(self.tools.arguments(name, block.get("input"))).decode(),
        }


def _say(text: Any, said: list[Item]) -> None:
    """A piece of the model's text; neighbours become one message."""
    if not isinstance(text, str) or not text:
        return
    if said and said[-1]["type"] == "message":
        said[-1]["content"] += "\n\n" + text
    else:
        said.append({"type": "message", "role": "assistant", "content": text})


def _input(content: str | list[Item]) -> str | list[Item]:
    return content if isinstance(content, str) else list(map(_input_part, content))


def _input_part(part: Item) -> Item:
    """A content part of Chat Completions as one of the Responses API."""
    if part["type"] == "image_url":
        return {"type": "input_image", "detail": "auto", "image_url": part["image_url"]["url"]}
    if part["type"] == "file":
        file = part["file"]
        where = "file_data" if file["file_data"].startswith("data:") else "file_url"
        sent = {"type": "input_file", where: file["file_data"]}
        return {**sent, "filename": file["filename"]} if where == "file_data" else sent
    return {"type": "input_text", "text": part["text"]}
