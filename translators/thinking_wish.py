"""What is asked of the model about thinking: the policy's word before the client's, the client's before
nothing.
"""

from __future__ import annotations

from typing import Any

import msgspec

from translators.request import Request
from translators.wire import Target


class Wish(msgspec.Struct, frozen=True):
    """`on`: think at all. `effort`: low, medium, high, max or the policy's own word. `budget`: tokens.

    `forced_*` say that the policy, not the client, asked for it.
    """

    on: bool
    effort: str | None = None
    budget: int | None = None
    forced_effort: bool = False
    forced_budget: bool = False


def thinking_wish(request: Request, target: Target) -> Wish:
    """An absent `thinking` field means off, as in the Messages API."""
    thinking = request.body.get("thinking")
    asked = thinking if isinstance(thinking, dict) else {}
    if target.thinking is not None:
        on = target.thinking
    elif request.no_thinking:
        on = False
    else:
        on = asked.get("type", "disabled") != "disabled"
    if not on:
        return Wish(on=False)
    budget = asked.get("budget_tokens")
    return Wish(
        on=True,
        effort=target.effort or asked_effort(request),
        budget=target.budget or (budget if isinstance(budget, int) else None),
        forced_effort=target.effort is not None,
        forced_budget=target.budget is not None,
    )


def asked_effort(request: Request) -> str | None:
    """The latest effort: a message may carry its own `output_config`, which counts from there on."""
    for message in reversed(request.messages):
        if "output_config" in message:
            return _effort_of(message) or _effort_of(request.body)
    return _effort_of(request.body)


def _effort_of(holder: dict[str, Any]) -> str | None:
    config = holder.get("output_config")
    effort = config.get("effort") if isinstance(config, dict) else None
    return effort if isinstance(effort, str) else None
