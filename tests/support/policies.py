"""Random policies: every statement, option and test of the language, valid, and laid out as nobody should.

    policy_text(Random(7))          the text of a file; the same seed, the same file
    policies()                      a hypothesis strategy of such texts, which shrinks
    rules_of(text)                  the text between its quotes

Providers are `zen` and `nvidia_nim`, as in the presets and in the tests of `rules`; all names are defined before
they are used, so a policy has no finding of the families FCC0 to FCC2 above a warning.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from random import Random

from hypothesis import strategies as st

from rules.facts import DAYS, EFFORTS, FACTS, TASKS

MODELS = (
    "zen/minimax-m2.5-free",
    "zen/glm-5-free",
    "zen/big-pickle",
    "nvidia_nim/z-ai/glm4.7",
    "nvidia_nim/stepfun-ai/step-3.5-flash",
    "nvidia_nim/qwen/qwen3-coder-480b-a35b-instruct",
)
NAMES = (
    "a",
    "b2",
    "coder",
    "flash",
    "start",
    "retry-2",
    "tokens",
    "a_name_that_is_rather_long",
    "4o",
    "max-1",
)
GLOBS = (
    "*",
    "zen/*",
    "nvidia_nim/*",
    "nvidia_nim/z-ai/*",
    "zen/minimax-m2.5-free",
    '"zen/*free"',
    "*/glm?4*",
)
FAILURES = ("timeout", "overflow", "rate_limit", "server_error", "empty")
DURATIONS = ("500ms", "20s", "1.5m", "2h", "90s")
TEXTS = ('"*haiku*"', '"claude-*"', '"a b, c"', r'"say \"no\" \\"', '"# no remark"', '"*"', '""')
REMARKS = ("# why", "#", "# a, b (c", '# route "x', "#! it's", "# ── Längere Bemerkung ── " + "so " * 20)
COMMENT_SHARE = 0.06

Words = list[str]


def policy_text(random: Random, *, wild: bool = True) -> str:
    """A whole file. `wild`: blanks, line ends and remarks wherever the language allows them."""
    made = statements(random)
    text = _laid_out(random, made) if wild else "\n".join(" ".join(words) for words in made) + "\n"
    return f"rules = '''\n{text}'''\n\n[server]\nport = 0\n"


def policies(*, wild: bool = True) -> st.SearchStrategy[str]:
    return st.randoms(use_true_random=False).map(lambda random: policy_text(random, wild=wild))


def rules_of(text: str) -> str:
    return text.split("'''")[1]


def statements(random: Random) -> list[Words]:
    """The words of each statement, in an order in which names are known when they are used."""
    names = list(NAMES)
    random.shuffle(names)
    known = list(MODELS)
    made: list[Words] = []
    for _ in range(random.randrange(4)):
        made.append(["alias", names[-1], "=", random.choice(MODELS)])
        known.append(names.pop())
    for _ in range(random.randrange(4)):
        made.append(["chain", names[-1], "=", *sequence(random, known)])
        known.append(names.pop())
    for maker in (_health, _limit):
        made.extend(maker(random) for _ in range(random.randrange(3)))
    made.extend(_offer(random, known) for _ in range(random.randrange(3)))
    routes = [f"r{number}" for number in range(random.randrange(1, 6))]
    made.extend(_route(random, name, known) for name in routes)
    made.extend(_expect(random, routes, known) for _ in range(random.randrange(3)))
    return made


# --- sequences ----------------------------------------------------------------------------------------------------


def sequence(random: Random, known: list[str], *, requested: bool = False) -> Words:
    """`env NAME else`, then one to five steps with their options."""
    words = ["env", "AUTO_MODEL_ORDER", "else"] if random.random() < 0.15 else []
    targets = random.sample(known, random.randrange(1, 6))
    if requested and random.random() < 0.1:
        return ["requested"]
    first = True
    while targets:
        words += [] if first else ["then"]
        first = False
        if len(targets) > 2 and random.random() < 0.4:
            words += _group(random, [targets.pop() for _ in range(random.randrange(2, len(targets)))])
        else:
            words.append(_maybe_quoted(random, targets.pop()))
        words += _options(random)
    return words


def _maybe_quoted(random: Random, name: str) -> str:
    return f'"{name}"' if random.random() < 0.1 else name


def _group(random: Random, members: list[str]) -> Words:
    kind = random.choice(("least-loaded", "rotate", "split", "race"))
    parts: list[Words] = [[member] for member in members]
    if kind == "split":
        shares = [100 - 10 * (len(members) - 1)] + [10] * (len(members) - 1)
        parts = [[f"{share}%", member] for share, member in zip(shares, members, strict=True)]
    elif kind == "race":
        parts[1:] = [[*part, "after", "2s"] for part in parts[1:]]
    return [kind, "(", *_listed(parts), ")"]


def _listed(parts: Iterable[Words]) -> Words:
    words: Words = []
    for part in parts:
        words += [",", *part] if words else part
    return words


def _options(random: Random) -> Words:
    options = {
        "thinking": random.choice(
            (
                ["without", "thinking"],
                ["with", "thinking"],
                ["with", "thinking", random.choice(("8k", "low", "high"))],
            )
        ),
        "start": ["start", "within", random.choice(DURATIONS)],
        "stall": ["stall", "after", random.choice(DURATIONS)],
        "finish": ["finish", "within", "10m"],
        "retry": ["retry", random.choice(("0", "1", "2"))],
        "on": random.choice(
            (
                ["on", "overflow"],
                ["on", "(", "empty", ")"],
                ["on", "(", *_listed([["timeout"], ["overflow"]]), ")"],
            )
        ),
    }
    chosen = random.sample(sorted(options), random.choice((0, 0, 0, 1, 2)))
    plain, trailing = (chosen, []) if random.random() < 0.6 else (chosen[:1], chosen[1:])
    words = [word for name in plain for word in options[name]]
    return words + [word for name in trailing for word in (",", *options[name])]


# --- statements -----------------------------------------------------------------------------------------------------


def _health(random: Random) -> Words:
    words = [
        "health",
        random.choice(GLOBS),
        "3",
        random.choice(("failures", "failure")),
        "in",
        "30s",
        ",",
        "rest",
        "30s",
    ]
    return words + ([",", "rest", "up", "to", "10m"] if random.random() < 0.4 else [])


def _limit(random: Random) -> Words:
    clauses = [
        [
            random.choice(("40", "1_000", "1.5M")),
            *random.choice(([], ["requests"], ["tokens"])),
            "per",
            "minute",
        ]
    ]
    clauses[0] += random.choice(([], ["each"], ["for", "each", "session"]))
    if random.random() < 0.5:
        clauses.append(["6", "at", "once"])
    if random.random() < 0.3:
        clauses.append(["wait", "up", "to", "5s"])
    return ["limit", random.choice(GLOBS), *_listed(clauses)]


def _offer(random: Random, known: list[str]) -> Words:
    things = random.sample(known, random.randrange(1, 4))
    words = (
        ["offer", *_listed([thing] for thing in things)]
        if random.random() < 0.8
        else ["offer", "env", "MODEL"]
    )
    words += random.choice(([], ["with", "and", "without", "thinking"], ["without", "thinking"]))
    return words + (["as", '"Auto (all)"'] if random.random() < 0.4 else [])


def _route(random: Random, name: str, known: list[str]) -> Words:
    words = ["route", name]
    if random.random() < 0.8:
        words += ["when", *condition(random)]
    actions = [["answer", "locally"], ["answer", '"no, thank you"'], ["refuse", "429", '"later"']]
    if random.random() < 0.7:
        return [*words, "use", *sequence(random, known, requested=True)]
    return words + random.choice(actions)


def _expect(random: Random, routes: list[str], known: list[str]) -> Words:
    given = [["model", '"claude-opus-4-7"'], ["tokens", "130k"], ["thinking"], ["header.x-team", '"red"']]
    given = random.sample(given, random.randrange(1, 4))
    state = random.choice((["resting"], ["limited"], ["failing"], ["failing", random.choice(FAILURES)]))
    if random.random() < 0.5:
        given.append([random.choice(known), *state])
    tried = ["to", "try", *_listed([one] for one in random.sample(known, 2))] if random.random() < 0.5 else []
    return ["expect", random.choice(routes), "given", *_listed(given), *tried]


# --- conditions -----------------------------------------------------------------------------------------------------


def condition(random: Random, depth: int = 0) -> Words:
    """Tests joined by `and`, `or`, `not` and parentheses; `and` beside `or` always stands in parentheses."""
    if depth > 2 or random.random() < 0.5:
        return _test(random)
    word = random.choice(("and", "or"))
    words = _operand(random, depth)
    for _ in range(random.randrange(1, 4)):
        words += [word, *_operand(random, depth)]
    return words


def _operand(random: Random, depth: int) -> Words:
    roll = random.random()
    if roll < 0.3:
        return ["(", *condition(random, depth + 1), ")"]
    if roll < 0.5:
        return ["not", *_test(random)]
    return _test(random)


def _test(random: Random) -> Words:
    fact = random.choice(sorted(FACTS))
    kind = FACTS[fact].kind
    name = "header.x-team" if kind == "header" else fact
    if kind == "flag":
        return [name]
    if kind == "number":
        sign = random.choice((">", ">=", "<", "<=", "="))
        return random.choice(
            ([name, sign, "120k"], [name, "in", "1", "..", "1_000"], [name, "in", "1.5k", "..", "2M"])
        )
    if kind == "clock":
        return random.choice(([name, "in", "22:00", "..", "06:00"], [name, ">=", "9:00"]))
    if kind == "word":
        words = {"task": TASKS, "effort": EFFORTS, "day": DAYS}[fact]
        listed = random.sample(words, random.randrange(2, 5))
        return random.choice(
            ([name, "is", listed[0]], [name, "in", "(", *_listed([one] for one in listed), ")"])
        )
    return random.choice(
        ([name, "is", random.choice(TEXTS)], [name, "in", "(", *_listed([["x"], ['"y*"']]), ")"])
    )


# --- layout ---------------------------------------------------------------------------------------------------------


def _laid_out(random: Random, made: list[Words]) -> str:
    parts = [_line(random) for _ in range(random.randrange(3))]
    for words in made:
        parts.extend(_spaced(random, words))
        parts.append(
            random.choice((" ", "\n", "\n", "\n", "\n\n", f"  {random.choice(REMARKS)}\n", "  \n\t\n"))
        )
        parts.extend(_line(random) for _ in range(random.choice((0, 0, 0, 1, 2))))
    return "".join(parts) + "\n"


def _line(random: Random) -> str:
    return random.choice(("\n", f"{random.choice(REMARKS)}\n", f"  {random.choice(REMARKS)}  \n"))


def _spaced(random: Random, words: Words) -> Iterator[str]:
    for index, word in enumerate(words):
        if index:
            tight = word in ",()" or words[index - 1] in ",()" or ".." in (word, words[index - 1])
            yield _space(random, tight=tight)
        yield word


def _space(random: Random, *, tight: bool) -> str:
    roll = random.random()
    if roll < COMMENT_SHARE:
        return (
            random.choice(("\n", " ", "\n\n  ", "\t"))
            + random.choice(REMARKS)
            + random.choice(("\n", "\n  \n"))
        )
    if roll < 0.2:
        return random.choice(("\n", "\n\n", "  ", "\t", "\n    "))
    return random.choice(("", " ")) if tight else " "
