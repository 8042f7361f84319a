"""Parts that are neither text nor calls: code the upstream ran by itself, and files the model made."""

from __future__ import annotations

import hashlib
from typing import Any

from translators.events import Opaque, Text


class Hosted:
    """Parts in, blocks out; a run of code and its result share an id."""

    def __init__(self, seed: str) -> None:
        """`seed`: what makes the ids of this answer its own."""
        self._seed = seed
        self._runs = 0

    def read(self, part: dict[str, Any]) -> Opaque | Text | None:
        """The block or text for a part; None for one that says nothing."""
        code, result, blob = (
            part.get(key) for key in ("executableCode", "codeExecutionResult", "inlineData")
        )
        if isinstance(code, dict):
            self._runs += 1
            block = {"type": "server_tool_use", "id": self._id(), "name": "code_execution"}
            return Opaque({**block, "input": {"code": str(code.get("code") or "")}})
        if isinstance(result, dict) and self._runs:
            return Opaque(
                {"type": "code_execution_tool_result", "tool_use_id": self._id(), "content": _outcome(result)}
            )
        if isinstance(blob, dict):
            return Text(f"[The model made a file ({blob.get('mimeType')}), which cannot be shown here.]")
        return None

    def _id(self) -> str:
        digest = hashlib.sha256(f"{self._seed}#{self._runs}".encode(errors="replace")).hexdigest()
        return "srvtoolu_" + digest[:24]


def _outcome(result: dict[str, Any]) -> dict[str, Any]:
    failed = result.get("outcome") not in ("OUTCOME_OK", None)
    said = str(result.get("output") or "")
    return {
        "type": "code_execution_result",
        "stdout": "" if failed else said,
        "stderr": said if failed else "",
        "return_code": int(failed),
        "content": [],
    }
