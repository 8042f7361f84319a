"""A table that routes.toml does not have. The finding is made where the file is read."""

from rules.lint.registry import LintCode

CODE = LintCode(
    "FCC002",
    "unknown-table",
    "error",
    "a table that routes.toml does not have",
    """A misspelt table would otherwise be ignored, and its settings with it. The tables are `[server]`,
`[clients.NAME]`, `[providers.NAME]`, `[models."ID"]`, `[defaults]`, `[reload]`, `[state]` and `[ledger]`.""",
    bad="""\
rules = '''
route rest use zen/minimax-m2.5-free
'''

[servers]
port = 8083
""",
    good="""\
rules = '''
route rest use zen/minimax-m2.5-free
'''

[server]
port = 8083
""",
)
