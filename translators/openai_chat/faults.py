"""Errors that arrive inside a 200: as a chunk, as a choice's error, or as the whole document."""

from __future__ import annotations

from typing import Any

import msgspec

from translators.events import Fault

_BROKEN_OFF = {
    "error": 500,
    "network_error": 502,
    "engine_error": 500,
    "insufficient_system_resource": 503,  # DeepSeek
    "abort": 500,
    "aborted": 500,
}
"""Values of finish_reason that mean failure, with the status they come to."""

_VAGUE = ("invalid_request_error", "server_error", "api_error", "tokens", "requests", "error")
"""Types of errors whose code says more."""

_SAYING = ("message", "detail", "title", "error", "msg", "error_msg", "status_msg", "error_message")
_BARE = ("message", "detail", "title", "msg", "error_msg", "error_message")
"""What a document that has no choices may say for an error to be one."""


def fault_of(error: Any) -> Fault:
    """An upstream's error, in whatever shape: its text, status and type; `kind` is left to be classified."""
    if not isinstance(error, dict):
        return Fault("", str(error) or "the upstream reported an error")
    inner = error.get("error")
    if isinstance(inner, dict):
        return fault_of(inner)
    code = error.get("code")
    status = next((s for s in map(_status, (code, error.get("status_code"), error.get("status"))) if s), None)
    kind = error.get("type")
    if (not kind or kind in _VAGUE) and isinstance(code, str) and not _status(code):
        kind = code or kind
    retry_after = error.get("retry_after")
    return Fault(
        "",
        _message(error),
        status=status,
        type=kind if isinstance(kind, str) and kind != "error" else None,
        retry_after=float(retry_after) if isinstance(retry_after, int | float) else None,
    )


def bare_error(value: Any) -> Fault | None:
    """The error in a document that has no choices, or None if it does not say that it is one."""
    if isinstance(value, list):
        value = value[0] if value else None
    if not isinstance(value, dict) or value.get("choices"):
        return None
    status = value.get("base_resp")  # MiniMax says in every answer how it went
    if isinstance(status, dict) and status.get("status_code"):
        return fault_of(status)
    if value.get("error") or value.get("object") == "error" or value.get("type") == "error":
        return fault_of(value)
    said = any(isinstance(value.get(name), str | list) for name in _BARE)
    return fault_of(value) if said and "choices" not in value else None


def broken_off(finish_reason: str) -> Fault | None:
    """The failure that a finish_reason stands for, if it does."""
    status = _BROKEN_OFF.get(finish_reason)
    if status is None:
        return None
    return Fault(
        "", f"the upstream ended with finish_reason {finish_reason}", status=status, type=finish_reason
    )


def _status(value: Any) -> int | None:
    if isinstance(value, str) and value.isdecimal() and len(value) == 3:
        value = int(value)
    return value if isinstance(value, int) and 400 <= value < 600 else None


def _message(error: dict[str, Any]) -> str:
    said = next((error[name] for name in _SAYING if error.get(name)), error)
    message = said if isinstance(said, str) else msgspec.json.encode(said).decode()
    metadata = error.get("metadata")
    raw = metadata.get("raw") if isinstance(metadata, dict) else None
    return f"{message}: {raw}" if isinstance(raw, str) and raw else message
