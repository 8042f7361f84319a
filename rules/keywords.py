"""Every word of the language with its meaning: what editors show, and what the documentation lists."""

from __future__ import annotations

import re
from functools import cache

from rules.grammar import text

MEANINGS: dict[str, str] = {
    "alias": "`alias NAME = provider/model`: a short name for a model.",
    "chain": "`chain NAME = SEQUENCE`: who is asked, and who next when that one fails, rests or is limited.",
    "health": "`health GLOB N failures in DURATION, rest DURATION`: when a model rests. The first that matches holds.",
    "limit": "`limit GLOB N per UNIT`: how fast models may be asked. The first that matches holds.",
    "offer": "`offer THING, …`: what the client's model picker shows; asking for it asks that and nothing else.",
    "route": "`route NAME when CONDITION ACTION`: the first whose condition holds takes the request.",
    "expect": "`expect ROUTE given FACTS to try TARGETS`: a test of the policy itself, run by `fcc test`.",
    "after": "`stall after 45s`: longest silence between two pieces of content. In a `race`: when the next is asked.",
    "and": "Both hold.",
    "answer": '`answer locally` or `answer "text"`: no model is asked.',
    "as": '`as "Label"`: the name in the model picker.',
    "at": "`N at once`: most requests in flight at the same time.",
    "client": "`for each client`: one bucket for every key that authenticates.",
    "each": "One bucket for each model the pattern matches; `for each session`: for each session.",
    "else": "What holds when the variable before it is unset.",
    "env": "`env NAME`: the comma list of models in an environment variable.",
    "failing": "The model of this test fails, with any failure or with the one named.",
    "failure": "How many failures within the window make a model rest.",
    "failures": "How many failures within the window make a model rest.",
    "finish": "`finish within 10m`: deadline for the whole answer.",
    "for": "`for each session` or `for each client`: buckets of their own.",
    "given": "The facts of the request of this test, and which models rest, are limited or fail.",
    "high": "Thinking effort.",
    "if": "Not a word of this language: `when` is.",
    "in": "`FACT in (…, …)`: one of them. `FACT in A..B`: from A up to, not including, B.",
    "is": '`FACT is "glob"` or `FACT is word`.',
    "least-loaded": "`least-loaded (a, b)`: all of them, fewest requests in flight first.",
    "limited": "The bucket of this model is empty in this test.",
    "locally": "By the built-in responder for this task.",
    "low": "Thinking effort.",
    "max": "Thinking effort.",
    "medium": "Thinking effort.",
    "not": "Does not hold; stands before the whole test.",
    "on": "`on (timeout, overflow)`: this step is a fallback for those failures only.",
    "once": "`N at once`: most requests in flight at the same time.",
    "or": "At least one holds; beside `and` it stands in parentheses.",
    "per": "`N per minute`: a sliding window of a second, minute, hour or day.",
    "race": "`race (a, b after 2s)`: the first content wins, the other is cancelled.",
    "refuse": '`refuse 429 "reason"`: an error for the client.',
    "request": "What a limit counts, unless it says `tokens`.",
    "requested": "The model the client named, when it is `provider/model` of a known provider.",
    "requests": "What a limit counts, unless it says `tokens`.",
    "rest": "`rest 30s`: how long a model rests. `rest up to 10m`: each repeat doubles it, up to that.",
    "resting": "This model rests in this test.",
    "retry": "`retry 2`: tries on the same target before moving on.",
    "rotate": "`rotate (a, b)`: all of them, starting one further each time.",
    "session": "`for each session`: one bucket for every session.",
    "split": "`split (90% a, 10% b)`: one by weight, the same one for the same session; the others are its fallbacks.",
    "stall": "`stall after 45s`: longest silence between two pieces of content.",
    "start": "`start within 20s`: deadline for the first content.",
    "then": "Who is asked next.",
    "thinking": "`with thinking`, `without thinking`: the variant that is asked; otherwise the client decides.",
    "to": "`to try a, b`: who would be asked, in this order. `up to`: a bound.",
    "token": "The limit counts tokens.",
    "tokens": "The limit counts tokens.",
    "try": "`to try a, b`: who would be asked, in this order.",
    "up": "`up to`: a bound.",
    "use": "`use SEQUENCE`: who is asked, in which order.",
    "wait": "`wait up to 5s`: how long a request queues for the limit before the model is passed over.",
    "when": "The route takes only requests for which the condition holds.",
    "with": "`with thinking [8k | low | medium | high]`; in offers `with and without thinking`: both variants.",
    "within": "`start within 20s`, `finish within 10m`: deadlines.",
    "without": "`without thinking`: the model is told not to think.",
}

_RESERVED = re.compile(r"^NAME: /\(\?!\(([a-z|-]+)\)", re.MULTILINE)
_TERMINAL = re.compile(r"^([A-Z_]+)(?:\.\d)?: (.*_END.*)$", re.MULTILINE)
_WORD = re.compile(r'"([a-z-]+)"')


@cache
def words() -> dict[str, tuple[str, ...]]:
    """The words behind each terminal of the grammar that is a word: `THEN` → `("then",)`."""
    found = ((name, tuple(_WORD.findall(body))) for name, body in _TERMINAL.findall(text()))
    return {name: said for name, said in found if said}


@cache
def reserved() -> frozenset[str]:
    """The words that give a statement its shape and cannot be names."""
    found = _RESERVED.search(text())
    return frozenset(found[1].split("|")) if found else frozenset()
