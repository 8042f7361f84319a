"""Canonical events laid out as an Anthropic message: blocks opened, signed, closed and numbered, and the end.

`Answer` decides what is said in which order; what becomes of it, bytes or one object, is up to its two heirs in
`anthropic_writer`. So a streamed answer and a collected one cannot differ.

Tool calls get ids of their own, since upstreams repeat theirs (`call_0` in every turn) and the client then runs in a
circle. The upstream's id is not kept: it sees ours in the next turn, on the call and on its result, which is all that
an id is for; `tool_names.sent_id` shortens it for those that are particular.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from typing import Any

import msgspec

from translators.events import (
    Break,
    Citation,
    Event,
    Fault,
    Finish,
    Opaque,
    Redacted,
    Signature,
    Start,
    StopReason,
    Text,
    Thinking,
    Tool,
    Usage,
)
from translators.order import State, Step, after
from translators.request import Request
from translators.signatures import UNSIGNED, carrying

_ALPHABET = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_LETTERS = bytes(_ALPHABET[byte % len(_ALPHABET)] for byte in range(256))

_CHARACTERS_PER_TOKEN = 4

_INPUT_IN_DELTAS = ("server_tool_use", "mcp_tool_use")
_KEEP_WITH_TOOLS = ("max_tokens", "model_context_window_exceeded", "refusal", "pause_turn")
"""Stop reasons that stand beside tool calls, as readers leave them only where a further call was cut off; any other
becomes `tool_use`."""

_FAULT_TYPES = {
    "rate_limit": "rate_limit_error",
    "auth": "authentication_error",
    "credit": "billing_error",
    "not_found": "not_found_error",
    "refused": "permission_error",
    "overflow": "invalid_request_error",
    "bad_request": "invalid_request_error",
}
"""Error type of each failure kind; the others are the moment's fault, and the client is to ask again."""


def new_id(prefix: str) -> str:
    """`prefix` and 24 random letters and digits."""
    return prefix + os.urandom(24).translate(_LETTERS).decode()


class Answer(ABC):
    """One answer. `take(event)` lays an event out; heirs say what `_open`, `_say`, `_close`, `_end`, `_fail` do."""

    def __init__(self, request: Request, *, message_id: str, input_estimate: int) -> None:
        """`input_estimate`: tokens of the prompt, for upstreams that never tell."""
        thinking = request.body.get("thinking")
        thinking = thinking if isinstance(thinking, dict) else {}
        self._silent = request.no_thinking or thinking.get("type") == "disabled"
        """The client wants no thinking blocks."""
        self._omitted = thinking.get("display") == "omitted"
        """The client wants thinking blocks without the thinking."""
        self._request = request
        self._id = message_id
        self._estimate = max(input_estimate, 1)
        self._state: State = "between"
        self._index = -1
        self._tools = False
        self._unseen: list[str] = []
        self._length = 0
        """Characters said, thinking included."""
        self._usage = Usage()
        self._headed = 1
        """Input tokens that the head has told."""

    def take(self, event: Event) -> None:
        """Lays out one event; after Finish or Fault nothing more is said."""
        handler = _HANDLERS.get(type(event))
        if handler is not None and self._state not in ("done", "broken"):
            handler(self, event)

    @abstractmethod
    def _open(self, block: dict[str, Any]) -> None:
        """A block begins: `block` is its `content_block`."""

    @abstractmethod
    def _say(self, step: Step, value: Any) -> None:
        """A delta: its type and what it brings."""

    @abstractmethod
    def _close(self) -> None:
        """The block that is open ends."""

    @abstractmethod
    def _end(self, delta: dict[str, Any], usage: dict[str, Any]) -> None:
        """The answer is complete: `delta` and `usage` of its `message_delta`."""

    @abstractmethod
    def _fail(self, kind: str, message: str) -> None:
        """The answer failed: type and message of its `error`."""

    def head(self) -> dict[str, Any]:
        """`message` of the message_start.

        Totals may only grow, so what is not known yet is 1: an estimate above the truth could not be taken back.
        """
        usage = self._usage
        self._headed = usage.input or 1
        counts = {
            "input_tokens": self._headed,
            "cache_creation_input_tokens": usage.cache_write or 0,
            "cache_read_input_tokens": usage.cache_read or 0,
            "output_tokens": 1,
        }
        return {
            "id": self._id,
            "type": "message",
            "role": "assistant",
            "model": self._request.asked,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": counts,
        }

    def _step(self, step: Step) -> None:
        self._state = after(self._state, step)

    def _begin(self, step: Step, block: dict[str, Any]) -> None:
        self._finish_block()
        self._step(step)
        self._index += 1
        self._open(block)

    def _delta(self, step: Step, value: Any) -> None:
        self._step(step)
        self._say(step, value)

    def _finish_block(self) -> None:
        """Closes the block that is open, if one is; thinking is signed before."""
        if self._state == "between":
            return
        if self._state == "thinking":
            unseen = "".join(self._unseen)
            self._unseen.clear()
            self._delta("signature_delta", carrying(unseen) if unseen else UNSIGNED)
        self._step("content_block_stop")
        self._close()

    def _text(self, event: Text) -> None:
        if not event.text:
            return
        if self._state != "text":
            self._begin("start text", {"type": "text", "text": ""})
        self._length += len(event.text)
        self._delta("text_delta", event.text)

    def _citation(self, event: Citation) -> None:
        if self._state != "text":
            self._begin("start text", {"type": "text", "text": ""})
        self._delta("citations_delta", event.citation)

    def _thinking(self, event: Thinking) -> None:
        self._length += len(event.text)
        if self._silent or not event.text:
            return
        if self._state != "thinking":
            self._begin("start thinking", {"type": "thinking", "thinking": "", "signature": ""})
        if self._omitted:
            self._unseen.append(event.text)
        else:
            self._delta("thinking_delta", event.text)

    def _signature(self, event: Signature) -> None:
        if self._silent or not event.signature:
            return
        if self._state != "thinking":
            self._begin("start thinking", {"type": "thinking", "thinking": "", "signature": ""})
        self._unseen.clear()
        self._delta("signature_delta", event.signature)
        self._finish_block()

    def _redacted(self, event: Redacted) -> None:
        if not self._silent:
            self._whole({"type": "redacted_thinking", "data": event.data})

    def _whole(self, block: dict[str, Any]) -> None:
        self._begin("start whole", block)
        self._finish_block()

    def _tool(self, event: Tool) -> None:
        self._tools = True
        self._length += len(event.input)
        block = {"type": "tool_use", "id": new_id("toolu_"), "name": event.name, "input": {}}
        self._begin("start tool", block)
        self._delta("input_json_delta", event.input or "{}")
        self._finish_block()

    def _opaque(self, event: Opaque) -> None:
        block = event.block
        if block.get("type") not in _INPUT_IN_DELTAS:
            self._whole(block)
            return
        self._begin("start tool", {**block, "input": {}})
        self._delta("input_json_delta", msgspec.json.encode(block.get("input") or {}).decode())
        self._finish_block()

    def _break(self, _: Event) -> None:
        self._finish_block()

    def _start(self, event: Start) -> None:
        if event.usage is not None:
            self._count(event.usage)

    def _count(self, usage: Usage) -> None:
        """Totals so far: later ones count, except that nothing does not undo something."""
        known = self._usage
        if usage.input or usage.cache_read or usage.cache_write:
            known.input = usage.input if usage.input is not None else known.input
            known.cache_read = usage.cache_read or known.cache_read
            known.cache_write = usage.cache_write or known.cache_write
        if usage.output or known.output is None:
            known.output = usage.output
        known.thinking = usage.thinking if usage.thinking is not None else known.thinking
        if usage.extra:
            known.extra = {**(known.extra or {}), **usage.extra}

    def _finished(self, event: Finish) -> None:
        self._finish_block()
        self._count(event.usage)
        reason, matched = self._reason(event)
        delta: dict[str, Any] = {"stop_reason": reason, "stop_sequence": matched}
        if event.details is not None:
            delta["stop_details"] = event.details
        self._step("message_delta")
        self._step("message_stop")
        self._end(delta, self._totals())

    def _reason(self, event: Finish) -> tuple[StopReason, str | None]:
        """The stop reason, and the stop sequence: one that was asked for, or the upstream's own if none was."""
        if self._tools and event.reason not in _KEEP_WITH_TOOLS:
            return "tool_use", None
        if event.reason == "stop_sequence":
            asked = self._request.body.get("stop_sequences") or []
            matched = event.stop_sequence
            if matched is None and len(asked) == 1:
                matched = asked[0]
            known = matched and matched in (asked or [matched])
            return ("stop_sequence", matched) if known else ("end_turn", None)
        return ("end_turn" if event.reason == "tool_use" else event.reason), None

    def _totals(self) -> dict[str, Any]:
        """The usage of the whole answer. Input is at least what the head said, if need be at the cache's cost."""
        usage = self._usage
        read, written = usage.cache_read or 0, usage.cache_write or 0
        known = usage.input or read or written
        fresh = usage.input or (0 if known else self._estimate)
        lacking = max(self._headed - fresh, 0)
        output = usage.output
        if not output and (self._index >= 0 or self._length or output is None):
            output = self._length // _CHARACTERS_PER_TOKEN + 1
        totals = {
            **(usage.extra or {}),
            "input_tokens": fresh + lacking,
            "cache_creation_input_tokens": written,
            "cache_read_input_tokens": max(read - lacking, 0),
            "output_tokens": output,
        }
        if usage.thinking is not None:
            totals["output_tokens_details"] = {"thinking_tokens": min(usage.thinking, output)}
        return totals

    def _fault(self, event: Fault) -> None:
        self._step("error")
        self._fail(_FAULT_TYPES.get(event.kind, "overloaded_error"), event.message)


_HANDLERS: dict[type, Any] = {
    Text: Answer._text,
    Thinking: Answer._thinking,
    Signature: Answer._signature,
    Redacted: Answer._redacted,
    Citation: Answer._citation,
    Tool: Answer._tool,
    Opaque: Answer._opaque,
    Break: Answer._break,
    Start: Answer._start,
    Usage: Answer._count,
    Finish: Answer._finished,
    Fault: Answer._fault,
}
