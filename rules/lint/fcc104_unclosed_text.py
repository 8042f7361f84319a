"""Text without a closing quote. The finding is made where the rules are read."""

from rules.lint.registry import LintCode

CODE = LintCode(
    "FCC104",
    "unclosed-text",
    "error",
    "text without a closing quote",
    """A text ends on the line it begins on. Without its closing quote nobody can say where it was meant to
end, so the statement is left out and reading goes on with the next one.""",
    bad="""\
rules = '''
route small when model is "*haiku* use zen/minimax-m2.5-free
'''
""",
    good="""\
rules = '''
route small when model is "*haiku*" use zen/minimax-m2.5-free
'''
""",
)
