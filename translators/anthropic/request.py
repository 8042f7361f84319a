"""A canonical request as the body of `POST /v1/messages`."""

from __future__ import annotations

from typing import Any

import msgspec

from translators.answer_form import form_in_words, wanted_form
from translators.anthropic.blocks import Blocks
from translators.anthropic.conversation import write_messages, write_system
from translators.anthropic.refused import last_parts, leave_out
from translators.anthropic.thinking import thinking_fields
from translators.anthropic.tools import tool_fields
from translators.openai_chat.request import add_fields, clamped
from translators.profile import Profile
from translators.request import Request
from translators.server_tools import lack_in_words
from translators.wire import Target, WireRequest

_VERSION = "2023-06-01"

_COMMON = ("temperature", "top_p", "top_k", "stop_sequences")
"""Fields that every server takes as they are. Others (`context_management`, `output_config`, `safeguards`, `metadata`,
`container`, …) are Anthropic's alone: a server that does not know them may refuse them, and none needs them."""

_WRITTEN = frozenset({"model", "messages", "system", "tools", "max_tokens", "thinking", "stream"})
_NEEDED = frozenset({"model", "messages", "max_tokens"})
_FORM = frozenset({"output_config", "output_format", "format"})
_OF_THOUGHTS = frozenset({"thinking", "redacted_thinking", "signature"})
"""Refusals of any of these are about earlier thinking."""


def write_request(request: Request, target: Target) -> WireRequest:
    """The request for `target`. Fields in `target.without` and `profile.drop`, at any level, are left out."""
    profile = target.profile
    refused = target.without.union(profile.drop)
    inner = last_parts(refused)
    blocks = Blocks(profile, target.model, thoughts=inner.isdisjoint(_OF_THOUGHTS))
    inline_system = profile.first_party and profile.inline_system and "role" not in inner
    body: dict[str, Any] = {
        "model": target.model,
        "messages": write_messages(request, blocks, inline_system=inline_system),
        "stream": target.stream,
    }
    if isinstance(request.body.get("max_tokens"), int):
        body["max_tokens"] = clamped(request.max_tokens, request.size, profile)
    if system := write_system(request, blocks, _in_words(request, profile, inner)):
        body["system"] = system
    _add_options(body, request, target)
    _add_thinking(body, request, target)
    add_fields(body, profile.extra)
    if refused:
        leave_out(body, refused, _NEEDED)
    return WireRequest("/v1/messages", msgspec.json.encode(body), headers=_headers(request, target, inner))


def _in_words(request: Request, profile: Profile, refused: frozenset[str]) -> str | None:
    """What is asked for and cannot be said in a field here: server tools, and the form of the answer."""
    if profile.first_party and refused.isdisjoint(_FORM):
        return None
    lack = None if profile.first_party else lack_in_words(request)
    return "\n\n".join(line for line in (lack, form_in_words(request.body)) if line) or None


def _add_options(body: dict[str, Any], request: Request, target: Target) -> None:
    asked = request.body
    if not target.profile.first_party:
        body |= {name: asked[name] for name in _COMMON if asked.get(name) is not None}
        body |= tool_fields(request, target.profile)
        return
    body |= {name: value for name, value in asked.items() if name not in _WRITTEN and value is not None}
    if request.tools and target.profile.tools:
        body["tools"] = request.tools
    else:
        body.pop("tool_choice", None)


def _add_thinking(body: dict[str, Any], request: Request, target: Target) -> None:
    """Thinking and effort, and without the sampling that Anthropic does not allow beside thinking."""
    limit = body.get("max_tokens", 0)
    if target.effort is not None or target.budget is not None:
        for message in body["messages"]:
            message.pop("output_config", None)
    fields = thinking_fields(request, target, limit, turn_thinks=_turn_thinks(body["messages"]))
    if target.profile.first_party and isinstance(body.get("output_config"), dict):
        rest = {name: value for name, value in body.pop("output_config").items() if name != "effort"}
        if form := wanted_form({"output_config": rest}):
            rest["format"] = {name: form[name] for name in ("type", "schema") if name in form}
        if rest or "output_config" in fields:
            body["output_config"] = rest | fields.pop("output_config", {})
    body |= fields
    thinking = fields.get("thinking", {})
    if target.profile.first_party and thinking.get("type") in ("enabled", "adaptive"):
        if body.get("temperature") != 1:
            body.pop("temperature", None)
        body.pop("top_k", None)
        if body.get("top_p", 1) < 0.95:
            del body["top_p"]


def _turn_thinks(messages: list[dict[str, Any]]) -> bool:
    """Whether the last assistant message, if tools answer it, begins with thinking."""
    last = next((message for message in reversed(messages) if message["role"] == "assistant"), None)
    if last is None or not any(block["type"] == "tool_use" for block in last["content"]):
        return True
    return last["content"][0]["type"] in ("thinking", "redacted_thinking")


def _headers(request: Request, target: Target, refused: frozenset[str]) -> dict[str, str]:
    """The version, and the client's betas except those of refused fields."""
    headers = {"anthropic-version": _VERSION}
    asked = request.headers.get("anthropic-beta", "")
    if target.profile.first_party and "anthropic-beta" not in refused:
        prefixes = tuple(name.replace("_", "-") + "-" for name in refused)
        betas = [beta for one in asked.split(",") if (beta := one.strip()) and not beta.startswith(prefixes)]
        if betas:
            headers["anthropic-beta"] = ",".join(betas)
    return headers
