"""A character that means nothing in the language. The finding is made where the rules are read."""

from rules.lint.registry import LintCode

CODE = LintCode(
    "FCC105",
    "unknown-character",
    "error",
    "a character that means nothing in the language",
    """Invisible characters, spaces that are none, letters of other scripts that look like ours, and signs
the language has no use for. Outside of text in quotes and remarks only ASCII is read, so that what
a person sees is what is meant. The fix puts in the character it looks like, or takes out the one
that cannot be seen.""",
    bad="""\
rules = '''
route small when tokens ≤ 4k use zen/minimax-m2.5-free
'''
""",
    good="""\
rules = '''
route small when tokens <= 4k use zen/minimax-m2.5-free
'''
""",
)
