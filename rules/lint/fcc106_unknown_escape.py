"""A backslash before an ordinary character. The finding is made where the rules are read."""

from rules.lint.registry import LintCode

CODE = LintCode(
    "FCC106",
    "unknown-escape",
    "error",
    "a backslash before an ordinary character",
    """In a text `\\"` is a quote and `\\\\` a backslash; there are no others, so that a text is what it
looks like. The fix doubles the backslash.""",
    bad="""\
rules = '''
route off answer "see C:\\notes"
'''
""",
    good="""\
rules = '''
route off answer "see C:\\\\notes"
'''
""",
)
