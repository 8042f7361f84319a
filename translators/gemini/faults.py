"""Errors of Google's APIs inside a 200: `{error: {code, message, status, details}}`, alone or in an array.

Source: cloud.google.com/apis/design/errors. `RetryInfo` among the details says when to come back.
"""

from __future__ import annotations

import re
from typing import Any

from translators.events import Fault
from translators.openai_chat.faults import bare_error

_DURATION = re.compile(r"(\d+(?:\.\d+)?)s")
_SAID = re.compile(r"retry in (\d+(?:\.\d+)?)s")


def error_in(value: Any) -> Fault | None:
    """The error in a chunk or document, Google's or another's that stands before it; None if it has none."""
    if isinstance(value, list):
        value = value[0] if value else None
    if not isinstance(value, dict) or value.get("candidates"):
        return None
    error = value.get("error")
    if not isinstance(error, dict) or not isinstance(error.get("status"), str):
        return bare_error(value)
    code = error.get("code")
    message = error.get("message")
    message = message if isinstance(message, str) and message else error["status"]
    return Fault(
        "",
        message,
        status=code if isinstance(code, int) and 400 <= code < 600 else None,
        type=error["status"],
        retry_after=_retry_after(error.get("details"), message),
    )


def _retry_after(details: Any, message: str) -> float | None:
    for detail in details if isinstance(details, list) else ():
        delay = detail.get("retryDelay") if isinstance(detail, dict) else None
        if isinstance(delay, str) and (found := _DURATION.fullmatch(delay)):
            return float(found[1])
    found = _SAID.search(message)
    return float(found[1]) if found else None
