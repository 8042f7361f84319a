"""Blocks that are held until they are whole: tool calls, and those that have no twin elsewhere.

By the book a block's input starts as `{}` and comes in deltas. Servers leave it out, send it whole in the start of the
block, as JSON in a string, quoted twice, or leave the block open.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from translators.events import Opaque, Tool
from translators.openai_chat.calls import is_object, own_arguments
from translators.toolcalls import complete_arguments

_ODD = re.compile(r"[^A-Za-z0-9_-]")
"""What no id of a call may hold."""
_INPUT = ("tool_use", "server_tool_use", "mcp_tool_use")


class Held:
    """A block being said. `told` once it was passed on."""

    __slots__ = ("_doubtful", "_parts", "block", "told")

    def __init__(self, block: dict[str, Any]) -> None:
        self.block = block
        self.told = False
        self._parts: list[str] = []
        self._doubtful = False
        """It was looked at since the last piece, and something may be added."""

    @property
    def is_tool(self) -> bool:
        return self.block.get("type") == "tool_use"

    @property
    def text(self) -> str:
        """The input so far; what came in deltas counts before what the block began with."""
        said = "".join(self._parts)
        if said.strip() not in ("", "{}"):
            return said
        begun = self.block.get("input")
        if isinstance(begun, str):
            return begun or said
        return msgspec.json.encode(begun).decode() if begun else said

    def add(self, fragment: Any) -> None:
        """A piece of the input; an object where text belongs is all of it."""
        self._doubtful = False
        if isinstance(fragment, str):
            self._parts.append(fragment)
        elif fragment is not None:
            self._parts = [msgspec.json.encode(fragment).decode()]

    def grow(self, delta: dict[str, Any]) -> None:
        """A delta of an unknown kind: text is added to a field of the same name, anything else takes its place."""
        self._doubtful = False
        for name, value in delta.items():
            known = self.block.get(name)
            if name != "type":
                both_text = isinstance(known, str) and isinstance(value, str)
                self.block = {**self.block, name: known + value if both_text else value}

    @property
    def certain(self) -> bool:
        """Nothing can be added to the input: it is a whole object with something in it."""
        if self._doubtful:
            return False
        text = self.text.strip()
        self._doubtful = text == "{}" or not is_object(text)
        return not self._doubtful

    @property
    def fault(self) -> str:
        """What is wrong with a block that gives no event."""
        name = self.block.get("name")
        return f"the input of {name} is not JSON" if name else "a call names no tool"

    def event(self, *, mend: bool) -> Tool | Opaque | None:
        """What to pass on; None if it is not whole. `mend`: repair the input where there is no doubt."""
        name = self.block.get("name")
        calls = self.block.get("type") in _INPUT
        if calls and not (isinstance(name, str) and name):
            return None
        if not calls and not self._parts:
            return Opaque(self.block)
        text = own_arguments(self.text)
        if text is None and mend:
            text = complete_arguments(self.text)
        if text is None:
            return None
        if self.is_tool:
            return Tool(str(self.block.get("id") or ""), str(name), text)
        block = {**self.block, "input": msgspec.json.decode(text)}
        return Opaque(
            {**block, "id": _ODD.sub("_", str(block.get("id") or "srvtoolu_0"))} if calls else block
        )
