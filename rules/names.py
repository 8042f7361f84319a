"""The aliases and chains of a document: what each name stands for, which chains use which, and which loop.

Shared by the resolver and the checks. Nothing here recurses into the file's own depth: a thousand chains in a
row are walked with a stack of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeVar

from rules import nodes
from rules.nodes import Document, Ref

REQUESTED = "requested"
MAX_STEPS = 500
"""Most models a sequence may come to with its chains inlined; doubling chains would grow without bound."""

MAX_NESTING = 16
"""How deep groups may stand in groups, by way of chains."""

Statement = TypeVar("Statement", bound=nodes.Statement)


def env_models(env: Mapping[str, str], name: str) -> tuple[str, ...]:
    """The comma list in a variable, blanks trimmed, empty entries dropped; unset and empty are the same."""
    return tuple(entry for part in env.get(name, "").split(",") if (entry := part.strip()))


def statements_of(document: Document, kind: type[Statement]) -> tuple[Statement, ...]:
    return tuple(statement for statement in document.statements if isinstance(statement, kind))


def sequence_refs(sequence: nodes.Sequence) -> Iterator[Ref]:
    """Every reference written in a sequence, members of groups included."""
    for step in sequence.steps:
        if isinstance(step.target, Ref):
            yield step.target
        else:
            yield from (member.ref for member in step.target.members)


class Names:
    """Aliases and chains by name; of two statements of one name the first holds."""

    def __init__(self, document: Document, env: Mapping[str, str]) -> None:
        self.env = env
        self.aliases: dict[str, nodes.Alias] = {}
        self.chains: dict[str, nodes.Chain] = {}
        for statement in document.statements:
            if isinstance(statement, nodes.Alias | nodes.Chain) and statement.name.text not in self:
                if isinstance(statement, nodes.Alias):
                    self.aliases[statement.name.text] = statement
                else:
                    self.chains[statement.name.text] = statement
        self.alias_loops = [loop for loop in self._alias_loops() if loop]
        self.order, self.chain_loops = _sorted({name: self.uses(name) for name in self.chains})
        self._extents: dict[str, tuple[int, int]] = {}
        for name in self.order:
            self._extents[name] = self._extent(self.chains[name].sequence)

    def __contains__(self, name: str) -> bool:
        return name in self.aliases or name in self.chains

    def model(self, text: str) -> str | None:
        """`provider/model` for a model or an alias; None for anything else."""
        seen = set()
        while text in self.aliases and text not in seen:
            seen.add(text)
            text = self.aliases[text].model.text
        provider, _, name = text.partition("/")
        return text if provider and name else None

    def known(self, text: str) -> bool:
        """Whether the text may stand where a step is expected."""
        return text == REQUESTED or text in self or self.model(text) is not None

    def too_large(self, sequence: nodes.Sequence) -> bool:
        """Whether the sequence comes to too many models, or nests its groups too deep."""
        steps, nesting = self._extent(sequence)
        return steps > MAX_STEPS or nesting > MAX_NESTING

    def listed(self, sequence: nodes.Sequence) -> tuple[str, ...]:
        """The models of the sequence's variable; empty when it has none or it is unset."""
        return env_models(self.env, sequence.variable.text) if sequence.variable else ()

    def uses(self, chain: str) -> list[str]:
        """The chains a chain asks by name, in order."""
        sequence = self.chains[chain].sequence
        texts = self.listed(sequence) or [ref.text for ref in sequence_refs(sequence)]
        return [text for text in texts if text in self.chains]

    def _extent(self, sequence: nodes.Sequence) -> tuple[int, int]:
        """How many models a sequence comes to, and how deep its groups nest, both capped above the limits."""
        listed = self.listed(sequence)
        found = [self._one(text) for text in listed]
        for step in () if listed else sequence.steps:
            if isinstance(step.target, Ref):
                found.append(self._one(step.target.text))
            else:
                inner = [self._one(member.ref.text) for member in step.target.members]
                found.extend((steps, nesting + 1) for steps, nesting in inner)
        steps = sum(steps for steps, _ in found)
        nesting = max((nesting for _, nesting in found), default=0)
        return min(steps, MAX_STEPS + 1), min(nesting, MAX_NESTING + 1)

    def _one(self, text: str) -> tuple[int, int]:
        return self._extents.get(text, (0, 0)) if text in self.chains else (1, 0)

    def _alias_loops(self) -> Iterator[list[str]]:
        done: set[str] = set()
        for name in self.aliases:
            path: dict[str, None] = {}
            while name in self.aliases and name not in done and name not in path:
                path[name] = None
                name = self.aliases[name].model.text
            done.update(path)
            if name in path:
                walked = list(path)
                yield walked[walked.index(name) :]


def _sorted(uses: Mapping[str, list[str]]) -> tuple[list[str], list[list[str]]]:
    """The names with what they use before them, and the loops: depth first with a stack of its own.

    Of each loop the edge that closes it is left out, so that every name still has a place in the order.
    """
    order: list[str] = []
    loops: list[list[str]] = []
    done: set[str] = set()
    for root in uses:
        path: dict[str, Iterator[str]] = {} if root in done else {root: iter(uses[root])}
        while path:
            name = next(reversed(path))
            used = next(path[name], None)
            if used is None:
                del path[name]
                done.add(name)
                order.append(name)
            elif used in path:
                walked = list(path)
                loops.append(walked[walked.index(used) :])
            elif used not in done:
                path[used] = iter(uses[used])
    return order, loops
