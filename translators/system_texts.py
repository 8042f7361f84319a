"""What a client says as the system, for models other than Anthropic's."""

from __future__ import annotations

from typing import Any

BILLING = "x-anthropic-billing-header:"
"""Begins the client's first system block, which is for Anthropic's own books and changes from call to call."""


def system_texts(system: Any) -> list[str]:
    """The texts of a `system` field, without what is for Anthropic's own books."""
    if isinstance(system, str):
        texts = [system]
    else:
        blocks = system if isinstance(system, list) else ()
        texts = [block.get("text") for block in blocks if isinstance(block, dict)]
    return [text for text in texts if isinstance(text, str) and text and not text.startswith(BILLING)]


def reminder(text: str) -> str:
    """A system message between others as a user may say it; Claude Code marks its own reminders so."""
    return f"<system-reminder>\n{text}\n</system-reminder>"
