"""Decoding of chunks and of whole answers: fast for what is usual, lenient for what is not.

Fields that upstreams are careless with are typed `Any` and looked at where they are used; so one decode
serves both the plain text delta and the odd ones.
"""

from __future__ import annotations

from typing import Any

import msgspec

from translators.lenient_json import decode_leniently


class Delta(msgspec.Struct, gc=False):
    """`delta` of a chunk and `message` of a whole answer."""

    content: Any = None
    reasoning_content: Any = None
    reasoning: Any = None
    tool_calls: Any = None
    reasoning_details: Any = None
    refusal: Any = None
    function_call: Any = None


class Choice(msgspec.Struct, gc=False):
    index: Any = 0
    delta: Delta | None = None
    message: Delta | None = None
    finish_reason: Any = None
    stop_reason: Any = None
    """vLLM: the stop sequence that matched."""
    usage: Any = None
    """Moonshot: usage inside the last choice."""
    error: Any = None


class Chunk(msgspec.Struct, gc=False):
    choices: list[Choice] | None = None
    usage: Any = None
    error: Any = None
    x_groq: Any = None


_decode = msgspec.json.Decoder(Chunk).decode


def decode_chunk(data: bytes) -> Chunk | None:
    """One chunk, or None for what is not a JSON object."""
    try:
        return _decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        value = decode_leniently(data)
        return _mended(value) if isinstance(value, dict) else None


def _mended(value: dict[str, Any]) -> Chunk:
    """What can be used of a chunk whose parts have the wrong types."""
    choices = value.get("choices")
    chunk = Chunk(usage=value.get("usage"), error=value.get("error"), x_groq=value.get("x_groq"))
    if isinstance(choices, list):
        chunk.choices = [_choice(choice) for choice in choices if isinstance(choice, dict)]
    return chunk


def _choice(value: dict[str, Any]) -> Choice:
    fields = {name: value[name] for name in Choice.__struct_fields__ if name in value}
    fields["delta"] = _delta(value.get("delta"))
    fields["message"] = _delta(value.get("message"))
    return Choice(**fields)


def _delta(value: Any) -> Delta | None:
    if not isinstance(value, dict):
        return None
    return Delta(**{name: value[name] for name in Delta.__struct_fields__ if name in value})
