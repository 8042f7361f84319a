"""What clients of Chat Completions and of the Responses API have in common: pieces of requests, errors, usage.

Sources: platform.openai.com/docs/api-reference (chat, responses), platform.openai.com/docs/guides/error-codes.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

import msgspec

from translators.anthropic_request import LONGEST_MODEL, MOST_MESSAGES, decoded
from translators.events import Usage
from translators.lenient_json import text_of
from translators.model_ids import read_model_id
from translators.request import Request, RequestError
from translators.toolcalls import complete_arguments

DEFAULT_MAX_TOKENS = 32_000
"""Where the client sets no limit, which the Messages API requires; dialects clamp it to what a model can give."""

JSON_ONLY = "Answer with one JSON object and nothing else."
"""Stands for `{"type": "json_object"}`, which the Messages API does not have."""

Fields = dict[str, Any]

_CHARACTERS_PER_TOKEN = 4

_LONGEST_SCHEME = 20
_PDF = "JVBERi"
"""How a PDF begins in base64."""
_MEDIA_TYPES = {"image/jpg": "image/jpeg"}
"""Names that OpenAI takes and others do not."""

_encode = msgspec.json.encode


def json_of(value: Any) -> bytes:
    """`value` as JSON; lone surrogates, which models say and UTF-8 cannot, become U+FFFD."""
    try:
        return _encode(value)
    except UnicodeEncodeError:
        return text_of(value).encode()


def blocks_of(content: Any, block_of: Callable[[Fields], Fields | None]) -> list[Fields]:
    """A text, or the parts that `block_of` finds a block for."""
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content else []
    parts = content if isinstance(content, list) else ()
    return [block for part in parts if isinstance(part, dict) and (block := block_of(part))]


class Turns:
    """Messages being gathered: neighbours of one role become one, what the system says first becomes `system`."""

    def __init__(self) -> None:
        self.system: list[Fields] = []
        self.messages: list[Fields] = []

    def add(self, role: str, blocks: list[Fields]) -> None:
        if not blocks:
            return
        if role == "system" and not self.messages:
            self.system += blocks
        elif self.messages and self.messages[-1]["role"] == role:
            self.messages[-1]["content"] += blocks
        else:
            self.messages.append({"role": role, "content": list(blocks)})

    def into(self, fields: Fields) -> None:
        """Writes `system` and `messages`. Raises RequestError if nobody said anything."""
        if not self.messages:
            if not self.system:
                raise RequestError("the request has no messages")
            self.messages, self.system = [{"role": "user", "content": self.system}], []
        fields["messages"] = self.messages
        if self.system:
            fields["system"] = self.system


def fields_of(body: bytes) -> Fields:
    """The fields of a JSON body that names a model, not too long. Raises RequestError."""
    fields = decoded(body)
    model = fields.get("model")
    if not isinstance(model, str) or not 0 < len(model) <= LONGEST_MODEL:
        raise RequestError(f"model: a text of 1 to {LONGEST_MODEL} characters is required")
    for name in ("messages", "input"):
        said = fields.get(name)
        if isinstance(said, list) and len(said) > MOST_MESSAGES:
            raise RequestError(f"{name}: at most {MOST_MESSAGES} items are taken")
    return fields


def request_of(
    asked: Fields, fields: Fields, body: bytes, headers: Mapping[str, str], dialect: Any
) -> Request:
    """The canonical request with what both dialects name alike in `asked`."""
    fields["stream"] = asked.get("stream") is True
    for name in ("temperature", "top_p"):
        if type(asked.get(name)) in (int, float):
            fields[name] = min(max(asked[name], 0), 1)
    session = asked.get("prompt_cache_key")
    if isinstance(session, str) and session:
        fields["metadata"] = {"user_id": _encode({"session_id": session}).decode()}
    model, no_thinking = read_model_id(asked["model"])
    fields["model"] = asked["model"]
    return Request(fields, asked["model"], model, no_thinking, len(body), dict(headers), dialect)


def token_limit(asked: Fields, *names: str) -> int:
    """The first of `names` that is set. Raises RequestError for one that is no positive number."""
    for name in names:
        limit = asked.get(name)
        if limit is None:
            continue
        if isinstance(limit, float) and limit.is_integer():
            limit = int(limit)
        if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
            raise RequestError(f"{name}: a whole number greater than 0 is required")
        return limit
    return DEFAULT_MAX_TOKENS


def thinking_fields(effort: Any) -> Fields:
    """An effort as `thinking` and `output_config`; nothing for none given."""
    if not isinstance(effort, str) or not effort:
        return {}
    if effort in ("none", "minimal"):
        return {"thinking": {"type": "disabled"}}
    return {"thinking": {"type": "adaptive", "display": "summarized"}, "output_config": {"effort": effort}}


def choice_fields(choice: Any, parallel: Any, named: str | None) -> Fields:
    """`tool_choice`; `named` is the one tool that `choice` names, if it does."""
    if named is not None:
        wanted: Fields = {"type": "tool", "name": named}
    elif choice == "required":
        wanted: Fields = {"type": "any"}
    elif choice == "none":
        return {"tool_choice": {"type": "none"}}
    elif choice == "auto" or parallel is False:
        wanted: Fields = {"type": "auto"}
    else:
        return {}
    if parallel is False:
        wanted["disable_parallel_tool_use"] = True
    return {"tool_choice": wanted}


def tool_of(name: str, function: Fields, *, custom: bool = False) -> Fields:
    """A tool as the Messages API declares it. The input of a custom tool is plain text."""
    schema = function.get("parameters")
    if custom:
        schema = {"type": "object", "properties": {"input": {"type": "string"}}, "required": ["input"]}
    tool: Fields = {"name": name, "input_schema": schema if isinstance(schema, dict) else {"type": "object"}}
    description = function.get("description")
    form = function.get("format")
    if custom and isinstance(form, dict) and isinstance(form.get("definition"), str):
        description = f"{description or ''}\n\nThe input keeps this grammar:\n{form['definition']}".strip()
    if isinstance(description, str) and description:
        tool["description"] = description
    return tool


def input_of(arguments: Any) -> Fields:
    """The arguments of an earlier call, always an object."""
    if isinstance(arguments, dict):
        return arguments
    text = arguments if isinstance(arguments, str) else ""
    whole = complete_arguments(text)
    return msgspec.json.decode(whole) if whole is not None else {"input": text}


def custom_input(arguments: str) -> str:
    """The plain text in the arguments of a call to a custom tool."""
    value = msgspec.json.decode(arguments)
    text = value.get("input") if isinstance(value, dict) else None
    return text if isinstance(text, str) and len(value) == 1 else arguments


def image_of(url: Any) -> Fields:
    """An image block. Raises RequestError for what is no address."""
    return {"type": "image", "source": _source(url, "image")}


def document_of(data: Any, title: Any) -> Fields:
    """A document block for a file given as data URL or address; a file that is text becomes text, since only PDFs are
    read in any other form. Raises RequestError.
    """
    source = _source(data, "file")
    if source["type"] == "base64":
        if source["data"].startswith(_PDF):
            source["media_type"] = "application/pdf"
        elif (text := _text_in(source["data"])) is not None:
            source = {"type": "text", "media_type": "text/plain", "data": text}
    block: Fields = {"type": "document", "source": source}
    if isinstance(title, str) and title:
        block["title"] = title
    return block


def _source(url: Any, what: str) -> Fields:
    head, comma, data = url.partition(",") if isinstance(url, str) else ("", "", "")
    if "://" in head[:_LONGEST_SCHEME]:
        return {"type": "url", "url": url}
    if not head.startswith("data:") or not comma:
        raise RequestError(f"{what}: only a data URL or an address can be read here, no stored file")
    media_type, *parameters = head.removeprefix("data:").split(";")
    if "base64" not in parameters:
        data = base64.b64encode(unquote_to_bytes(data)).decode()
    media_type = media_type.strip().lower() or "text/plain"
    return {"type": "base64", "media_type": _MEDIA_TYPES.get(media_type, media_type), "data": data}


def _text_in(data: str) -> str | None:
    """The text of a file in base64, if it is text."""
    try:
        text = binascii.a2b_base64(data).decode("utf-8-sig")
    except ValueError:
        return None
    return None if "\0" in text else text


_CODES = {
    "authentication_error": ("invalid_request_error", "invalid_api_key"),
    "permission_error": ("invalid_request_error", None),
    "billing_error": ("insufficient_quota", "insufficient_quota"),
    "not_found_error": ("invalid_request_error", "model_not_found"),
    "request_too_large": ("invalid_request_error", None),
    "rate_limit_error": ("rate_limit_error", "rate_limit_exceeded"),
    "overloaded_error": ("server_error", "server_error"),
    "timeout_error": ("server_error", "server_error"),
    "api_error": ("server_error", "server_error"),
}
"""Error types of the Messages API as type and code of OpenAI's."""


def error_of(kind: str, message: str) -> Fields:
    """An error object of OpenAI's; `kind` is an error type of the Messages API."""
    named, code = _CODES.get(kind, (kind, None))
    if message.startswith("prompt is too long"):
        code = "context_length_exceeded"
    return {"message": message, "type": named, "param": None, "code": code}


def error_body(kind: str, message: str, request_id: str) -> bytes:
    """The body of an HTTP error."""
    return json_of({"error": error_of(kind, message), "request_id": request_id})


class Counts:
    """Usage as it comes, and an estimate of what is never told."""

    def __init__(self, input_estimate: int) -> None:
        self.usage = Usage()
        self.said = 0
        """Characters of the answer."""
        self._estimate = max(input_estimate, 1)

    def add(self, usage: Usage | None) -> None:
        """Later counts take the place of earlier ones."""
        for name in ("input", "output", "cache_read", "cache_write", "thinking"):
            count = getattr(usage, name, None)
            if count is not None:
                setattr(self.usage, name, count)

    def total(self) -> tuple[int, int]:
        """Tokens in, cached ones included, and tokens out."""
        usage = self.usage
        spent = (usage.input or 0) + (usage.cache_read or 0) + (usage.cache_write or 0)
        output = usage.output
        if not output and (self.said or output is None):
            output = self.said // _CHARACTERS_PER_TOKEN + 1
        return spent or self._estimate, output
