"""The file is not UTF-8 text. The finding is made where the file is read."""

from rules.lint.registry import LintCode

CODE = LintCode(
    "FCC007",
    "not-utf8",
    "error",
    "the file is not UTF-8 text",
    """TOML is UTF-8. The place is that of the first byte that is none; the file was probably saved in the
encoding of an older system. Save it as UTF-8.""",
    bad="",
    good="""\
rules = '''
route rest answer "désolé"
'''
""",
)
