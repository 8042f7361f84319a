"""The ways to tell a Chat Completions model whether and how hard to think.

Sources: docs.nvidia.com/nim (chat templates), openrouter.ai/docs (reasoning), api-docs.deepseek.com and
docs.z.ai (`thinking`), platform.openai.com (reasoning_effort), Nemotron model cards (system line).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from translators.profile import Profile, ThinkingSwitch
from translators.thinking_wish import Wish

_HIGHEST = {"max": "high", "xhigh": "high"}
"""Efforts of the Messages API that Chat Completions do not have."""
_ORDER = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
_BUDGETS = (("low", 4096), ("medium", 16_384))
"""Most tokens of thinking that are this effort; more are `high`."""


def thinking_fields(wish: Wish, profile: Profile) -> dict[str, Any]:
    """The body fields that carry `wish` to a model with `profile`."""
    if profile.thinking == "never":
        return {}
    write = _SWITCHES.get(profile.thinking_switch)
    return write(wish, profile) if write else {}


def system_line(wish: Wish, profile: Profile) -> str | None:
    """The first line of the system text that switches thinking (Nemotron)."""
    if profile.thinking_switch != "system-line" or profile.thinking == "never":
        return None
    return f"detailed thinking {'on' if wish.on else 'off'}"


def _template(*names: str) -> Callable[[Wish, Profile], dict[str, Any]]:
    def write(wish: Wish, profile: Profile) -> dict[str, Any]:
        if not wish.on and profile.thinking == "always":
            return {}
        kwargs: dict[str, Any] = dict.fromkeys(names, wish.on)
        if wish.on and wish.forced_budget:
            kwargs["reasoning_budget"] = wish.budget
        return {"chat_template_kwargs": kwargs}

    return write


def _effort(wish: Wish, profile: Profile) -> dict[str, Any]:
    level = effort_level(wish, profile)
    return {"reasoning_effort": level} if level else {}


def _reasoning(wish: Wish, profile: Profile) -> dict[str, Any]:
    if not wish.on:
        return {"reasoning": {"effort": "low"} if profile.thinking == "always" else {"enabled": False}}
    if wish.forced_budget or (wish.budget and not wish.effort):
        return {"reasoning": {"max_tokens": wish.budget}}
    level = effort_level(wish, profile)
    return {"reasoning": {"effort": level} if level else {"enabled": True}}


def effort_level(wish: Wish, profile: Profile) -> str | None:
    """`low`, `medium`, `high`, `none`, the policy's own word, or None: the model's default, which may be not to think.

    A client that asks with a budget alone means to think as hard as that.
    """
    if wish.forced_effort and wish.on:
        return wish.effort
    if not wish.on:
        return _taken("low", profile) if profile.thinking == "always" else "none"
    effort = wish.effort or (_effort_of(wish.budget) if wish.budget else None)
    return None if effort is None else _taken(_HIGHEST.get(effort, effort), profile)


def _effort_of(budget: int) -> str:
    return next((effort for effort, most in _BUDGETS if budget <= most), "high")


def _taken(effort: str, profile: Profile) -> str:
    """The least of the model's own words that is as much as `effort`, else the most of them."""
    known = profile.efforts
    if not known or effort in known or effort not in _ORDER:
        return effort
    as_much = [one for one in known if one in _ORDER and _ORDER.index(one) >= _ORDER.index(effort)]
    return min(as_much, key=_ORDER.index) if as_much else known[-1]


def _type(wish: Wish, profile: Profile) -> dict[str, Any]:
    if not wish.on and profile.thinking == "always":
        return {}
    return {"thinking": {"type": "enabled" if wish.on else "disabled"}}


def _budget(wish: Wish, profile: Profile) -> dict[str, Any]:
    if not wish.on:
        return {"thinking": {"type": "disabled"}}
    return {"thinking": {"type": "enabled", "budget_tokens": max(wish.budget or 4096, 1024)}}


def _adaptive(wish: Wish, profile: Profile) -> dict[str, Any]:
    if not wish.on:
        return {"thinking": {"type": "disabled"}}
    fields: dict[str, Any] = {"thinking": {"type": "adaptive"}}
    if wish.effort:
        fields["output_config"] = {"effort": wish.effort}
    return fields


_SWITCHES: dict[ThinkingSwitch, Callable[[Wish, Profile], dict[str, Any]]] = {
    "template": _template("thinking", "enable_thinking"),
    "template-thinking": _template("thinking"),
    "template-enable": _template("enable_thinking"),
    "effort": _effort,
    "reasoning": _reasoning,
    "type": _type,
    "budget": _budget,
    "adaptive": _adaptive,
}
