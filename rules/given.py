"""A request said by its facts alone, as `expect … given` and `fcc explain` say it.

What is not said has the value in `DEFAULTS`: a short first message of Claude Code's to a model, at noon on a Monday.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rules.facts import FACTS, Fact
from rules.literals import DAY_MINUTES, clock, number
from rules.nodes import Given
from rules.suggest import did_you_mean

DEFAULTS: Mapping[str, Any] = {
    "model": "claude-sonnet-4-5",
    "task": "main",
    "tokens": 0,
    "max_tokens": 32_000,
    "turns": 1,
    "tools": 0,
    "images": 0,
    "documents": 0,
    "thinking": False,
    "stream": False,
    "effort": "none",
    "tool": frozenset(),
    "session": "",
    "client": "",
    "agent": "",
    "time": 12 * 60,
    "day": "mon",
}
"""The value of each fact that is not given; a header that is not given is empty, `tools` is at least those named."""


class GivenError(ValueError):
    """A fact that does not exist, or a value that it cannot have; the text says which and what to write."""


class GivenFacts:
    """Implements `rules.facts.RequestView`. `values` are of the facts' own types, headers as `header.NAME`."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.said = dict(values)
        found = {**DEFAULTS, **values}
        self.model: str = found["model"]
        self.task: str = found["task"]
        self.tokens: int = found["tokens"]
        self.max_tokens: int = found["max_tokens"]
        self.turns: int = found["turns"]
        self.images: int = found["images"]
        self.documents: int = found["documents"]
        self.thinking: bool = found["thinking"]
        self.stream: bool = found["stream"]
        self.effort: str = found["effort"]
        self.tool: frozenset[str] = frozenset(found["tool"])
        self.tools: int = values["tools"] if "tools" in values else len(self.tool)
        self.session: str = found["session"]
        self.client: str = found["client"]
        self.agent: str = found["agent"]
        self.minute: int = found["time"]
        self.day: str = found["day"]

    def header(self, name: str) -> str:
        return self.said.get(f"header.{name.lower()}", "")


def from_nodes(given: Iterable[Given]) -> GivenFacts:
    """The request of an `expect`. Of a fact given twice the last holds; tools add up."""
    values: dict[str, Any] = {}
    for one in given:
        name = one.fact.name if one.fact.key is None else f"header.{one.fact.key}"
        value = True if one.value is None else one.value.value
        if name == "tool":
            value = values.get(name, frozenset()) | {str(value)}
        values[name] = value
    return GivenFacts(values)


def from_values(said: Mapping[str, Any]) -> GivenFacts:
    """The request of a mapping fact → value, as JSON or a command line has it: numbers also as `"130k"`, times as
    `"22:30"`, `tool` as a text or a list, headers as `header.NAME` or as a mapping `header`. Raises GivenError."""
    values: dict[str, Any] = {}
    for name, value in said.items():
        if name == "header" and isinstance(value, Mapping):
            values |= {f"header.{key.lower()}": _text(f"header.{key}", one) for key, one in value.items()}
        elif name.startswith("header."):
            values[name.lower()] = _text(name, value)
        else:
            values[name] = _value(_fact(name), value)
    return GivenFacts(values)


def _fact(name: str) -> Fact:
    fact = FACTS.get(name)
    if fact is None or fact.kind == "header":
        close = did_you_mean(name, FACTS)
        raise GivenError(f"there is no fact `{name}`" + (f"; did you mean `{close}`?" if close else ""))
    return fact


def _value(fact: Fact, value: Any) -> Any:
    if fact.kind == "flag":
        if not isinstance(value, bool):
            raise GivenError(f"`{fact.name}` is true or false, not {value!r}")
        return value
    if fact.kind == "number":
        return _number(fact.name, value)
    if fact.kind == "clock":
        return _minutes(fact.name, value)
    if fact.kind == "set":
        members = [value] if isinstance(value, str) else value
        if not isinstance(members, Iterable):
            raise GivenError(f"`{fact.name}` is a list of texts, not {value!r}")
        return frozenset(_text(fact.name, one) for one in members)
    if fact.kind == "word" and value not in fact.words:
        close = did_you_mean(str(value), fact.words)
        hint = f"did you mean `{close}`?" if close else f"one of {', '.join(fact.words)}"
        raise GivenError(f"`{fact.name}` is never {value!r}; {hint}")
    return _text(fact.name, value)


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise GivenError(f"`{name}` is a text, not {value!r}")
    return value


def _number(name: str, value: Any) -> int:
    try:
        found = number(value.strip()) if isinstance(value, str) else value
        if (
            not isinstance(found, bool)
            and isinstance(found, int | float)
            and found >= 0
            and found == int(found)
        ):
            return int(found)
    except (ValueError, OverflowError, IndexError):
        pass
    raise GivenError(f"`{name}` is a whole number such as 130k, not {value!r}")


def _minutes(name: str, value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < DAY_MINUTES:
        return value
    try:
        found = clock(value) if isinstance(value, str) else None
    except ValueError:
        found = None
    if found is None or found >= DAY_MINUTES:
        raise GivenError(f"`{name}` is a time of day such as 22:30, not {value!r}")
    return found
