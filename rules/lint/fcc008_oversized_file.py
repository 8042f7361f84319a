"""The file is too large to be read. The finding is made where the file is read."""

from rules.lint.registry import LintCode

CODE = LintCode(
    "FCC008",
    "oversized-file",
    "error",
    "the file is too large to be read",
    """A file of more than 1,100,000 bytes is not read at all, nor are tables of more than 20,000 values:
something else than a policy was probably given. Check the path.""",
    bad="",
    good="""\
rules = '''
route rest use zen/minimax-m2.5-free
'''
""",
)
