"""A canonical request as the body of `POST /chat/completions`."""

from __future__ import annotations

from typing import Any

import msgspec

from translators.answer_form import form_in_words, wanted_form
from translators.openai_chat.carried import DETAILS, EXTRA
from translators.openai_chat.conversation import write_messages
from translators.openai_chat.switches import system_line, thinking_fields
from translators.openai_chat.tools import Tools
from translators.profile import Profile
from translators.request import Request
from translators.schemas import strict
from translators.server_tools import lack_in_words
from translators.thinking_wish import thinking_wish
from translators.wire import Target, WireRequest

_BYTES_PER_TOKEN = 3
"""Deliberately few: the estimate of a prompt's tokens must not be too small."""

_STOPS = 4
"""Stop sequences that OpenAI and most others take (platform.openai.com/docs/api-reference/chat/create)."""

_SAMPLING = ("temperature", "top_p", "top_k")


def write_request(request: Request, target: Target) -> WireRequest:
    """The request for `target`. Fields in `target.without` and `profile.drop` are left out."""
    profile = target.profile
    refused = target.without.union(profile.drop)
    wish = thinking_wish(request, target)
    tools = Tools(request, profile)
    replay = "drop" if profile.replay in refused else profile.replay
    asked = request.body
    form = form_in_words(asked) if "response_format" in refused else None
    body: dict[str, Any] = {
        "model": target.model,
        "messages": write_messages(
            request,
            profile,
            tools,
            first_line=system_line(wish, profile),
            last_lines=(lack_in_words(request), form),
            replay=replay,
            model=target.model if refused.isdisjoint((DETAILS, EXTRA)) else None,
        ),
        "stream": target.stream,
    }
    if isinstance(asked.get("max_tokens"), int):
        body[profile.max_tokens_field] = clamped(asked["max_tokens"], request.size, profile)
    if target.stream and profile.stream_usage:
        body["stream_options"] = {"include_usage": True}
    for name in _SAMPLING:
        if asked.get(name) is not None:
            body[name] = asked[name]
    if asked.get("stop_sequences"):
        body["stop"] = asked["stop_sequences"][:_STOPS]
    if tools.written:
        body["tools"] = tools.written
        body.update(tools.choice(asked.get("tool_choice")))
        if not profile.parallel_tools:
            body.pop("parallel_tool_calls", None)
    body.update(response_format(asked))
    body.update(thinking_fields(wish, profile))
    add_fields(body, profile.extra)
    if refused:
        _leave_out(body, refused)
    return WireRequest("/chat/completions", msgspec.json.encode(body), tool_names=tools.names.restored)


def clamped(wanted: int, size: int, profile: Profile) -> int:
    """`max_tokens` the model can give: its longest answer, and what the prompt leaves of its window."""
    limit = min(wanted, profile.output) if profile.output else wanted
    if profile.context:
        room = profile.context - size // _BYTES_PER_TOKEN
        limit = min(limit, max(room, profile.context // 8))
    return max(limit, 1)


def response_format(asked: dict[str, Any]) -> dict[str, Any]:
    """The field that asks for JSON of a schema, if the client did; empty otherwise."""
    wanted = wanted_form(asked)
    if wanted is None:
        return {}
    schema = wanted.get("schema")
    described: dict[str, Any] = {"name": wanted.get("name") or "output", "schema": schema}
    if strict(schema):
        described["strict"] = True
    return {"response_format": {"type": "json_schema", "json_schema": described}}


def add_fields(body: dict[str, Any], extra: Any) -> None:
    """The profile's own fields; an object is merged into one that is there, which keeps its word."""
    for name, value in extra.items():
        present = body.get(name)
        if isinstance(value, dict) and isinstance(present, dict):
            body[name] = {**value, **present}
        else:
            body[name] = value


def _leave_out(body: dict[str, Any], refused: frozenset[str]) -> None:
    for name in refused:
        body.pop(name, None)
    if "tools" in refused:
        body.pop("tool_choice", None)
        body.pop("parallel_tool_calls", None)
    if "stream" in refused or body.get("stream") is False:
        body.pop("stream_options", None)
    kwargs = body.get("chat_template_kwargs")
    if isinstance(kwargs, dict) and not refused.isdisjoint(kwargs):
        body["chat_template_kwargs"] = {name: value for name, value in kwargs.items() if name not in refused}
