"""A strict judge of Anthropic streams, written from the documentation and sharing nothing with the code it judges.

    stream := ping* message_start (ping | block)* message_delta message_stop
    block  := content_block_start (ping | content_block_delta)* content_block_stop       indexes 0, 1, 2, …
    broken := any beginning of a stream, then error, then nothing

Sources: docs.claude.com/en/api/messages-streaming, docs.claude.com/en/api/messages.
"""

from __future__ import annotations

import json
import re
from typing import Any

DELTAS = {
    "text": {"text_delta": "text", "citations_delta": "citation"},
    "thinking": {"thinking_delta": "thinking", "signature_delta": "signature"},
    "tool_use": {"input_json_delta": "partial_json"},
    "server_tool_use": {"input_json_delta": "partial_json"},
    "mcp_tool_use": {"input_json_delta": "partial_json"},
}
"""What may be said in a block; in any other kind nothing."""

EMPTY = {"text": {"text": ""}, "thinking": {"thinking": "", "signature": ""}, "tool_use": {"input": {}}}
EMPTY["server_tool_use"] = EMPTY["mcp_tool_use"] = EMPTY["tool_use"]
"""How blocks begin, where they do not begin whole."""

STOP_REASONS = {
    "end_turn",
    "max_tokens",
    "stop_sequence",
    "tool_use",
    "pause_turn",
    "refusal",
    "model_context_window_exceeded",
    "compaction",
}
ERROR_TYPES = {
    "invalid_request_error",
    "authentication_error",
    "billing_error",
    "permission_error",
    "not_found_error",
    "request_too_large",
    "rate_limit_error",
    "timeout_error",
    "api_error",
    "overloaded_error",
}
COUNTS = ("input_tokens", "output_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")


def check_stream(data: bytes, request: Any = None) -> dict[str, Any]:
    """The message that a client puts together from a complete stream. Raises AssertionError for any fault in it.

    `request`: the `Request` or its body, to check model, tool ids and stop sequences against.
    """
    judge = _Judge(_body(request))
    for kind, fields in events_of(data):
        judge.event(kind, fields)
    assert judge.over == "message_stop", f"the stream ends with {judge.over}"
    check_message(judge.message, request)
    return judge.message


def check_broken_stream(data: bytes, request: Any = None) -> tuple[dict[str, Any] | None, dict[str, Any]]:
    """The message so far and the error of a stream that broke.

    The message is None if it did not begin; a block that did not end is left out.
    """
    judge = _Judge(_body(request))
    for kind, fields in events_of(data):
        judge.event(kind, fields)
    assert judge.over == "error", "the stream does not end with an error"
    if judge.open is not None:
        judge.message["content"].pop()
    return judge.message, judge.error


def events_of(data: bytes) -> list[tuple[str, dict[str, Any]]]:
    """Name and data of each event; frames must be exactly two lines and a blank one."""
    assert not data or data.endswith(b"\n\n"), f"cut inside an event: {data[-80:]!r}"
    found = []
    for frame in data.decode("utf-8").split("\n\n")[:-1]:
        if frame.startswith(":"):
            continue
        match = re.fullmatch(r"event: (\w+)\ndata: (\{[^\n\r]*\})", frame)
        assert match, f"not an event: {frame[:120]!r}"
        fields = json.loads(match[2], parse_constant=_refuse, object_pairs_hook=_no_twins)
        assert fields["type"] == match[1], f"event {match[1]} with type {fields['type']}"
        found.append((match[1], fields))
    return found


def check_message(message: dict[str, Any], request: Any = None) -> None:
    """What holds for every whole message, streamed or not."""
    body = _body(request)
    assert message["type"] == "message"
    assert message["role"] == "assistant"
    assert re.fullmatch(r"msg_[0-9A-Za-z]{8,}", message["id"]), message["id"]
    assert message["model"] == body.get("model", message["model"])
    assert message["model"]
    for block in message["content"]:
        _check_block(block)
    _check_ids(message, body)
    _check_stop(message, body)
    _check_usage(message["usage"])
    prompt = sum(message["usage"][name] for name in COUNTS if name != "output_tokens")
    assert prompt > 0, "the prompt had no tokens"
    assert message["usage"]["output_tokens"] > 0 or not message["content"], "an answer of no tokens"


class _Judge:
    def __init__(self, body: dict[str, Any]) -> None:
        self.body = body
        self.message: Any = None
        self.error: Any = None
        self.over: str | None = None
        self.open: str | None = None
        self.deltas: list[str] = []
        self.input: list[str] = []

    def event(self, kind: str, fields: dict[str, Any]) -> None:
        assert self.over is None or (self.over, kind) == ("message_delta", "message_stop"), (
            f"{kind} after {self.over}"
        )
        if kind == "ping":
            assert fields == {"type": "ping"}
            return
        if kind == "error":
            self._error(fields)
            return
        assert (self.message is None) == (kind == "message_start"), f"{kind} out of place"
        getattr(self, f"_{kind}")(fields)

    def _error(self, fields: dict[str, Any]) -> None:
        assert fields["error"].keys() == {"type", "message"}
        assert fields["error"]["type"] in ERROR_TYPES
        assert isinstance(fields["error"]["message"], str)
        self.error, self.over = fields["error"], "error"

    def _message_start(self, fields: dict[str, Any]) -> None:
        self.message = fields["message"]
        assert self.message["content"] == []
        assert self.message["stop_reason"] is None
        assert self.message["stop_sequence"] is None
        _check_usage(self.message["usage"])

    def _content_block_start(self, fields: dict[str, Any]) -> None:
        block = fields["content_block"]
        assert self.open is None, f"block {fields['index']} begins while another is open"
        assert fields["index"] == len(self.message["content"])
        for name, value in EMPTY.get(block["type"], {}).items():
            assert block[name] == value, f"{block['type']} begins with {name} {block[name]!r}"
        self.message["content"].append(dict(block))
        self.open, self.deltas, self.input = block["type"], [], []

    def _content_block_delta(self, fields: dict[str, Any]) -> None:
        delta = fields["delta"]
        assert self.open is not None, "a delta outside of a block"
        assert fields["index"] == len(self.message["content"]) - 1
        name = DELTAS.get(self.open, {}).get(delta["type"])
        assert name, f"{delta['type']} in a {self.open} block"
        assert delta.keys() == {"type", name}
        block, value = self.message["content"][-1], delta[name]
        assert "signature_delta" not in self.deltas, "a delta after the signature"
        self.deltas.append(delta["type"])
        if name == "citation":
            assert isinstance(value, dict)
            block.setdefault("citations", []).append(value)
            return
        assert isinstance(value, str)
        assert value, f"an empty {delta['type']}"
        if name == "partial_json":
            self.input.append(value)
        else:
            block[name] += value

    def _content_block_stop(self, fields: dict[str, Any]) -> None:
        assert self.open is not None, "a stop outside of a block"
        assert fields["index"] == len(self.message["content"]) - 1
        if self.input:
            self.message["content"][-1]["input"] = json.loads("".join(self.input), parse_constant=_refuse)
        assert self.open != "thinking" or self.deltas[-1:] == ["signature_delta"], (
            "thinking that is not signed"
        )
        assert self.open != "text" or self.deltas, "a text block of nothing"
        self.open = None

    def _message_delta(self, fields: dict[str, Any]) -> None:
        assert self.open is None, "the end while a block is open"
        assert fields["delta"].keys() >= {"stop_reason", "stop_sequence"}
        before, usage = self.message["usage"], fields["usage"]
        _check_usage(usage)
        for name in ("input_tokens", "output_tokens") if self.message["content"] else ("input_tokens",):
            assert usage[name] >= before[name], f"{name} falls from {before[name]} to {usage[name]}"
        self.message |= fields["delta"]
        self.message["usage"] = before | usage
        self.over = "message_delta"

    def _message_stop(self, fields: dict[str, Any]) -> None:
        assert fields == {"type": "message_stop"}
        assert self.over == "message_delta", "message_stop without message_delta"
        self.over = "message_stop"


def _check_block(block: dict[str, Any]) -> None:
    kind = block["type"]
    if kind == "thinking":
        assert block["signature"], "thinking that is not signed"
    elif kind == "redacted_thinking":
        assert block["data"]
    elif kind in EMPTY and "input" in EMPTY[kind]:
        assert isinstance(block["input"], dict), f"the input of {block['name']} is no object"
        assert block["name"]
        assert re.fullmatch(r"[A-Za-z0-9_-]+", block["id"]), block["id"]
    if kind == "tool_use":
        assert re.fullmatch(r"toolu_[A-Za-z0-9]{24}", block["id"]), block["id"]


def _check_ids(message: dict[str, Any], body: dict[str, Any]) -> None:
    ids = [block["id"] for block in message["content"] if block["type"] == "tool_use"]
    for earlier in body.get("messages") or ():
        content = earlier.get("content")
        for block in content if isinstance(content, list) else ():
            if block.get("type") == "tool_use":
                ids.append(block.get("id"))
    assert len(ids) == len(set(ids)), f"a tool id is used twice: {ids}"


def _check_stop(message: dict[str, Any], body: dict[str, Any]) -> None:
    reason, matched = message["stop_reason"], message["stop_sequence"]
    tools = any(block["type"] == "tool_use" for block in message["content"])
    assert reason in STOP_REASONS, reason
    assert (reason == "stop_sequence") == (matched is not None), (reason, matched)
    assert matched is None or matched in (body.get("stop_sequences") or [matched]), matched
    assert reason != "tool_use" or tools, "stopped for a tool without calling one"
    assert not tools or reason not in ("end_turn", "stop_sequence"), f"tools were called, but {reason}"


def _check_usage(usage: dict[str, Any]) -> None:
    for name in COUNTS:
        assert type(usage[name]) is int, f"{name} is {usage[name]!r}"
        assert usage[name] >= (1 if name == "input_tokens" else 0), f"{name} is {usage[name]}"
    details = usage.get("output_tokens_details")
    assert not details or details["thinking_tokens"] <= usage["output_tokens"]


def _body(request: Any) -> dict[str, Any]:
    return getattr(request, "body", request) or {}


def _refuse(name: str) -> None:
    raise AssertionError(f"{name} is not JSON")


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    assert len(found) == len(pairs), f"a key is said twice: {pairs}"
    return found
