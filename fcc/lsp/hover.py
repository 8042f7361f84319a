"""What a word means, as Markdown: keys of the tables, facts, models, names, failures, words of the language."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import get_args, get_origin

from fcc.lsp.file import File
from fcc.lsp.names import Use, definition, use_at
from providers.failures import OUTCOMES, Kind, Outcome
from rules import resolve
from rules.facts import FACTS, Fact
from rules.keywords import MEANINGS
from rules.model_facts import ABILITIES, facts_of
from rules.names import REQUESTED
from rules.nodes import FactName, Span
from rules.policy_types import GroupOf, Plan, Single, StepOptions
from rules.resolve import Plans
from rules.settings import Settings
from rules.settings_reader import hints
from rules.walk import facts, references


def hover(file: File, offset: int) -> tuple[Span, str] | None:
    """The word at the offset and what is to be said of it."""
    if not file.in_rules(offset):
        return _key(file, offset)
    place = file.word(offset)
    word = file.text[place.start : place.end]
    for fact in facts(file.document):
        if _holds(fact.span, offset):
            return fact.span, _fact(fact)
    for ref, _ in references(file.document):
        if _holds(ref.span, offset) and ref.text != REQUESTED:
            return ref.span, _thing(file, ref.text)
    use = use_at(file, offset)
    if use is not None:
        return use.span, _named(file, use)
    if word in OUTCOMES:
        return place, _failure(word)
    return (place, MEANINGS[word]) if word in MEANINGS else None


def _holds(span: Span, offset: int) -> bool:
    return span.start <= offset <= span.end


def _fact(name: FactName) -> str:
    fact: Fact | None = FACTS.get(name.name)
    if fact is None:
        return f"There is no fact `{name.name}`."
    values = f"\n\nOne of {', '.join(f'`{word}`' for word in fact.words)}." if fact.words else ""
    return f"**{fact.name}** ({fact.kind}): {fact.doc}\n\n`{fact.example}`{values}"


def _named(file: File, use: Use) -> str:
    if use.kind == "name":
        return _thing(file, use.name)
    place = definition(file, use.span.start)
    found = [
        one for one in file.document.statements if place and one.span.start <= place.start < one.span.end
    ]
    text = file.text[found[0].span.start : found[0].span.end] if found else f"There is no route `{use.name}`."
    return f"```fcc\n{text}\n```" if found else text


# --- models and chains --------------------------------------------------------------------------------------------


def _thing(file: File, text: str) -> str:
    model = file.names.model(text)
    if model is not None:
        return _model(file, text, model)
    if text in file.names.chains:
        lines = _steps(Plans(file.names).chains[text], "1. ")
        return "\n".join([f"**chain {text}** asks", "", *lines])
    return f"There is no alias or chain `{text}`."


def _model(file: File, text: str, model: str) -> str:
    provider, _, name = model.partition("/")
    settings = file.loaded.policy.settings if file.loaded.policy else Settings()
    found = facts_of(Single(provider, name, resolve.NOTHING, Span(0, 0)), settings, file.catalogue)
    window = f"{found.context:,} tokens" if found.context else "unknown"
    can = [ability for ability in ABILITIES if getattr(found, ability)]
    known = (
        ""
        if provider in file.catalogue or provider in settings.providers
        else "\n\nThe provider is not known."
    )
    title = f"**{text}** = `{model}`" if text != model else f"`{model}`"
    takes = ", ".join(can) or "text alone"
    return f"{title}\n\n- window: {window}\n- takes: {takes}\n- thinking: {found.thinking}{known}"


def _steps(plan: Plan, mark: str, around: StepOptions = resolve.NOTHING) -> Iterator[str]:
    """One line a step; options that a group around it says already are not said again."""
    for step in plan:
        if isinstance(step, GroupOf):
            yield f"{mark}{step.kind}{_options(step.options, around)}"
            for member in step.members:
                yield from (" " * len(mark) + line for line in _steps(member, "- ", step.options))
        else:
            yield f"{mark}`{step.id}`{_options(step.options, around)}"


def _options(options: StepOptions, around: StepOptions) -> str:
    said = []
    for name in options.__struct_fields__:
        value = getattr(options, name)
        if value is not None and value != getattr(around, name):
            said.append(f"{name} {', '.join(sorted(value)) if isinstance(value, frozenset) else value}")
    return f" ({'; '.join(said)})" if said else ""


def _failure(word: str) -> str:
    kind: Kind = next(one for one in OUTCOMES if one == word)
    outcome: Outcome = OUTCOMES[kind]
    counts = "counts" if outcome.health else "does not count"
    block = f"; blocks the {outcome.block} for a while" if outcome.block else ""
    return f"**{word}**: a failure that {counts} against health{block}."


# --- tables -------------------------------------------------------------------------------------------------------


def _key(file: File, offset: int) -> tuple[Span, str] | None:
    """The doc of a key, by its path in the file."""
    for path, place in file.loaded.source.places.items():
        if _holds(place.key, offset) and path:
            said = _declared(tuple(map(str, path)))
            return (place.key, said) if said else None
    return None


def _declared(path: tuple[str, ...]) -> str | None:
    hint = hints(Settings).get(path[0])
    if hint is None:
        return None
    named = get_origin(hint) is not None
    kind = get_args(hint)[1] if named else hint
    if len(path) <= 1 + named:
        return kind.__doc__
    fields = {field.name: field for field in dataclasses.fields(kind)}
    field = fields.get(path[1 + named])
    return f"**{field.name}**: {field.metadata['doc']}" if field else None
