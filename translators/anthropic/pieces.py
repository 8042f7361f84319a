"""Decoding of the events of a stream: fast for what is usual, lenient for what is not.

Fields that upstreams are careless with are typed `Any` and looked at where they are used.
"""

from __future__ import annotations

from typing import Any

import msgspec

from translators.lenient_json import decode_leniently


class Delta(msgspec.Struct, gc=False):
    """`delta` of content_block_delta and of message_delta."""

    type: Any = None
    text: Any = None
    thinking: Any = None
    partial_json: Any = None
    signature: Any = None
    citation: Any = None
    stop_reason: Any = None
    stop_sequence: Any = None
    stop_details: Any = None


class Piece(msgspec.Struct, gc=False):
    """One event."""

    type: Any = None
    index: int | str | None = None
    delta: Delta | None = None
    content_block: Any = None
    message: Any = None
    usage: Any = None
    error: Any = None


_decode = msgspec.json.Decoder(Piece).decode


def decode_piece(data: bytes) -> Piece | None:
    """One event, or None for what is not a JSON object."""
    try:
        return _decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        value = decode_leniently(data)
        return _mended(value) if isinstance(value, dict) else None


def raw_delta(data: bytes) -> dict[str, Any]:
    """The delta of an event as it stands there, for kinds that are not known."""
    value = decode_leniently(data)
    delta = value.get("delta") if isinstance(value, dict) else None
    return delta if isinstance(delta, dict) else {}


def _mended(value: dict[str, Any]) -> Piece:
    """What can be used of an event whose parts have the wrong types."""
    piece = Piece(**{name: value[name] for name in Piece.__struct_fields__ if name in value})
    if not isinstance(piece.index, int | str):
        piece.index = None
    delta = value.get("delta")
    known = Delta.__struct_fields__
    piece.delta = (
        Delta(**{name: delta[name] for name in known if name in delta}) if isinstance(delta, dict) else None
    )
    return piece
