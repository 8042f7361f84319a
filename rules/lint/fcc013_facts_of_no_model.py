"""Facts of something that is no model of any provider."""

from __future__ import annotations

from collections.abc import Iterator

from rules.diagnostics import Diagnostic
from rules.lint.registry import Context, LintCode
from rules.names import statements_of
from rules.nodes import Alias
from rules.suggest import did_you_mean

CODE = LintCode(
    "FCC013",
    "facts-of-no-model",
    "warning",
    "a `[models]` table for something that is no model of a known provider",
    """The name of a `[models."ID"]` table is the whole id of a model, `provider/model`, as in the rules; the provider
is a preset or has a `[providers.NAME]` table. Facts under any other name, also under an alias, are never looked at.""",
    bad="""\
rules = '''
route rest use zen/minimax-m2.5-free
'''

[models."minimax-m2.5-free"]
context = 100_000
""",
    good="""\
rules = '''
route rest use zen/minimax-m2.5-free
'''

[models."zen/minimax-m2.5-free"]
context = 100_000
""",
)


def check(context: Context) -> Iterator[Diagnostic]:
    providers = sorted({*context.catalogue, *context.settings.providers})
    aliases = {one.name.text: one.model.text for one in statements_of(context.document, Alias)}
    for name in context.settings.models:
        provider, slash, model = name.partition("/")
        if slash and model and provider in providers:
            continue
        place = context.source.place("models", name).key
        if not slash or not model:
            meant = aliases.get(name)
            advice = f'write `[models."{meant}"]`' if meant else "write provider/model"
            yield CODE.at(place, f"`{name}` is no model: facts belong to an id", help=advice)
            continue
        close = did_you_mean(provider, providers)
        advice = f"did you mean `{close}`?" if close else f"declare it as `[providers.{provider or 'NAME'}]`"
        yield CODE.at(place, f"there is no provider `{provider}`", help=advice)
