"""A canonical request as the body of `POST /models/<id>:streamGenerateContent` or `:generateContent`."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import msgspec

from translators.answer_form import form_in_words
from translators.gemini.conversation import write_contents
from translators.gemini.generation import by_level, generation_config
from translators.gemini.parts import system_parts
from translators.gemini.tools import Functions
from translators.openai_chat.request import add_fields
from translators.request import Request
from translators.server_tools import lack_in_words
from translators.system_texts import system_texts
from translators.thinking_wish import thinking_wish
from translators.wire import Target, WireRequest

_IN_JSON = {"responseJsonSchema", "responseSchema"}
_IN_CALLS = ("functionCall", "functionResponse")


def write_request(request: Request, target: Target) -> WireRequest:
    """The request for `target`. Fields in `target.without` and `profile.drop`, at any level, are left out."""
    profile = target.profile
    refused = target.without.union(profile.drop)
    functions = Functions(request, profile, refused)
    declared = bool(functions.written) and "tools" not in refused
    config = generation_config(request, profile, thinking_wish(request, target), refused, functions=declared)
    body: dict[str, Any] = {}
    form = None if _IN_JSON & config.keys() else form_in_words(request.body)
    system = [*system_texts(request.body.get("system")), lack_in_words(request), form]
    if system := [text for text in system if text]:
        body["systemInstruction"] = {"parts": system_parts(system)}
    body["contents"] = write_contents(request, profile, target.model, functions, signed=by_level(profile))
    if declared:
        body["tools"] = [{"functionDeclarations": functions.written}]
        body.update(functions.config(request.body.get("tool_choice")))
    if config:
        body["generationConfig"] = config
    add_fields(body, profile.extra)
    if refused:
        _leave_out(body, refused)
    return WireRequest(_path(target), msgspec.json.encode(body), tool_names=functions.names.restored)


def _path(target: Target) -> str:
    """Below `/v1beta`; ids that say their collection (`tunedModels/…`) stay as they are."""
    model = quote(target.model, safe="/@")
    if not model.startswith(("models/", "tunedModels/")):
        model = "models/" + model
    return f"/{model}:streamGenerateContent?alt=sse" if target.stream else f"/{model}:generateContent"


def _leave_out(body: dict[str, Any], refused: frozenset[str]) -> None:
    for name in refused:
        body.pop(name, None)
    for content in body.get("contents", ()):
        for part in content["parts"]:
            for holder in (part, *(part[name] for name in _IN_CALLS if name in part)):
                for name in refused.intersection(holder):
                    if name in ("id", "thoughtSignature", "parts"):
                        del holder[name]
