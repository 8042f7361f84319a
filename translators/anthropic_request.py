"""The body of `POST /v1/messages` and `/v1/messages/count_tokens` as a `Request`.

Source: docs.claude.com/en/api/messages; messages of errors as that API words them. Only what the house relies on is
checked: the shapes of what translators walk through, and bounds on their size. Unknown fields, roles, block types and
tools are taken as they come: the client's list of them is longer than any of ours.

Tools are more than half of what Claude Code sends and the same in every request of a session, so their text is decoded
and checked once; requests share the result, which nobody changes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Any

import msgspec

from translators.crowded import crowded
from translators.lenient_json import text_of
from translators.model_ids import read_model_id
from translators.request import Request, RequestError

DEEPEST = 128
"""Levels of arrays and objects in a body."""
MOST_MESSAGES = 10_000
MOST_TOOLS = 512
MOST_VALUES = 250_000
"""Values of a whole body. A conversation that fills 32 MB, or the window of any model, has less than half of that."""
LONGEST_MODEL = 256
"""Characters of a model id."""

_BOM = b"\xef\xbb\xbf"
_BACKSLASH = 0x5C
_HALF = re.compile(rb"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
"""An escape of half a surrogate pair."""
_REPLACED = rb"\ufffd"
_ESCAPE = len(_REPLACED)
_SHARED = 128 * 1024
"""Bytes of tools above which they are decoded anew each time."""
_LISTS = ("messages", "input")
"""Fields of requests, in whatever dialect, that hold a conversation."""
_PIECE = 256 * 1024
"""Bytes that are decoded at once: other threads have to wait for the decoder."""
_COUNTED = 2 * _PIECE
"""Bytes of a body above which its values are counted first: smaller ones are decoded in no time whatever they hold."""


_decode = msgspec.json.Decoder().decode
_split = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_list = msgspec.json.Decoder(list[msgspec.Raw]).decode


def read_request(body: bytes, headers: Mapping[str, str]) -> Request:
    """The request in `body`. `headers` have lower-case names. Raises RequestError."""
    request = read_count_request(body, headers)
    fields = request.body
    limit = _required(fields, "max_tokens")
    if isinstance(limit, float) and limit.is_integer():
        limit = fields["max_tokens"] = int(limit)
    if type(limit) is not int:
        raise RequestError("max_tokens: Input should be a valid integer")
    if limit < 1:
        raise RequestError("max_tokens: Input should be greater than or equal to 1")
    return request


def read_count_request(body: bytes, headers: Mapping[str, str]) -> Request:
    """Like `read_request`, but `max_tokens` may be missing."""
    fields = decoded(body)
    model = _required(fields, "model")
    if type(model) is not str:
        raise RequestError("model: Input should be a valid string")
    if not 0 < len(model) <= LONGEST_MODEL:
        raise RequestError(f"model: String should have 1 to {LONGEST_MODEL} characters")
    _check_messages(_required(fields, "messages"))
    _check_options(fields)
    plain, no_thinking = read_model_id(model)
    return Request(fields, model, plain, no_thinking, len(body), dict(headers))


def decoded(body: bytes) -> dict[str, Any]:
    """The fields of a JSON body, not too deep and with a list of tools if any. Raises RequestError."""
    if len(body) > _COUNTED and crowded(body, MOST_VALUES):
        raise RequestError(f"The request body has more than {MOST_VALUES} values")
    try:
        return _fields(body)
    except RecursionError:
        raise _too_deep() from None
    except msgspec.ValidationError:
        if body.lstrip()[:1] != b"{":
            raise RequestError("The request body should be a JSON object") from None
        raise RequestError("The request body is not valid JSON: a number is out of range") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return _decoded_leniently(body, error)


def _fields(body: bytes) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name, raw in _split(body).items():
        if name == "tools":
            text = bytes(raw)
            fields[name] = _shared_tools(text) if len(text) <= _SHARED else _tools(text)
        elif name in _LISTS and _is_long_list(raw):
            fields[name] = _messages(name, raw)
        else:
            fields[name] = _checked(_decode(raw))
    return fields


def _is_long_list(raw: msgspec.Raw) -> bool:
    return len(raw) > _PIECE and bytes(memoryview(raw)[:1]) == b"["


def _messages(field: str, raw: msgspec.Raw) -> list[Any]:
    """Message by message, and a long one block by block."""
    found: list[Any] = []
    pieces = _list(raw)
    if len(pieces) > MOST_MESSAGES:
        raise RequestError(f"{field}: List should have at most {MOST_MESSAGES} items")
    for piece in pieces:
        if len(piece) <= _PIECE or bytes(memoryview(piece)[:1]) != b"{":
            found.append(_checked(_decode(piece), above=1))
            continue
        message = dict[str, Any]()
        for name, part in _split(piece).items():
            if not _is_long_list(part):
                message[name] = _checked(_decode(part), above=2)
                continue
            message[name] = [_checked(_decode(one), above=3) for one in _list(part)]
        found.append(message)
    return found


def _decoded_leniently(body: bytes, error: Exception) -> dict[str, Any]:
    """JavaScript clients cut strings inside surrogate pairs; what is left of them becomes U+FFFD."""
    with suppress(msgspec.DecodeError, UnicodeDecodeError):
        return _fields(_without_halves(body))
    try:
        text = text_of(json.loads(body.removeprefix(_BOM).decode("utf-8", "surrogatepass")))
        return _fields(text.encode())
    except RecursionError:
        raise _too_deep() from None
    except (msgspec.DecodeError, ValueError):
        raise RequestError(f"The request body is not valid JSON: {error}") from None


def _without_halves(body: bytes) -> bytes:
    """The body with every escape of half a surrogate pair replaced: quicker than to read it all leniently."""
    mended, high = bytearray(body), -1
    for at in _halves(body):
        if body[at - 1] == _BACKSLASH and _is_escaped(body, at):
            continue
        low = body[at + 3] not in b"89abAB"
        if high >= 0 and not (low and high == at - 6):
            mended[high : high + 6] = _REPLACED
        if low and (high < 0 or high != at - 6):
            mended[at : at + 6] = _REPLACED
        high = -1 if low else at
    if high >= 0:
        mended[high : high + 6] = _REPLACED
    return bytes(mended)


def _halves(body: bytes) -> Iterator[int]:
    """Where they may be, found a piece at a time: other threads have to wait for the search."""
    for start in range(0, len(body), _PIECE):
        end = start + _PIECE
        for found in _HALF.finditer(body, start, end + _ESCAPE - 1):
            if found.start() < end:
                yield found.start()


def _is_escaped(body: bytes, at: int) -> bool:
    """The sign at that place has an odd number of backslashes before it."""
    start = at
    while start > 0 and body[start - 1] == _BACKSLASH:
        start -= 1
    return (at - start) % 2 == 1


def _tools(text: bytes) -> Any:
    tools = _checked(_decode(text))
    if tools is None:
        return None
    if type(tools) is not list:
        raise RequestError("tools: Input should be a valid list")
    if len(tools) > MOST_TOOLS:
        raise RequestError(f"tools: List should have at most {MOST_TOOLS} items")
    for index, tool in enumerate(tools):
        if type(tool) is not dict:
            raise RequestError(f"tools.{index}: Input should be an object")
        if type(tool.get("name", "")) is not str:
            raise RequestError(f"tools.{index}.name: Input should be a valid string")
    return tools


_shared_tools = lru_cache(maxsize=32)(_tools)


def _required(fields: dict[str, Any], name: str) -> Any:
    value = fields.get(name)
    if value is None:
        raise RequestError(f"{name}: Field required")
    return value


def _check_messages(messages: Any) -> None:
    if type(messages) is not list:
        raise RequestError("messages: Input should be a valid list")
    if not messages:
        raise RequestError("messages: at least one message is required")
    if len(messages) > MOST_MESSAGES:
        raise RequestError(f"messages: List should have at most {MOST_MESSAGES} items")
    for index, message in enumerate(messages):
        if type(message) is not dict:
            raise RequestError(f"messages.{index}: Input should be an object")
        if type(message.get("role")) is not str:
            raise RequestError(f"messages.{index}.role: Input should be 'user', 'assistant' or 'system'")
        content = message.get("content")
        if type(content) is not str:
            _check_blocks(content, f"messages.{index}.content")


def _check_blocks(blocks: Any, where: str) -> None:
    if blocks is None:
        raise RequestError(f"{where}: Field required")
    if type(blocks) is not list:
        raise RequestError(f"{where}: Input should be a valid string or list")
    for index, block in enumerate(blocks):
        if type(block) is not dict:
            raise RequestError(f"{where}.{index}: Input should be an object")
        kind = block.get("type")
        if type(kind) is not str:
            raise RequestError(f"{where}.{index}.type: Field required")
        if kind == "text" and type(block.get("text")) is not str:
            raise RequestError(f"{where}.{index}.text: Input should be a valid string")


def _check_options(fields: dict[str, Any]) -> None:
    system = fields.get("system")
    if system is not None and type(system) is not str:
        _check_blocks(system, "system")
    stops = fields.get("stop_sequences")
    if stops is not None and not (type(stops) is list and all(type(stop) is str for stop in stops)):
        raise RequestError("stop_sequences: Input should be a valid list of strings")


def _checked(value: Any, above: int = 0) -> Any:
    """`value`, if it may stand in a body below so many levels of a field. Raises RequestError if it is too deep."""
    if type(value) is not dict and type(value) is not list:
        return value
    level = [value]
    for _ in range(DEEPEST - 1 - above):
        below: list[Any] = []
        for holder in level:
            for one in holder.values() if type(holder) is dict else holder:
                if type(one) is dict or type(one) is list:
                    below.append(one)
        if not below:
            return value
        level = below
    raise _too_deep()


def _too_deep() -> RequestError:
    return RequestError(f"The request body is nested deeper than {DEEPEST} levels")
