"""What an upstream's error body says: its text and its error types, out of whatever shape it has.

{"error": {"message", "type", "code", "param"}}          OpenAI, and most who follow it
{"type": "error", "error": {"type", "message"}}          Anthropic, Zen
{"error": {"code", "message", "status", "details"}}      Google, sometimes inside a list
{"error": "text", "code": "…"} · {"message"} · {"detail"} · {"errors": […]} · {"title", "detail"}
{"code", "msg"} · {"base_resp": {"status_code", "status_msg"}} · any other object, shown as it is
plain text · a page, of which nothing is shown
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

LONGEST = 300
"""Characters of a text that others wrote and we show."""
_READ = 65_536
"""Bytes of a body that are looked at."""

_SAYING = (
    "message",
    "detail",
    "error",
    "error_message",
    "error_msg",
    "msg",
    "status_msg",
    "Message",
    "title",
)
"""Fields with the text of an error, the most telling first."""

_PAGE = re.compile(r"\s*<[!?/A-Za-z]")
"""How a page begins; `<400> InternalError.Algo…` is what Alibaba Cloud says."""
_BLANKS = re.compile(r"\\+[nrt]")
_ESCAPED = re.compile(r"\\+")
"""Escapes of JSON, of JSON within JSON too."""


class Said(msgspec.Struct, frozen=True):
    text: str = ""
    """Fit to be shown; empty when the body is a page or says nothing."""
    types: tuple[str, ...] = ()
    """Error types, codes and reasons, verbatim, the most telling first."""
    param: str | None = None
    """The request field that the error is about, if it names one."""
    whole: str = ""
    """The body as text in lower case, to look for words in; empty for a page."""


def said(body: bytes) -> Said:
    """Never raises."""
    body = body[:_READ].removeprefix(b"\xef\xbb\xbf").strip()
    if body[:1] == b"<":
        return Said()
    text = body.decode("utf-8", "replace")
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return Said(text=clean(text), whole=text.lower())
    error = _error(value)
    whole = _ESCAPED.sub("", _BLANKS.sub(" ", text)).lower()
    if not isinstance(error, dict):
        return Said(text=clean(_written(error)), types=_types(value), whole=whole)
    types = tuple(dict.fromkeys(_types(error) + (_types(value) if error is not value else ())))
    param = error.get("param")
    return Said(
        text=clean(_message(error)),
        types=types,
        param=param if isinstance(param, str) and param else None,
        whole=whole,
    )


def clean(text: str, longest: int = LONGEST) -> str:
    """One line of visible signs, cut to `longest`."""
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in text[: 4 * longest]).split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def _error(value: Any) -> Any:
    """The innermost thing that describes the error."""
    for _ in range(4):
        if isinstance(value, list):
            value = value[0] if value else {}
        elif isinstance(value, dict) and value.get("error") and isinstance(value["error"], dict | list):
            value = value["error"]
        elif isinstance(value, dict) and isinstance(value.get("errors"), list) and value["errors"]:
            value = value["errors"]
        elif isinstance(value, dict) and isinstance(value.get("base_resp"), dict):
            value = value["base_resp"]
        else:
            break
    return value


def _types(value: Any) -> tuple[str, ...]:
    if not isinstance(value, dict):
        return ()
    found = [value.get("type"), value.get("code"), value.get("status"), value.get("error_type")]
    details = value.get("details")
    found += (
        [one.get("reason") for one in details if isinstance(one, dict)] if isinstance(details, list) else []
    )
    return tuple(one for one in found if isinstance(one, str) and one not in ("", "error"))


def _message(error: dict[str, Any]) -> str:
    for name in _SAYING:
        if error.get(name):
            text = _written(error[name])
            break
    else:
        whole = msgspec.json.encode(error).decode() if error else ""
        return "" if "<" in whole else whole
    metadata = error.get("metadata")
    raw = metadata.get("raw") if isinstance(metadata, dict) else None
    raw = _unwrapped(raw) if isinstance(raw, str) else ""
    return f"{text}: {raw}" if raw else text


def _written(value: Any) -> str:
    """A text; a list of complaints such as FastAPI's, joined; anything else as JSON."""
    if isinstance(value, str):
        return _unwrapped(value)
    if isinstance(value, list) and all(
        isinstance(one, dict) and isinstance(one.get("msg"), str) for one in value
    ):
        return "; ".join(f"{_place(one.get('loc'))}{one['msg']}" for one in value)
    return msgspec.json.encode(value).decode() if value else ""


def _unwrapped(text: str) -> str:
    """Gateways pass on another's error as a text that is JSON in turn."""
    if text.lstrip()[:1] != "{":
        return "" if _PAGE.match(text) else text
    try:
        error = _error(msgspec.json.decode(text))
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        return text
    return (_message(error) if isinstance(error, dict) else "") or text


def _place(loc: Any) -> str:
    return ".".join(map(str, loc)) + ": " if isinstance(loc, list) else ""
