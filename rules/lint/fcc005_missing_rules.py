"""The file has no rules at its top. The finding is made where the file is read."""

from rules.lint.registry import LintCode

CODE = LintCode(
    "FCC005",
    "missing-rules",
    "error",
    "the file has no rules at its top",
    """`rules` says which model answers what; without it there is nothing to run. TOML gives every key below
a table's header to that table, so `rules` has to stand above the first one.""",
    bad="""\
[server]
port = 8083

rules = '''
route rest use zen/minimax-m2.5-free
'''
""",
    good="""\
rules = '''
route rest use zen/minimax-m2.5-free
'''

[server]
port = 8083
""",
)
