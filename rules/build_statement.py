"""Statements: trees to nodes. Habits of other languages are understood and reported, the rest is checked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from lark import Token, Tree

from rules import nodes
from rules.build_condition import TooDeepError, condition, fact_name, value
from rules.build_sequence import ref, refs, sequence
from rules.builder import Builder, tokens, trees
from rules.literals import duration, span
from rules.suggest import did_you_mean

UNITS = {"second": 1.0, "minute": 60.0, "hour": 3600.0, "day": 86400.0}
"""What a `limit` may count per, in seconds."""

VARIANTS = {"both_variants": "with and without", "without_variant": "without"}


def statements(builder: Builder, found: Iterable[Tree]) -> list[nodes.Statement]:
    """One node per tree. A statement nested too deeply to be walked is reported and left out."""
    built: list[nodes.Statement] = []
    for tree in found:
        try:
            built.append(_BUILDERS[tree.data](builder, tree))
        except TooDeepError as error:
            builder.report(
                "FCC108",
                "the condition is nested too deeply",
                error.place,
                help="split it into several routes",
            )
    return built


def _name(builder: Builder, tree: Tree) -> nodes.Word:
    return builder.word(tokens(tree, "NAME")[0])


def _alias(builder: Builder, tree: Tree) -> nodes.Alias:
    builder.keyword(tokens(tree, "ASSIGN")[0], "=")
    return nodes.Alias(_name(builder, tree), ref(builder, trees(tree, "ref")[0]), span(tree))


def _chain(builder: Builder, tree: Tree) -> nodes.Chain:
    builder.keyword(tokens(tree, "ASSIGN")[0], "=")
    return nodes.Chain(_name(builder, tree), sequence(builder, trees(tree, "sequence")[0]), span(tree))


def _glob(builder: Builder, tree: Tree) -> nodes.Word:
    word = builder.word(cast(Token, trees(tree, "glob")[0].children[0]))
    return nodes.Word(builder.glob(word.text, word.span), word.span)


def _once(builder: Builder, tree: Tree, name: str, what: str) -> Tree | None:
    """The first clause of this name; a second one is reported."""
    found = trees(tree, name)
    for again in found[1:]:
        builder.duplicate(what, span(again), span(found[0]))
    return found[0] if found else None


def _seconds(clause: Tree | None) -> float | None:
    return None if clause is None else duration(str(tokens(clause, "DURATION")[0]))


def _health(builder: Builder, tree: Tree) -> nodes.Health:
    rest = _seconds(_once(builder, tree, "rest", "rest"))
    up_to = _seconds(_once(builder, tree, "rest_up_to", "rest up to"))
    if rest is None:
        builder.report(
            "FCC101",
            "expected `, rest DURATION`: how long the model rests",
            span(tree),
            help="add `, rest 30s`",
        )
    failures = builder.whole(tokens(tree, "NUMBER")[0], "the number of failures")
    window = duration(str(tokens(tree, "DURATION")[0]))
    return nodes.Health(_glob(builder, tree), failures, window, rest or 0.0, up_to, span(tree))


def _limit(builder: Builder, tree: Tree) -> nodes.Limit:
    rate = _once(builder, tree, "rate", "per")
    at_once = _once(builder, tree, "at_once", "at once")
    wait = _once(builder, tree, "wait", "wait up to")
    each, for_each = _scope(builder, [clause for clause in (rate, at_once) if clause])
    count, per = (None, None) if rate is None else _rate(builder, rate)
    together = None if at_once is None else builder.whole(tokens(at_once, "NUMBER")[0], "a limit")
    counts = "tokens" if rate is not None and tokens(rate, "TOKENS") else "requests"
    waits = _seconds(wait)
    if rate is None and at_once is None:
        builder.report("FCC101", "expected how many: `N per UNIT` or `N at once`", span(tree))
    glob = _glob(builder, tree)
    return nodes.Limit(glob, count, per, counts, each, for_each, together, waits, span(tree))


def _rate(builder: Builder, tree: Tree) -> tuple[int, float]:
    unit = tokens(tree, "NAME")[0]
    if unit not in UNITS:
        close = did_you_mean(str(unit), UNITS)
        builder.report(
            "FCC206",
            f"there is no unit `{unit}`",
            span(unit),
            help=f"did you mean `{close}`?" if close else f"units are {', '.join(UNITS)}",
            edits=[(span(unit), close)] if close else (),
            title=f"write `{close}`",
            safe=False,
        )
    return builder.whole(tokens(tree, "NUMBER")[0], "a limit"), UNITS.get(str(unit), 60.0)


def _scope(builder: Builder, clauses: list[Tree]) -> tuple[bool, Any]:
    """Whether each model has its own bucket, and whether each session or client has."""
    each: Tree | None = None
    for_each: Tree | None = None
    for scope in (scope for clause in clauses for scope in trees(clause, "each", "for_each")):
        first = each if scope.data == "each" else for_each
        if first is not None:
            builder.duplicate("each", span(scope), span(first))
        elif scope.data == "each":
            each = scope
        else:
            for_each = scope
    return each is not None, None if for_each is None else str(for_each.children[-1])


def _offer(builder: Builder, tree: Tree) -> nodes.Offer:
    variable = trees(tree, "offer_env")
    listed = trees(tree, "refs")
    variants = trees(tree, *VARIANTS)
    for again in variants[1:]:
        builder.duplicate("thinking", span(again), span(variants[0]))
    label = _once(builder, tree, "label", "as")
    return nodes.Offer(
        refs(builder, listed[0]) if listed else (),
        _name(builder, variable[0]) if variable else None,
        cast(Any, VARIANTS[variants[0].data] if variants else "as is"),
        builder.string(cast(Token, label.children[-1])) if label else None,
        span(tree),
    )


def _route(builder: Builder, tree: Tree) -> nodes.Route:
    when = tokens(tree, "WHEN")
    if when:
        builder.keyword(when[0], "when")
    found = [child for child in tree.children if isinstance(child, Tree)]
    test = condition(builder, found[0]) if when else None
    return nodes.Route(_name(builder, tree), test, _action(builder, found[-1]), span(tree))


def _action(builder: Builder, tree: Tree) -> nodes.Action:
    last = tree.children[-1]
    if tree.data == "use":
        return nodes.Use(sequence(builder, cast(Tree, last)), span(tree))
    if tree.data == "answer_locally":
        return nodes.AnswerLocally(span(tree))
    text = builder.string(cast(Token, last))
    if tree.data == "answer_text":
        return nodes.AnswerText(text, span(tree))
    return nodes.Refuse(builder.whole(tokens(tree, "NUMBER")[0], "a status"), text, span(tree))


def _expect(builder: Builder, tree: Tree) -> nodes.Expect:
    given = []
    for child in trees(tree, "given_flag", "given_value"):
        fact = fact_name(cast(Tree, child.children[0]))
        said = value(builder, cast(Tree, child.children[1]), fact) if child.data == "given_value" else None
        given.append(nodes.Given(fact, said, span(child)))
    worlds = [_world(builder, child) for child in trees(tree, "world")]
    tried = trees(tree, "refs")
    targets = refs(builder, tried[0]) if tried else None
    return nodes.Expect(_name(builder, tree), tuple(given), tuple(worlds), targets, span(tree))


def _world(builder: Builder, tree: Tree) -> nodes.World:
    state = cast(Token, tree.children[1])
    failure = tokens(tree, "NAME")
    place = span(tree)
    target = ref(builder, cast(Tree, tree.children[0]))
    return nodes.World(target, cast(Any, str(state)), builder.word(failure[0]) if failure else None, place)


_BUILDERS = {
    "alias": _alias,
    "chain": _chain,
    "health": _health,
    "limit": _limit,
    "offer": _offer,
    "route": _route,
    "expect": _expect,
}
