"""A statement is not written as the language wants it. The finding is made where the rules are read."""

from rules.lint.registry import LintCode

CODE = LintCode(
    "FCC101",
    "syntax",
    "error",
    "a statement is not written as the language wants it",
    """Says what was expected at this place and what stands there instead. The statement is left out of all
further checks; the ones around it are read as usual, so several such errors show in one run.""",
    bad="""\
rules = '''
route rest use zen/minimax-m2.5-free, zen/glm-5-free
'''
""",
    good="""\
rules = '''
route rest use zen/minimax-m2.5-free then zen/glm-5-free
'''
""",
)
