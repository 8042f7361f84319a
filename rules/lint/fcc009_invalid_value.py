"""A value that its key does not take. The finding is made where the file is read."""

from rules.lint.registry import LintCode

CODE = LintCode(
    "FCC009",
    "invalid-value",
    "error",
    "a value that its key does not take",
    """The type is right and the value is not: a number out of its range, a word that is none of the key's
words, a text that is no duration, or `"env:NAME"` where no variable is read.""",
    bad="""\
rules = '''
route rest use zen/minimax-m2.5-free
'''

[defaults]
start = "half a minute"
""",
    good="""\
rules = '''
route rest use zen/minimax-m2.5-free
'''

[defaults]
start = "30s"
""",
)
