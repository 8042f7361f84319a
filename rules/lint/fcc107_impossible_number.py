"""A number or time that cannot be. The finding is made where the rules are read."""

from rules.lint.registry import LintCode

CODE = LintCode(
    "FCC107",
    "impossible-number",
    "error",
    "a number or time that cannot be",
    """Tries, failures, requests and status codes are whole numbers, and a time of day lies between `00:00`
and `24:00`.""",
    bad="""\
rules = '''
route night when time in 22:00..25:00 use zen/minimax-m2.5-free
'''
""",
    good="""\
rules = '''
route night when time in 22:00..01:00 use zen/minimax-m2.5-free
'''
""",
)
