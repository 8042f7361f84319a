"""The file is no TOML. The finding is made where the file is read."""

from rules.lint.registry import LintCode

CODE = LintCode(
    "FCC001",
    "toml-syntax",
    "error",
    "the file is no TOML",
    """Says where the reading of the file stops and what TOML wants there. The line is left out and the rest
is read on as far as that is certain, so several such errors may show in one run.""",
    bad="""\
rules = '''
route rest use zen/minimax-m2.5-free
'''

[server]
host = localhost
""",
    good="""\
rules = '''
route rest use zen/minimax-m2.5-free
'''

[server]
host = "localhost"
""",
)
