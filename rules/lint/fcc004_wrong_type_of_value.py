"""A value of another type than its key takes. The finding is made where the file is read."""

from rules.lint.registry import LintCode

CODE = LintCode(
    "FCC004",
    "wrong-type-of-value",
    "error",
    "a value of another type than its key takes",
    """Text stands in quotes; numbers, `true` and `false` do not. Durations are numbers of seconds or texts
such as `"30s"`, shares are texts such as `"20%"`.""",
    bad="""\
rules = '''
route rest use zen/minimax-m2.5-free
'''

[server]
port = "8083"
""",
    good="""\
rules = '''
route rest use zen/minimax-m2.5-free
'''

[server]
port = 8083
""",
)
