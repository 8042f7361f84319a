"""An environment variable that names something unknown."""

from __future__ import annotations

from collections.abc import Iterator

from rules.diagnostics import Diagnostic
from rules.lint.registry import Context, LintCode
from rules.names import env_models
from rules.nodes import Offer, Word
from rules.suggest import did_you_mean
from rules.walk import sequences

CODE = LintCode(
    "FCC218",
    "unknown-in-environment",
    "warning",
    "an environment variable that names something unknown",
    """The variable lists models as `provider/model`, aliases and chains, separated by commas. What is
neither is left out of the sequence or the offer.""",
    bad="""\
rules = '''
route rest use env AUTO_MODEL_ORDER else zen/minimax-m2.5-free
'''
""",
    good="""\
rules = '''
route rest use zen/minimax-m2.5-free
'''
""",
    env=(("AUTO_MODEL_ORDER", "zen/minimax-m2.5-free, glm"),),
)


def check(context: Context) -> Iterator[Diagnostic]:
    names = context.names
    providers = {*context.catalogue, *context.settings.providers}
    for variable in _variables(context):
        for entry in env_models(context.env, variable.text):
            model = names.model(entry)
            provider = model.partition("/")[0] if model else None
            if provider in providers or (provider is None and names.known(entry)):
                continue
            close = did_you_mean(entry, [*names.aliases, *names.chains])
            advice = f"did you mean `{close}`?" if close else "list models as `provider/model`, or chains"
            message = f"`{variable.text}` names `{entry}`, which is no known model, alias or chain"
            yield CODE.at(variable.span, message, help=advice)


def _variables(context: Context) -> Iterator[Word]:
    for sequence in sequences(context.document):
        if sequence.variable is not None:
            yield sequence.variable
    for statement in context.document.statements:
        if isinstance(statement, Offer) and statement.variable is not None:
            yield statement.variable
