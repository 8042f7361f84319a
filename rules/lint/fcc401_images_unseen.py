"""Images reach only models that cannot see."""

from __future__ import annotations

from collections.abc import Iterator

from rules.diagnostics import Diagnostic
from rules.lint.abilities import unable
from rules.lint.registry import Context, LintCode

CODE = LintCode(
    "FCC401",
    "images-unseen",
    "warning",
    "images reach only models that cannot see",
    """A model that cannot see is passed over for requests with images, so the request that is shown finds
nobody to answer it. Send images elsewhere by a route above this one. What a model can do comes from
its preset; `[models."provider/model"] images = true` corrects that.

A note says which steps of a route that takes only requests with images are never asked.""",
    bad="""\
rules = '''
route rest use zen/minimax-m2.5-free
'''

[models."zen/minimax-m2.5-free"]
images = false
""",
    good="""\
rules = '''
route vision when images > 0 use nvidia_nim/z-ai/glm4.7
route rest use zen/minimax-m2.5-free
'''

[models."nvidia_nim/z-ai/glm4.7"]
images = true

[models."zen/minimax-m2.5-free"]
images = false
""",
)


def check(context: Context) -> Iterator[Diagnostic]:
    yield from unable(context, CODE, "images", "see")
