"""An option that is said twice. The finding is made where the rules are read."""

from rules.lint.registry import LintCode

CODE = LintCode(
    "FCC212",
    "duplicate-option",
    "error",
    "an option that is said twice",
    """Which of the two would hold? The first does until one of them is taken out. Behind the last step of
a sequence an option without a comma is the step's and one after a comma is everyone's, so those two
may both be said.""",
    bad="""\
rules = '''
route rest use zen/minimax-m2.5-free, retry 1, retry 2
'''
""",
    good="""\
rules = '''
route rest use zen/minimax-m2.5-free, retry 2
'''
""",
)
