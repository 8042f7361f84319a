"""A variable that holds a key is not set."""

from __future__ import annotations

from collections.abc import Iterator

from rules.diagnostics import Diagnostic
from rules.lint.registry import Context, LintCode
from rules.lint.secrets import values
from rules.values import variable_of
from rules.walk import references

CODE = LintCode(
    "FCC601",
    "key-variable-unset",
    "warning",
    "a variable that holds a key is not set",
    """The file names a variable for a key or a token, and the environment has none of that name. Requests to
that provider would be refused. The variable may also stand in `.env` beside the file; the process
environment wins. For the keys of presets this is a note, since nobody has them all.""",
    bad="""\
rules = '''
route rest use work/large
'''

[providers.work]
dialect = "openai-chat"
base_url = "https://models.example/v1"
key = "env:WORK_API_KEY"
""",
    good="""\
rules = '''
route rest use work/large
'''

[providers.work]
dialect = "openai-chat"
base_url = "https://models.example/v1"
key = ""
""",
)


def check(context: Context) -> Iterator[Diagnostic]:
    for value in values(context):
        variable = variable_of(value.text)
        if variable is not None and not context.env.get(variable):
            message = f"the variable {variable} is not set"
            advice = f"set {variable} in the environment or in `.env` beside the file"
            yield CODE.at(value.span, message, help=advice)
    yield from _presets(context)


def _presets(context: Context) -> Iterator[Diagnostic]:
    """A note for each preset that is used without its key, at its first use."""
    seen: set[str] = set()
    for ref, _ in references(context.document):
        name = ref.text.partition("/")[0]
        preset = context.catalogue.get(name)
        table = context.settings.providers.get(name)
        if "/" not in ref.text or preset is None or name in seen:
            continue
        seen.add(name)
        said = table is not None and (table.key is not None or table.auth == "none")
        if said or not preset.key_variables or any(map(context.env.get, preset.key_variables)):
            continue
        variables = " or ".join(preset.key_variables)
        message = f"`{name}` has no key: {variables} is not set"
        advice = f"set {variables} in the environment or in `.env` beside the file"
        yield CODE.at(ref.span, message, help=advice, severity="note")
