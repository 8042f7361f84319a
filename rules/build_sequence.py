"""Sequences: steps, groups and their options.

Whose option is it? One without a comma belongs to the step it follows. One after a comma does too, when
another `then` follows; behind the last step, everything from the first comma on belongs to the whole sequence
and holds for each step (and for the models of `env`) that does not set the same option itself. With one step
the two are the same.
"""

from __future__ import annotations

import re
from typing import Any, cast

from lark import Token, Tree
from msgspec.structs import replace

from rules import nodes
from rules.builder import Builder, tokens, trees
from rules.literals import duration, number, span

FIELDS = {"thinking": ("thinking", "effort", "budget")}
"""Fields of `Options` that one option sets, where they are more than its own name."""

_BLANKS = re.compile(r"\s+")


def ref(builder: Builder, tree: Tree) -> nodes.Ref:
    """A model, alias or chain; quoted or not."""
    word = builder.word(cast(Token, tree.children[0]))
    return nodes.Ref(word.text, word.span)


def refs(builder: Builder, tree: Tree) -> tuple[nodes.Ref, ...]:
    return tuple(ref(builder, child) for child in trees(tree, "ref"))


def sequence(builder: Builder, tree: Tree) -> nodes.Sequence:
    variable = None
    if tokens(tree, "ENV"):
        variable = builder.word(tokens(tree, "NAME")[0])
    for then in tokens(tree, "THEN"):
        builder.keyword(then, "then")
    found = trees(tree, "step")
    shared = nodes.Options()
    last = found[-1].children[-1]
    if isinstance(last, Tree) and last.data == "trailing":
        shared = options(builder, last.children)
    steps = [_step(builder, step, whole=step is not found[-1]) for step in found]
    steps = [replace(step, options=with_shared(step.options, shared)) for step in steps]
    return nodes.Sequence(tuple(steps), span(tree), variable, shared)


def _step(builder: Builder, tree: Tree, *, whole: bool) -> nodes.Step:
    """A step with its own options; `whole`: those after its comma are its own too."""
    target, *rest = tree.children
    own = []
    for child in rest:
        if child.data != "trailing":
            own.append(child)
        elif whole:
            own.extend(child.children)
    made = ref(builder, target) if target.data == "ref" else _group(builder, target)
    last = own[-1] if own else target
    place = nodes.Span(span(target).start, span(last).end)
    return nodes.Step(made, options(builder, own), place)


def _group(builder: Builder, tree: Tree) -> nodes.Group:
    kind = cast(nodes.GroupKind, str(tree.children[0]))
    return nodes.Group(kind, tuple(_member(builder, child) for child in trees(tree, "member")), span(tree))


def _member(builder: Builder, tree: Tree) -> nodes.Member:
    weight = [number(str(token)[:-1]) for token in tokens(tree, "PERCENT")]
    after = [duration(str(token)) for token in tokens(tree, "DURATION")]
    target = ref(builder, trees(tree, "ref")[0])
    return nodes.Member(target, weight[0] if weight else None, after[0] if after else None)


def options(builder: Builder, found: list[Any]) -> nodes.Options:
    """The options in the order they were said; of an option said twice the first holds."""
    values: dict[str, Any] = {}
    places: dict[str, nodes.Span] = {}
    for tree in found:
        name, said = _OPTIONS[tree.data](builder, tree)
        if name in places:
            text = builder.text[places[name].start : places[name].end]
            builder.duplicate(_BLANKS.sub(" ", text.split("\n", 1)[0]), span(tree), places[name])
            continue
        places[name] = span(tree)
        values.update(said)
    return nodes.Options(**values, spans=tuple(places.items()))


def with_shared(own: nodes.Options, shared: nodes.Options) -> nodes.Options:
    """The options of a step, with those of its sequence where the step says nothing itself."""
    said = {name for name, _ in own.spans}
    missing = [(name, place) for name, place in shared.spans if name not in said]
    if not missing:
        return own
    values = {part: getattr(shared, part) for name, _ in missing for part in FIELDS.get(name, (name,))}
    return replace(own, **values, spans=own.spans + tuple(missing))


def _with_thinking(builder: Builder, tree: Tree) -> tuple[str, dict[str, Any]]:
    said: dict[str, Any] = {"thinking": "with"}
    for token in tokens(tree, "NUMBER"):
        said["budget"] = builder.whole(token, "a thinking budget")
    for token in tokens(tree, "EFFORT"):
        said["effort"] = str(token)
    return "thinking", said


def _without_thinking(_: Builder, __: Tree) -> tuple[str, dict[str, Any]]:
    return "thinking", {"thinking": "without"}


def _clock_option(name: str) -> Any:
    def read(_: Builder, tree: Tree) -> tuple[str, dict[str, Any]]:
        token = cast(Token, tree.children[-1])
        return name, {name: duration(str(token))}

    return read


def _retry(builder: Builder, tree: Tree) -> tuple[str, dict[str, Any]]:
    return "retry", {"retry": builder.whole(cast(Token, tree.children[-1]), "the number of tries")}


def _on_failures(builder: Builder, tree: Tree) -> tuple[str, dict[str, Any]]:
    return "on", {"on": tuple(builder.word(token) for token in tokens(tree, "NAME"))}


_OPTIONS = {
    "with_thinking": _with_thinking,
    "without_thinking": _without_thinking,
    "start_within": _clock_option("start"),
    "stall_after": _clock_option("stall"),
    "finish_within": _clock_option("finish"),
    "retry": _retry,
    "on_failures": _on_failures,
}
