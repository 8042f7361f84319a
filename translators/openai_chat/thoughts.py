"""Earlier thinking where a model minds how it comes back, written into the finished messages."""

from __future__ import annotations

from typing import Any

from translators.profile import Profile

_BLANK = " "
"""A thought of an answer that has none: DeepSeek V4 takes a missing one for lost, and an empty one for missing."""


def settle_thoughts(messages: list[dict[str, Any]], profile: Profile, field: str) -> None:
    """Changes `messages` as `joins_thought` and `needs_thought` of the profile say. `field`: a `Profile.replay`."""
    if field not in ("reasoning_content", "reasoning"):
        return
    for message in messages:
        if message["role"] != "assistant":
            continue
        if profile.joins_thought and "tool_calls" in message and message.get(field) and message["content"]:
            message[field] += "\n\n" + message["content"]
            message["content"] = None
        if profile.needs_thought and not message.get(field):
            message[field] = _BLANK
