"""The contents of a request: the roles `user` and `model` in turn, results right after the calls they answer.

A content with function calls must be followed by one with as many function responses, in the same order; a call
without a result gets an empty one, a result without a call becomes text. Parts are never joined: a thought
signature belongs to the part it came on.
"""

from __future__ import annotations

from typing import Any

from translators.call_ids import distinct_calls
from translators.gemini.parts import Part, part_of, parts_of, response_of, text_part
from translators.gemini.signatures import STAND_IN, opened
from translators.gemini.tools import Functions
from translators.openai_chat.content import output_of, said_in, text_of
from translators.profile import Profile
from translators.request import Request
from translators.system_texts import BILLING, reminder
from translators.tool_names import sent_id

_OPENING = "(The conversation begins with the model.)"


def write_contents(
    request: Request, profile: Profile, model: str, functions: Functions, *, signed: bool
) -> list[dict[str, Any]]:
    """The `contents` of the body. `signed`: the model demands a signature on calls of the current turn."""
    conversation = _Conversation(profile, model, functions)
    for message in distinct_calls(request.messages):
        conversation.add(message.get("role"), message.get("content"))
    contents = conversation.close()
    if signed:
        _sign(contents)
    return contents


def _sign(contents: list[dict[str, Any]]) -> None:
    """Puts the stand-in on the first call of every step of the current turn that has no signature."""
    for content in reversed(contents):
        parts = content["parts"]
        if content["role"] == "model":
            call = next((part for part in parts if "functionCall" in part), None)
            if call is not None:
                call.setdefault("thoughtSignature", STAND_IN)
        elif not any("functionResponse" in part for part in parts):
            return


class _Conversation:
    """The contents so far.

    `calls` are those of the last model content, id → name, in order; until it is settled their results gather in
    `results` and everything else of the user's in `after`.
    """

    def __init__(self, profile: Profile, model: str, functions: Functions) -> None:
        self.profile = profile
        self.model = model
        self.functions = functions
        self.out: list[dict[str, Any]] = []
        self.calls: dict[str, str] = {}
        self.results: dict[str, list[Part]] = {}
        self.after: list[Part] = []

    def add(self, role: Any, content: Any) -> None:
        if role == "assistant":
            self._model(content)
        elif role == "system":
            text = text_of(content)
            if text and not text.startswith(BILLING):
                self.after.append(text_part(reminder(text)))
        else:
            self._user(content)

    def close(self) -> list[dict[str, Any]]:
        self._settle()
        if self.out and self.out[0]["role"] == "model":
            self.out.insert(0, {"role": "user", "parts": [text_part(_OPENING)]})
        return self.out

    def _user(self, content: Any) -> None:
        if not isinstance(content, list):
            self.after += parts_of(content, self.profile)
            return
        for block in content:
            if not isinstance(block, dict):
                continue
            if block.get("type") == "tool_result":
                self._result(block)
            elif part := part_of(block, self.profile):
                self.after.append(part)

    def _result(self, block: dict[str, Any]) -> None:
        tool_id = str(block.get("tool_use_id"))
        if tool_id not in self.calls or tool_id in self.results:
            self.after.append(text_part(f"[Result of an earlier tool call {tool_id}]"))
            self.after += parts_of(block.get("content"), self.profile)
            return
        response, media = response_of(block, self.profile)
        part = self._response(tool_id, response)
        if media and self.profile.tool_images:
            part["functionResponse"]["parts"] = media
        elif media:
            self.after.append(text_part(output_of(self.calls[tool_id], part["functionResponse"]["id"])))
            self.after += media
        self.results[tool_id] = [part]

    def _response(self, tool_id: str, response: dict[str, str]) -> Part:
        name, wire_id = self.calls[tool_id], sent_id(tool_id, self.profile.tool_id_length)
        return {"functionResponse": {"id": wire_id, "name": name, "response": response}}

    def _model(self, content: Any) -> None:
        goes_on = not (self.after or self.results) and bool(self.out) and self.out[-1]["role"] == "model"
        calls: dict[str, str] = {}
        parts = self._model_parts(content, calls)
        if not parts:
            return
        if goes_on:
            self.out[-1]["parts"] += parts
            self.calls.update(calls)
            return
        self._settle()
        self.out.append({"role": "model", "parts": parts})
        self.calls = calls

    def _model_parts(self, content: Any, calls: dict[str, str]) -> list[Part]:
        if isinstance(content, str):
            return [text_part(content)] if content else []
        parts: list[Part] = []
        signature: str | None = None
        for block in content if isinstance(content, list) else ():
            kind = block.get("type") if isinstance(block, dict) else None
            if kind in ("thinking", "redacted_thinking"):
                signature = opened(block.get("signature") or block.get("data"), self.model)
                continue
            part: Part | None = None
            if kind in ("text", "compaction") and (text := said_in(block)):
                part = text_part(text)
            elif kind == "tool_use":
                part = self._call(block, calls)
            if part is not None:
                if signature:
                    part["thoughtSignature"] = signature
                parts.append(part)
                signature = None
        return parts

    def _call(self, block: dict[str, Any], calls: dict[str, str]) -> Part:
        tool_id, name = str(block.get("id")), str(block.get("name"))
        calls[tool_id] = sent = self.functions.names.sent(name)
        arguments = self.functions.arguments(name, block.get("input"))
        wire_id = sent_id(tool_id, self.profile.tool_id_length)
        return {"functionCall": {"id": wire_id, "name": sent, "args": arguments}}

    def _settle(self) -> None:
        """Nothing more comes before the next model content."""
        parts: list[Part] = []
        for tool_id in self.calls:
            parts += self.results.get(tool_id) or [self._response(tool_id, {"output": "(no result)"})]
        parts += self.after
        self.calls, self.results, self.after = {}, {}, []
        if parts:
            self.out.append({"role": "user", "parts": parts})
