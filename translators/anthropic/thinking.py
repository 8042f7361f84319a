"""Thinking and effort for models behind the Messages API.

Claude models up to 4.5 take a budget, from 4.6 on they think adaptively and take an effort
(docs.claude.com/en/docs/build-with-claude/extended-thinking, …/adaptive-thinking, …/effort). Where the profile says
neither, Anthropic gets what the client wrote, since clients know its models; others get a budget, which all know.
"""

from __future__ import annotations

from typing import Any

from translators.openai_chat.switches import thinking_fields as other_fields
from translators.request import Request
from translators.thinking_wish import Wish, asked_effort, thinking_wish
from translators.wire import Target

_LEAST = 1024
"""Tokens; a smaller budget is refused."""
_BUDGETS = {"low": 4096, "medium": 10_000, "high": 24_000, "xhigh": 31_999, "max": 31_999}
_USUAL = 10_000


def thinking_fields(
    request: Request, target: Target, limit: int, *, turn_thinks: bool
) -> dict[str, dict[str, Any]]:
    """The fields `thinking` and, for the effort in it, `output_config`.

    `limit` is the `max_tokens` sent, which holds the thinking too. `turn_thinks`: the assistant turn that is being
    gone on with begins with thinking, or there is none; Anthropic demands it where thinking has a budget.
    """
    profile = target.profile
    wish = thinking_wish(request, target)
    switch = profile.thinking_switch
    if profile.thinking == "never":
        return {}
    if switch not in ("none", "budget", "adaptive"):
        return other_fields(wish, profile)
    if switch == "none":
        if profile.first_party and not _forced(request, target):
            return _as_asked(request)
        switch = "adaptive" if profile.first_party and not wish.forced_budget else "budget"
    impossible = profile.first_party and (_calls_forced(request) or (switch == "budget" and not turn_thinks))
    fields = _adaptive(wish) if switch == "adaptive" else _budget(wish, limit)
    if not wish.on or impossible or not fields:
        effort = (target.effort or asked_effort(request)) if switch == "adaptive" else None
        return _off(request, target) | _effort(effort)
    display = _asked(request).get("display")
    if profile.first_party and display:
        fields["thinking"]["display"] = display
    return fields


def _asked(request: Request) -> dict[str, Any]:
    asked = request.body.get("thinking")
    return asked if isinstance(asked, dict) else {}


def _as_asked(request: Request) -> dict[str, dict[str, Any]]:
    asked, config = _asked(request), request.body.get("output_config")
    fields = {"thinking": dict(asked)} if asked else {}
    return fields | _effort(config.get("effort") if isinstance(config, dict) else None)


def _forced(request: Request, target: Target) -> bool:
    return request.no_thinking or (target.thinking, target.effort, target.budget) != (None, None, None)


def _calls_forced(request: Request) -> bool:
    """Anthropic does not let a model think that must call a tool."""
    choice = request.body.get("tool_choice")
    return isinstance(choice, dict) and choice.get("type") in ("any", "tool")


def _off(request: Request, target: Target) -> dict[str, dict[str, Any]]:
    """An absent field means off, so it is only said where somebody said something."""
    if target.profile.thinking == "always" or not (_asked(request) or target.thinking is False):
        return {}
    return {"thinking": {"type": "disabled"}}


def _budget(wish: Wish, limit: int) -> dict[str, dict[str, Any]]:
    """Empty where the answer is to be too short for the smallest budget. A budget that is cut leaves room to answer."""
    tokens = max(wish.budget or _BUDGETS.get(wish.effort or "", _USUAL), _LEAST)
    if tokens >= limit:
        tokens = limit - max(limit // 4, 1)
    return {"thinking": {"type": "enabled", "budget_tokens": tokens}} if tokens >= _LEAST else {}


def _adaptive(wish: Wish) -> dict[str, dict[str, Any]]:
    effort = wish.effort
    if wish.forced_budget and wish.budget and not wish.forced_effort:
        effort = next((name for name, tokens in _BUDGETS.items() if tokens >= wish.budget), "max")
    return {"thinking": {"type": "adaptive"}} | _effort(effort)


def _effort(effort: str | None) -> dict[str, dict[str, Any]]:
    return {"output_config": {"effort": effort}} if effort else {}
