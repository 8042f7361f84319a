"""Tool calls of a conversation under ids that no other call has.

Every API wants the id of a call to be the only one of its message, Anthropic the only one of the conversation. Clients
that were served by other gateways come with `call_0` in every turn, or with one id for several calls side by side. The
second call of an id and its result get another, the same in every turn; results go by the order of the calls.
"""

from __future__ import annotations

from typing import Any

Message = dict[str, Any]


def distinct_calls(messages: list[Message]) -> list[Message]:
    """`messages` with every call under an id of its own; the same list if they are so already."""
    ids = [block.get("id") for message in messages for block in _blocks(message, "tool_use")]
    return messages if len(set(map(str, ids))) == len(ids) else _renamed(messages)


def _renamed(messages: list[Message]) -> list[Message]:
    out: list[Message] = []
    taken: dict[str, int] = {}
    """Ids that are given out, and the number with which another of the same name is looked for first."""
    waiting: dict[str, list[str]] = {}
    """Calls of the last answer without a result, by the id the client knows."""
    before: Any = None
    for message in messages:
        if message.get("role") == "assistant" != before:
            waiting = {}
        before = message.get("role")
        content = message.get("content")
        if isinstance(content, list):
            message = {**message, "content": [_block(block, taken, waiting) for block in content]}
        out.append(message)
    return out


def _block(block: Any, taken: dict[str, int], waiting: dict[str, list[str]]) -> Any:
    kind = block.get("type") if isinstance(block, dict) else None
    if kind == "tool_use":
        known = own = str(block.get("id"))
        number = taken.get(known, 2)
        while own in taken:
            own, number = f"{known}-{number}", number + 1
        taken[known] = number
        taken.setdefault(own, 2)
        waiting.setdefault(known, []).append(own)
        return {**block, "id": own}
    if kind == "tool_result" and (calls := waiting.get(str(block.get("tool_use_id")))):
        return {**block, "tool_use_id": calls.pop(0)}
    return block


def _blocks(message: Message, kind: str) -> list[Message]:
    content = message.get("content")
    if not isinstance(content, list):
        return []
    return [block for block in content if isinstance(block, dict) and block.get("type") == kind]
