"""Facts and words of the language, from `rules.facts` and `rules.keywords`."""

from __future__ import annotations

from generate.tables import code, codes, table
from rules.facts import EFFORTS, FACTS, TASKS
from rules.given import DEFAULTS
from rules.keywords import MEANINGS

TASKS_MEAN = {
    "main": "an ordinary turn of a conversation",
    "subagent": "a turn of a sub-agent",
    "compact": "the summary of a conversation that has become too long",
    "search": "a web search made for the client by the model",
    "title": "a name for the session",
    "suggestion": "what the person may want to type next",
    "quota_probe": "does this account have quota left",
    "model_probe": "does this model exist",
    "prefix": "the prefix of a shell command, for permission rules",
    "filepaths": "the files that a shell command read",
    "classifier": "a permission check; never answered locally",
}


def facts() -> str:
    """Name, type, meaning, example and the value that `expect` and `fcc explain` take for one that is not given."""
    rows = []
    for fact in FACTS.values():
        name = "header.NAME" if fact.kind == "header" else fact.name
        rows.append((code(name), fact.kind, fact.doc, code(fact.example), _usual(fact.name)))
    return table(("fact", "type", "meaning", "example", "when not given"), rows)


def _usual(name: str) -> str:
    value = DEFAULTS.get(name)
    if name == "time":
        return code("12:00")
    if isinstance(value, bool):
        return "no"
    return "empty" if value in (None, "", frozenset()) else code(value)


def tasks() -> str:
    return table(("task", "is"), [(code(name), TASKS_MEAN[name]) for name in TASKS])


def efforts() -> str:
    return codes(EFFORTS)


def words() -> str:
    """Every word of the language; the same texts are shown by editors."""
    return table(("word", "meaning"), [(code(word), meaning) for word, meaning in MEANINGS.items()])
