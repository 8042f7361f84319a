"""A table lacks a key that it needs."""

from __future__ import annotations

from collections.abc import Iterator

from rules.diagnostics import Diagnostic
from rules.lint.registry import Context, LintCode

CODE = LintCode(
    "FCC010",
    "incomplete-table",
    "error",
    "a table lacks a key that it needs",
    """A provider that is no preset needs its `dialect` and its `base_url`; a client needs its `token`.""",
    bad="""\
rules = '''
route rest use work/large
'''

[providers.work]
base_url = "http://127.0.0.1:9000/v1"
""",
    good="""\
rules = '''
route rest use work/large
'''

[providers.work]
dialect = "openai-chat"
base_url = "http://127.0.0.1:9000/v1"
""",
)


def check(context: Context) -> Iterator[Diagnostic]:
    for name, provider in context.settings.providers.items():
        if name in context.catalogue:
            continue
        for key, value in (("dialect", provider.dialect), ("base_url", provider.base_url)):
            if not value:
                yield from _missing(context, ("providers", name), key)
    for name, client in context.settings.clients.items():
        if not client.token:
            yield from _missing(context, ("clients", name), "token")


def _missing(context: Context, path: tuple[str, str], key: str) -> Iterator[Diagnostic]:
    """A finding, unless the key is there and something else is wrong with it."""
    said = context.source.tables[path[0]][path[1]]
    if isinstance(said, dict) and said.get(key, "") == "":
        known = ", ".join(f"`{one}`" for one in sorted(context.catalogue))
        advice = f"presets, which need none, are {known}" if path[0] == "providers" and known else None
        place = context.source.place(*path, key)
        span = place.value if key in said else place.key
        yield CODE.at(span, f"`[{'.'.join(path)}]` needs `{key}`", help=advice)
