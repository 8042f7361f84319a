"""A letter in quotes that looks like another one."""

from __future__ import annotations

from collections.abc import Iterator

from rules.characters import LOOK_ALIKES
from rules.diagnostics import Diagnostic, Edit, Fix
from rules.lint.registry import Context, LintCode
from rules.lint.values import tested
from rules.nodes import Health, Limit, Span

CODE = LintCode(
    "FCC804",
    "look-alike",
    "warning",
    "a letter in quotes that looks like another one",
    """A pattern that is plain Latin text but for a letter of another alphabet, such as a Cyrillic а in
`"*hаiku*"`, matches nothing that a person would type. Texts that are wholly of another alphabet are
left alone.""",
    bad="""\
rules = '''
route small when model is "*h\N{CYRILLIC SMALL LETTER A}iku*" use zen/minimax-m2.5-free
route rest use zen/glm-5-free
'''
""",
    good="""\
rules = '''
route small when model is "*haiku*" use zen/minimax-m2.5-free
route rest use zen/glm-5-free
'''
""",
)


def check(context: Context) -> Iterator[Diagnostic]:
    text = context.source.text
    places = [value.span for _, value in tested(context.document) if value.kind == "glob"]
    places += [one.glob.span for one in context.document.statements if isinstance(one, Health | Limit)]
    for place in places:
        said = text[place.start : place.end]
        odd = [at for at, sign in enumerate(said) if ord(sign) in LOOK_ALIKES]
        if odd and any(sign.isascii() and sign.isalpha() for sign in said):
            yield _finding(said, place, odd)


def _finding(said: str, place: Span, odd: list[int]) -> Diagnostic:
    edits = tuple(
        Edit(Span(place.start + at, place.start + at + 1), said[at].translate(LOOK_ALIKES)) for at in odd
    )
    first, plain = said[odd[0]], said[odd[0]].translate(LOOK_ALIKES)
    message = f"U+{ord(first):04X} looks like `{plain}` and is another character"
    fix = Fix(f"write `{plain}`", edits, safe=False)
    return CODE.at(edits[0].span, message, help=f"write {said.translate(LOOK_ALIKES)}", fix=fix)
