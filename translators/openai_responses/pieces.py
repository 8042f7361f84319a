"""Pieces of text and reasoning in the events of a Responses stream."""

from __future__ import annotations

from typing import Any

import msgspec


class Piece(msgspec.Struct, gc=False):
    """The fields of an event that says something."""

    type: str = ""
    delta: str = ""
    output_index: int | None = None
    content_index: int | None = None
    summary_index: int | None = None


def piece_of(name: str, value: dict[str, Any], text: str) -> Piece:
    """The piece in an event that msgspec would not take as one, numbers only where they are numbers."""
    fields = {field: value.get(field) for field in ("output_index", "content_index", "summary_index")}
    return Piece(name, text, **{field: at for field, at in fields.items() if isinstance(at, int)})


def part_of(piece: Piece) -> int | None:
    return piece.content_index if piece.summary_index is None else piece.summary_index
