"""A suppression of a finding that is not there. The finding is made where the findings are sifted."""

from rules.lint.registry import LintCode

CODE = LintCode(
    "FCC811",
    "unused-suppression",
    "warning",
    "a suppression of a finding that is not there",
    """What the comment allows is no longer found on its line. Left in place it would hide the next finding of
that name; the fix removes it.""",
    bad="""\
rules = '''
# fcc: allow unused-name because the night policy of next week will use it
alias glm = zen/glm-5-free
route rest use glm
'''
""",
    good="""\
rules = '''
alias glm = zen/glm-5-free
route rest use glm
'''
""",
)
