"""Text in other than straight double quotes. The finding is made where the rules are read."""

from rules.lint.registry import LintCode

CODE = LintCode(
    "FCC103",
    "odd-quotes",
    "error",
    "text in other than straight double quotes",
    """Word processors and chat windows turn straight quotes into curly ones, and single quotes end the
TOML string that holds the rules when three of them meet. The fix writes straight double quotes.""",
    bad="""\
rules = '''
route small when model is “*haiku*” use zen/minimax-m2.5-free
'''
""",
    good="""\
rules = '''
route small when model is "*haiku*" use zen/minimax-m2.5-free
'''
""",
)
