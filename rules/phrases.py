"""Conditions in words: which requests a route takes."""

from __future__ import annotations

from rules.local import implied
from rules.nodes import Compare, Condition, Flag, In, Is, Not

COUNTED = ("tools", "images", "documents")
SAID = {"thinking": "with thinking", "stream": "with a stream"}
UNSAID = {"thinking": "without thinking", "stream": "without a stream"}
UNITS = {"tokens": "tokens", "max_tokens": "tokens of answer", "turns": "messages"}
LONGEST = 60


def requests(condition: Condition | None, text: str) -> str:
    """What stands behind `every request`: `with images`, `above 120k tokens`; `text` is the whole file.

    Empty when there is no condition; a condition without words of its own is quoted.
    """
    if condition is None:
        return ""
    return _worded(condition, text) or f"with `{quoted(condition, text)}`"


def takes(condition: Condition | None, text: str, *, rest: bool) -> str:
    """What a route that covers another one takes: `takes every request with images`; `rest` behind the first."""
    words = requests(condition, text)
    return f"takes {'the rest' if rest else 'every request'}{' ' * bool(words)}{words}"


def quoted(condition: Condition, text: str) -> str:
    """The condition as it is written, on one line, shortened when it is long."""
    words = " ".join(text[condition.span.start : condition.span.end].split())
    return words if len(words) <= LONGEST else f"{words[: LONGEST - 2].rstrip()} …"


def _worded(condition: Condition, text: str) -> str:
    match condition:
        case Flag():
            return SAID.get(condition.fact.name, "")
        case Not(item=Flag() as flag):
            return UNSAID.get(flag.fact.name, "")
        case Is(fact=fact) if fact.name == "model":
            return f"for models like {text[condition.value.span.start : condition.value.span.end]}"
        case Is(fact=fact) if fact.name == "tool":
            return f"with the tool {text[condition.value.span.start : condition.value.span.end]}"
        case Is(fact=fact) if fact.name == "task":
            return f"of the task {condition.value.value}"
        case In() if implied(condition):
            return "that can be answered locally"
        case Compare():
            return _compared(condition, text)
        case _:
            return ""


def _compared(test: Compare, text: str) -> str:
    name, said = test.fact.name, text[test.value.span.start : test.value.span.end]
    amount = (test.operator, test.value.value)
    if name in COUNTED and amount in ((">", 0), (">=", 1)):
        return f"with {name}"
    if name in COUNTED and amount in (("=", 0), ("<", 1), ("<=", 0)):
        return f"without {name}"
    words = {">": "above", "<": "below", ">=": "from", "<=": "up to", "=": "of exactly"}
    return f"{words[test.operator]} {said} {UNITS[name]}" if name in UNITS else ""
