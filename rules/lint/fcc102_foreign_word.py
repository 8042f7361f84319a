"""A word or sign of another language. The finding is made where the rules are read."""

from rules.lint.registry import LintCode

CODE = LintCode(
    "FCC102",
    "foreign-word",
    "error",
    "a word or sign of another language",
    """`==`, `&&`, `||`, `!`, `!=`, `=>`, `->` and `if` mean something elsewhere; here it is `is` or `=`,
`and`, `or`, `not`, `>=`, `then` and `when`. It is understood, so the rest of the statement is
checked, but it is an error: the file shall have one way to say a thing. The fix writes it the way
of this language.""",
    bad="""\
rules = '''
route small when task == title && !stream use zen/minimax-m2.5-free
'''
""",
    good="""\
rules = '''
route small when task is title and not stream use zen/minimax-m2.5-free
'''
""",
)
