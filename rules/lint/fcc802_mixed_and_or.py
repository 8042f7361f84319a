"""`and` and `or` are mixed without parentheses. The finding is made where the rules are read."""

from rules.lint.registry import LintCode

CODE = LintCode(
    "FCC802",
    "mixed-and-or",
    "warning",
    "`and` and `or` are mixed without parentheses",
    """`a and b or c` is read as `(a and b) or c`, but not everyone reads it so. The fix writes the
parentheses.""",
    bad="""\
rules = '''
route big when images > 0 and tokens > 9k or stream use zen/minimax-m2.5-free
'''
""",
    good="""\
rules = '''
route big when (images > 0 and tokens > 9k) or stream use zen/minimax-m2.5-free
'''
""",
)
