"""The conversation of a request as input items of the Responses API.

Blocks keep their order, as reasoning must stand before what came of it; only tool results are drawn before everything
else between two answers. A call without a result gets an empty one, a result without a call becomes text.
"""

from __future__ import annotations

from typing import Any

import msgspec

from translators.call_ids import distinct_calls
from translators.openai_chat.content import Part, joined, part_of, parts_of, said_in, text_of, tool_result
from translators.openai_chat.conversation import BILLING
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


class _Conversation:
    """The items so far; `after` holds what follows the results of `open` calls, id → name."""

    def __init__(self, target: Target, tools: Tools, replay: bool) -> None:
        self.profile = target.profile
        self.model = target.model
        self.tools = tools
        self.replay = replay
        self.out: list[Item] = []
        self.after: list[tuple[str, list[Part]]] = []
        self.open: dict[str, str] = {}

    def add(self, role: Any, content: Any) -> None:
        if role == "assistant":
            self._assistant(content)
        elif role in ("system", "developer"):
            self._system(text_of(content))
        else:
            self._user(content)

    def close(self) -> list[Item]:
        self._settle()
        return self.out

    def _system(self, text: str) -> None:
        if not text or text.startswith(BILLING):
            return
        if self.profile.inline_system:
            self._later("system", [text])
        else:
            self._later("user", [f"<system-reminder>\n{text}\n</system-reminder>"])

    def _user(self, content: Any) -> None:
        if isinstance(content, str):
            content = [{"type": "text", "text": content}]
        parts: list[Part] = []
        for block in content if isinstance(content, list) else ():
            if isinstance(block, dict):
                if block.get("type") == "tool_result":
                    parts += self._result(block)
                elif part := part_of(block, self.profile):
                    parts.append(part)
        if parts:
            self._later("user", parts)

    def _result(self, block: Item) -> list[Part]:
        """Sends a tool result; gives what has to follow in the user's message."""
        tool_id = str(block.get("tool_use_id"))
        name = self.open.pop(tool_id, None)
        if name is None:
            heading = f"[Result of an earlier tool call {tool_id}]"
            return [heading, *parts_of(block.get("content"), self.profile)]
        content, media = tool_result(block, self.profile)
        self._output(tool_id, content if isinstance(content, str) else list(map(_input_part, content)))
        return [f"[Output of {name}]", *media] if media else []

    def _output(self, tool_id: str, output: Any) -> None:
        call_id = sent_id(tool_id, self.profile.tool_id_length)
        self.out.append({"type": "function_call_output", "call_id": call_id, "output": output})

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

    def _later(self, role: str, parts: list[Part]) -> None:
        if self.after and self.after[-1][0] == role:
            self.after[-1][1].extend(parts)
        else:
            self.after.append((role, parts))

    def _settle(self) -> None:
        """Nothing more comes before the next answer of the model."""
        for tool_id in self.open:
            self._output(tool_id, "(no result)")
        self.open = {}
        for role, parts in self.after:
            content = joined(parts)
            if not isinstance(content, str):
                content = list(map(_input_part, content))
            self.out.append({"type": "message", "role": role, "content": content})
        self.after = []


def _say(text: Any, said: list[Item]) -> None:
    """A piece of the model's text; neighbours become one message."""
    if not isinstance(text, str) or not text:
        return
    if said and said[-1]["type"] == "message":
        said[-1]["content"] += "\n\n" + text
    else:
        said.append({"type": "message", "role": "assistant", "content": text})


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
