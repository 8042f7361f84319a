"""Function declarations and the choice among them.

Schemas go out as `parametersJsonSchema`, which takes JSON Schema nearly as clients write it. An upstream that does
not know that field gets `parameters`, whose subset of OpenAPI 3.0 loses more (ai.google.dev/api/caching#Schema).
"""

from __future__ import annotations

from typing import Any

from translators.gemini.schemas import json_schema, openapi_schema
from translators.openai_chat.tools import Tools
from translators.profile import Profile
from translators.request import Request

JSON_SCHEMA = "parametersJsonSchema"


class Functions(Tools):
    """The tools of one request as function declarations; see `openai_chat.tools.Tools`."""

    def __init__(self, request: Request, profile: Profile, refused: frozenset[str]) -> None:
        self._refused = refused
        super().__init__(request, profile)

    def _write(self, name: str, tool: dict[str, Any], profile: Profile) -> dict[str, Any]:
        function: dict[str, Any] = {"name": self.names.sent(name)}
        if description := tool.get("description"):
            function["description"] = description
        if JSON_SCHEMA not in self._refused:
            function[JSON_SCHEMA] = json_schema(tool["input_schema"])
        elif schema := openapi_schema(tool["input_schema"]):
            function["parameters"] = schema
        return function

    def config(self, wanted: Any) -> dict[str, Any]:
        """The field `toolConfig`; empty if the choice goes without saying. Calls in parallel cannot be forbidden."""
        if not self.written or not isinstance(wanted, dict):
            return {}
        kind = wanted.get("type")
        mode: dict[str, Any] = {
            "mode": {"auto": "AUTO", "any": "ANY", "tool": "ANY", "none": "NONE"}.get(str(kind))
        }
        if kind == "tool":
            sent = self.names.sent(str(wanted.get("name")))
            if all(function["name"] != sent for function in self.written):
                return {}
            mode["allowedFunctionNames"] = [sent]
        return {"toolConfig": {"functionCallingConfig": mode}} if mode["mode"] else {}
