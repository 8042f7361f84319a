"""The rules are too long, too wrong or too deep to be read. The finding is made where the rules are read."""

from rules.lint.registry import LintCode

CODE = LintCode(
    "FCC108",
    "too-much",
    "error",
    "the rules are too long, too wrong or too deep to be read",
    """Reading is bounded so that no file can stall a running server: half a million characters, a hundred
syntax errors, 64 conditions one inside the other, and patterns of a thousand characters. Split a deep condition into
several routes.""",
    bad="""\
rules = '''
route deep when """
    + "(" * 70
    + "stream"
    + ")" * 70
    + """ use zen/minimax-m2.5-free
'''
""",
    good="""\
rules = '''
route flat when stream use zen/minimax-m2.5-free
'''
""",
)
