"""A suppression that says no reason, or is none. The finding is made where the findings are sifted."""

from rules.lint.registry import LintCode

CODE = LintCode(
    "FCC810",
    "suppression-without-reason",
    "warning",
    "a suppression that says no reason, or is none",
    """A finding is allowed by `# fcc: allow NAME because …` on its line or on a line of its own above. The
reason is for the next reader, and required; without it the comment has no effect.""",
    bad="""\
rules = '''
# fcc: allow unused-name
alias glm = zen/glm-5-free
route rest use zen/minimax-m2.5-free
'''
""",
    good="""\
rules = '''
# fcc: allow unused-name because the night policy of next week will use it
alias glm = zen/glm-5-free
route rest use zen/minimax-m2.5-free
'''
""",
)
