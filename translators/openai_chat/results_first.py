"""A conversation as both of OpenAI's dialects ask for it: after an answer with tool calls come the results of all of
them, before anything else. A call without a result gets an empty one, a result without a call becomes text.
"""

from __future__ import annotations

from typing import Any

from translators.openai_chat.content import Part, joined, output_of, part_of, parts_of, text_of, tool_result
from translators.profile import Profile
from translators.system_texts import BILLING, reminder
from translators.tool_names import sent_id


class ResultsFirst:
    """What goes out, so far. A dialect says how answers, results and messages look; it adds to `out`.

    Between two answers results go out at once and everything else waits in `after`, so that results come first
    whatever order the client had. `open` maps the calls that wait for a result, id → name.
    """

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.out: list[dict[str, Any]] = []
        self.after: list[tuple[str, list[Part]]] = []
        self.open: dict[str, str] = {}

    def add(self, role: Any, content: Any) -> None:
        if role == "assistant":
            self._assistant(content)
        elif role in ("system", "developer"):
            self._system(text_of(content))
        else:
            self._user(content)

    def close(self) -> list[dict[str, Any]]:
        self._settle()
        return self.out

    def _assistant(self, content: Any) -> None:
        raise AssertionError("a dialect says what its answers look like")

    def _answered(self, wire_id: str, content: str | list[dict[str, Any]]) -> dict[str, Any]:
        raise AssertionError("a dialect says what its results look like")

    def _message(self, role: str, content: str | list[dict[str, Any]]) -> dict[str, Any]:
        raise AssertionError("a dialect says what its messages look like")

    def _after_results(self) -> None:
        """What a dialect puts between results and what follows them: nothing."""

    def _system(self, text: str) -> None:
        if not text or text.startswith(BILLING):
            return
        if self.profile.inline_system:
            self._later("system", [text])
        else:
            self._later("user", [reminder(text)])

    def _user(self, content: Any) -> None:
        if isinstance(content, str):
            if content:
                self._later("user", [content])
            return
        parts: list[Part] = []
        for block in content if isinstance(content, list) else ():
            if not isinstance(block, dict):
                continue
            if block.get("type") == "tool_result":
                parts += self._result(block)
            elif part := part_of(block, self.profile):
                parts.append(part)
        if parts:
            self._later("user", parts)

    def _result(self, block: dict[str, Any]) -> list[Part]:
        """Sends a tool result; gives what has to follow in the user's message."""
        tool_id = str(block.get("tool_use_id"))
        name = self.open.pop(tool_id, None)
        if name is None:
            heading = f"[Result of an earlier tool call {tool_id}]"
            return [heading, *parts_of(block.get("content"), self.profile)]
        content, media = tool_result(block, self.profile)
        wire_id = sent_id(tool_id, self.profile.tool_id_length)
        self.out.append(self._answered(wire_id, content))
        return [output_of(name, wire_id), *media] if media else []

    def _later(self, role: str, parts: list[Part]) -> None:
        if self.after and self.after[-1][0] == role:
            self.after[-1][1].extend(parts)
        else:
            self.after.append((role, parts))

    def _settle(self) -> None:
        """Nothing more comes before the next answer of the model."""
        for tool_id in self.open:
            self.out.append(self._answered(sent_id(tool_id, self.profile.tool_id_length), "(no result)"))
        self.open = {}
        self._after_results()
        for role, parts in self.after:
            self.out.append(self._message(role, joined(parts)))
        self.after = []
