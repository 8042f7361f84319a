"""The messages of a request, in the order and shape that Chat Completions ask for.

Neighbours of one role are one message; tool results come first, as `openai_chat/results_first.py` says.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from translators.call_ids import distinct_calls
from translators.openai_chat.carried import DETAILS, give_back
from translators.openai_chat.content import said_in
from translators.openai_chat.results_first import ResultsFirst
from translators.openai_chat.thoughts import settle_thoughts
from translators.openai_chat.tools import Tools
from translators.profile import Profile
from translators.request import Request
from translators.signatures import thinking_of
from translators.system_texts import system_texts
from translators.tool_names import sent_id

_READ = "I have read the results."
"""The answer between tool results and the user's words, where the model's template wants one."""

_encode = msgspec.json.encode


def write_messages(
    request: Request,
    profile: Profile,
    tools: Tools,
    *,
    first_line: str | None = None,
    last_lines: Iterable[str | None] = (),
    replay: str,
    model: str | None = None,
) -> list[dict[str, Any]]:
    """The `messages` of the body. `first_line` opens the system text and `last_lines` end it, those that are.

    `replay` is a `Profile.replay`. `model`: what was carried for it goes back with its calls; None: nothing does.
    """
    conversation = _Conversation(profile, tools, replay, model)
    system = system_texts(request.body.get("system"))
    if first_line:
        system.insert(0, first_line)
    system += [line for line in last_lines if line]
    if system:
        conversation.after.append(("system", list(system)))
    for message in distinct_calls(request.messages):
        conversation.add(message.get("role"), message.get("content"))
    messages = conversation.close()
    if profile.needs_thought or profile.joins_thought:
        settle_thoughts(messages, profile, replay)
    return messages


class _Conversation(ResultsFirst):
    def __init__(self, profile: Profile, tools: Tools, replay: str, model: str | None) -> None:
        super().__init__(profile)
        self.model = model
        self.tools = tools
        self.replay = replay

    def _answered(self, wire_id: str, content: str | list[dict[str, Any]]) -> dict[str, Any]:
        return {"role": "tool", "tool_call_id": wire_id, "content": content}

    def _message(self, role: str, content: str | list[dict[str, Any]]) -> dict[str, Any]:
        return {"role": role, "content": content}

    def _after_results(self) -> None:
        if self.profile.answer_after_tools and self.after and self.out and self.out[-1]["role"] == "tool":
            self.out.append({"role": "assistant", "content": _READ})

    def _assistant(self, content: Any) -> None:
        message = self._assistant_message(content)
        if message is None:
            return
        if not self.after and self.out and self.out[-1]["role"] == "assistant":
            self._join(self.out[-1], message)
            return
        self._settle()
        self.out.append(message)
        self.open = self._calls

    def _assistant_message(self, content: Any) -> dict[str, Any] | None:
        self._calls: dict[str, str] = {}
        if isinstance(content, str):
            return {"role": "assistant", "content": content} if content else None
        texts: list[str] = []
        thoughts: list[str] = []
        calls: list[dict[str, Any]] = []
        carried: Any = None
        for block in content if isinstance(content, list) else ():
            kind = block.get("type") if isinstance(block, dict) else None
            if kind in ("text", "compaction"):
                texts.append(said_in(block))
            elif kind == "tool_use":
                calls.append(self._call(block))
            elif kind == "thinking":
                thoughts.append(thinking_of(block))
            elif kind == "redacted_thinking":
                carried = block.get("data")
        text = "\n\n".join(filter(None, texts))
        if not text and not calls:
            return None
        message: dict[str, Any] = {"role": "assistant", "content": text or None}
        if calls:
            message["tool_calls"] = calls
            if carried is not None and self.model is not None:
                give_back(message, carried, self.model)
        if self.replay != "drop":
            self._replay(message, "\n".join(filter(None, thoughts)))
        return message

    def _replay(self, message: dict[str, Any], thought: str) -> None:
        """Earlier thinking; with a tool call even an empty field goes out (Kimi, DeepSeek)."""
        if self.replay == "think-tags":
            if thought:
                message["content"] = f"<think>\n{thought}\n</think>\n\n{message['content'] or ''}"
        elif thought or (self.replay == "reasoning_content" and "tool_calls" in message):
            message[self.replay] = thought

    def _call(self, block: dict[str, Any]) -> dict[str, Any]:
        tool_id, name = str(block.get("id")), str(block.get("name"))
        arguments = _encode(self.tools.arguments(name, block.get("input"))).decode()
        sent = self.tools.names.sent(name)
        self._calls[tool_id] = sent
        return {
            "id": sent_id(tool_id, self.profile.tool_id_length),
            "type": "function",
            "function": {"name": sent, "arguments": arguments},
        }

    def _join(self, last: dict[str, Any], message: dict[str, Any]) -> None:
        for key, separator in (("content", "\n\n"), ("reasoning_content", "\n"), ("reasoning", "\n")):
            if message.get(key):
                last[key] = f"{last[key]}{separator}{message[key]}" if last.get(key) else message[key]
        if "tool_calls" in message:
            last.setdefault("tool_calls", []).extend(message["tool_calls"])
            if details := message.get(DETAILS):
                last[DETAILS] = [*last.get(DETAILS, []), *details]
            if self.replay == "reasoning_content":
                last.setdefault("reasoning_content", "")
        self.open.update(self._calls)
