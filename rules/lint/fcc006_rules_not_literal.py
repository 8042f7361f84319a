"""`rules` stands in double quotes. The finding is made where the file is read."""

from rules.lint.registry import LintCode

CODE = LintCode(
    "FCC006",
    "rules-not-literal",
    "warning",
    "`rules` stands in double quotes",
    """Between three single quotes TOML takes every character as it is, so that what the file shows is what is
read and every finding has its exact place. In double quotes a backslash means something else; rules that
have one there cannot be read at all, and the finding is an error.""",
    bad='rules = """\nroute rest use zen/minimax-m2.5-free\n"""\n',
    good="""\
rules = '''
route rest use zen/minimax-m2.5-free
'''
""",
)
