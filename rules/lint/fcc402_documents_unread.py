"""Documents reach only models that cannot read them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from rules.diagnostics import Diagnostic
from rules.lint.abilities import unable
from rules.lint.registry import Context, LintCode

CODE = LintCode(
    "FCC402",
    "documents-unread",
    "note",
    "documents reach only models that cannot read them",
    """A model that cannot read PDF documents is passed over for requests with documents, so the request that
is shown finds nobody to answer it. Few models can, and few requests have any, so this is a note, given
for the first such route only. A route `when documents > 0` at the top sends them elsewhere, or
refuses them in your own words.""",
    bad="""\
rules = '''
route rest use zen/minimax-m2.5-free
'''
""",
    good="""\
rules = '''
route papers when documents > 0 refuse 400 "no model here reads PDF"
route rest use zen/minimax-m2.5-free
'''
""",
)


def check(context: Context) -> Iterator[Diagnostic]:
    yield from islice(unable(context, CODE, "documents", "read"), 1)
