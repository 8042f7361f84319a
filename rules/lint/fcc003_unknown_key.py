"""A key that its table does not have. The finding is made where the file is read."""

from rules.lint.registry import LintCode

CODE = LintCode(
    "FCC003",
    "unknown-key",
    "error",
    "a key that its table does not have",
    """A misspelt key would otherwise be ignored and the default would hold instead. The documentation of
the command line and of the tables lists every key with its default.""",
    bad="""\
rules = '''
route rest use zen/minimax-m2.5-free
'''

[server]
prot = 8083
""",
    good="""\
rules = '''
route rest use zen/minimax-m2.5-free
'''

[server]
port = 8083
""",
)
