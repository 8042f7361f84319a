"""The messages of a request in the shape that the Messages API asks for.

Neighbours of one role are one message; in a user's message tool results come first; every call has its result in the
message after it, and every result its call in the message before. What the client did not do right is mended: a call
without a result gets an empty one, a result without a call becomes text.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from translators.anthropic.blocks import Block, Blocks
from translators.call_ids import distinct_calls
from translators.request import Request
from translators.system_texts import BILLING, reminder

_PLAIN = {"role", "content"}


def write_messages(request: Request, blocks: Blocks, *, inline_system: bool) -> list[dict[str, Any]]:
    """The `messages` of the body. `inline_system`: messages of the role `system` may stand between others."""
    out: list[dict[str, Any]] = []
    joined: list[Block] = []
    """Of several messages: this list is nobody else's."""
    for message in distinct_calls(request.messages):
        written = _message(message, blocks, inline_system=inline_system)
        if not written["content"]:
            continue
        if out and out[-1]["role"] == written["role"] and _PLAIN == out[-1].keys() == written.keys():
            if out[-1]["content"] is not joined:
                joined = out[-1]["content"] = list(out[-1]["content"])
            joined += written["content"]
        else:
            out.append(written)
    for message in out:
        if message["role"] == "user":
            message["content"] = _results_first(message["content"], blocks)
    return _paired(_without_last_blanks(out))


def write_system(request: Request, blocks: Blocks, last: str | None = None) -> str | list[Block] | None:
    """The `system` of the body, for others than Anthropic without what is for its books. `last` stands at its end."""
    system = request.body.get("system")
    if last is not None:
        system = [*blocks.taken(system), {"type": "text", "text": last}]
    if isinstance(system, str) or not system:
        return system or None
    taken = blocks.taken(system)
    if not blocks.profile.first_party:
        texts = (block for block in taken if block["type"] == "text")
        taken = [block for block in texts if not block["text"].startswith(BILLING)]
    return taken or None


def _without_last_blanks(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """An answer that is to be gone on with may not end in blanks."""
    last = messages[-1] if messages else {}
    if last.get("role") == "assistant" and last["content"][-1]["type"] == "text":
        block = last["content"][-1]
        last["content"] = [*last["content"][:-1], block | {"text": block["text"].rstrip()}]
    return messages


def _message(message: dict[str, Any], blocks: Blocks, *, inline_system: bool) -> dict[str, Any]:
    role = message.get("role")
    content = blocks.taken(message.get("content"))
    if role == "system" and not inline_system:
        role, content = "user", [_reminder(block) for block in content if block["type"] == "text"]
    if blocks.profile.first_party:
        return {**message, "role": role, "content": content}
    return {"role": role if role in ("assistant", "system") else "user", "content": content}


def _reminder(block: Block) -> Block:
    return block | {"text": reminder(block["text"])}


def _results_first(content: list[Block], blocks: Blocks) -> list[Block]:
    """Tool results before the rest, and their images after them where a result may hold none."""
    results = [block for block in content if block["type"] == "tool_result"]
    if not results:
        return content
    rest = [block for block in content if block["type"] != "tool_result"]
    media: list[Block] = []
    if not (blocks.profile.first_party or blocks.profile.tool_images):
        results = [_without_media(block, media) for block in results]
    return results + media + rest


def _without_media(result: Block, media: list[Block]) -> Block:
    content = result.get("content")
    if not isinstance(content, list):
        return result
    texts = [block for block in content if block["type"] == "text"]
    others = [block for block in content if block["type"] != "text"]
    if not others:
        return result
    media += [{"type": "text", "text": f"[Output of tool call {result['tool_use_id']}]"}, *others]
    return result | {"content": texts or "(see below)"}


def _paired(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The messages with every call answered and every answer asked for. System messages may stand between."""
    out: list[dict[str, Any]] = []
    calls: list[str] = []
    for message in messages:
        if message["role"] == "user":
            message["content"] = _answered(message["content"], calls)
            calls = []
        elif message["role"] == "assistant":
            _answer(out, calls)
            calls = [block["id"] for block in message["content"] if block["type"] == "tool_use"]
        out.append(message)
    _answer(out, calls)
    return out


def _answer(out: list[dict[str, Any]], calls: list[str]) -> None:
    if calls:
        out.append({"role": "user", "content": [_no_result(call) for call in calls]})


def _answered(content: list[Block], calls: list[str]) -> list[Block]:
    open_calls = Counter(calls)
    results: list[Block] = []
    rest: list[Block] = []
    for block in content:
        if block["type"] != "tool_result":
            rest.append(block)
        elif open_calls[block["tool_use_id"]]:
            open_calls[block["tool_use_id"]] -= 1
            results.append(block)
        else:
            rest += _stray(block)
    return results + [_no_result(call) for call in open_calls.elements()] + rest


def _no_result(call: str) -> Block:
    return {"type": "tool_result", "tool_use_id": call, "content": "(no result)"}


def _stray(result: Block) -> list[Block]:
    content = result.get("content") or []
    said = [{"type": "text", "text": content}] if isinstance(content, str) else content
    return [{"type": "text", "text": f"[Result of an earlier tool call {result['tool_use_id']}]"}, *said]
