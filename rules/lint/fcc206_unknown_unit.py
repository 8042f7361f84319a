"""A limit per a unit that does not exist. The finding is made where the rules are read."""

from rules.lint.registry import LintCode

CODE = LintCode(
    "FCC206",
    "unknown-unit",
    "error",
    "a limit per a unit that does not exist",
    """A `limit` counts per `second`, `minute`, `hour` or `day`.""",
    bad="""\
rules = '''
limit zen/* 40 per minut
'''
""",
    good="""\
rules = '''
limit zen/* 40 per minute
'''
""",
)
