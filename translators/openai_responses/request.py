"""A canonical request as the body of `POST /responses`."""

from __future__ import annotations

from typing import Any

import msgspec

from translators.answer_form import form_in_words
from translators.openai_chat.request import add_fields, clamped, response_format
from translators.openai_chat.switches import effort_level
from translators.openai_chat.tools import Tools
from translators.openai_responses.items import write_items
from translators.profile import Profile
from translators.request import Request
from translators.server_tools import lack_in_words
from translators.system_texts import system_texts
from translators.thinking_wish import Wish, thinking_wish
from translators.wire import Target, WireRequest

_FEWEST = 16
"""`max_output_tokens` below this is refused."""

_ENCRYPTED = "reasoning.encrypted_content"
_INCLUDE = frozenset({"include", "encrypted_content", _ENCRYPTED})
"""Names under which an upstream refuses that it be asked for encrypted reasoning."""
_FORM = frozenset({"text", "format", "text.format"})
"""Names under which it refuses a form of the answer."""


def write_request(request: Request, target: Target) -> WireRequest:
    """The request for `target`. Fields in `target.without` and `profile.drop` are left out.

    There is no `top_k` and no stop sequence in this API.
    """
    profile = target.profile
    refused = target.without.union(profile.drop)
    encrypted = profile.thinking != "never" and refused.isdisjoint(_INCLUDE)
    tools = Tools(request, profile)
    asked = request.body
    body: dict[str, Any] = {"model": target.model, "stream": target.stream, "store": False}
    form = None if refused.isdisjoint(_FORM) else form_in_words(asked)
    system = [*system_texts(asked.get("system")), lack_in_words(request), form]
    if instructions := "\n\n".join(text for text in system if text):
        body["instructions"] = instructions
    body["input"] = write_items(request, target, tools, replay=encrypted)
    if isinstance(asked.get("max_tokens"), int):
        body["max_output_tokens"] = max(clamped(asked["max_tokens"], request.size, profile), _FEWEST)
    for name in ("temperature", "top_p"):
        if asked.get(name) is not None:
            body[name] = asked[name]
    body.update(_tool_fields(tools, asked.get("tool_choice"), profile))
    if described := response_format(asked).get("response_format"):
        body["text"] = {"format": {"type": "json_schema", **described["json_schema"]}}
    body.update(_reasoning(thinking_wish(request, target), profile))
    if encrypted:
        body["include"] = [_ENCRYPTED]
    add_fields(body, profile.extra)
    if refused:
        _leave_out(body, refused)
    return WireRequest("/responses", msgspec.json.encode(body), tool_names=tools.names.restored)


def _tool_fields(tools: Tools, wanted: Any, profile: Profile) -> dict[str, Any]:
    """Tools and the choice among them, flat where Chat Completions nest."""
    if not tools.written:
        return {}
    flat = [{"type": "function", **tool["function"], "strict": False} for tool in tools.written]
    fields: dict[str, Any] = {"tools": flat, **tools.choice(wanted)}
    if isinstance(choice := fields.get("tool_choice"), dict):
        fields["tool_choice"] = {"type": "function", **choice["function"]}
    if not profile.parallel_tools:
        fields.pop("parallel_tool_calls", None)
    return fields


def _reasoning(wish: Wish, profile: Profile) -> dict[str, Any]:
    """How hard to think, and that a summary be told: nothing to models that have no switch for it."""
    if profile.thinking == "never" or profile.thinking_switch == "none":
        return {}
    fields: dict[str, Any] = {}
    if level := effort_level(wish, profile):
        fields["effort"] = level
    if wish.on:
        fields["summary"] = "auto"
    return {"reasoning": fields} if fields else {}


def _leave_out(body: dict[str, Any], refused: frozenset[str]) -> None:
    """Removes fields by name; `reasoning.summary`, or `summary` alone, is a field of `reasoning`."""
    for name in refused:
        body.pop(name, None)
    if "tools" in refused:
        body.pop("tool_choice", None)
        body.pop("parallel_tool_calls", None)
    for holder in ("reasoning", "text"):
        fields = body.get(holder)
        if isinstance(fields, dict):
            kept = {name: fields[name] for name in fields if not {name, f"{holder}.{name}"} & refused}
            body[holder] = kept
            if not kept:
                del body[holder]
