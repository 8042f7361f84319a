"""A suppression of something that is no finding. The finding is made where the findings are sifted."""

from rules.lint.registry import LintCode

CODE = LintCode(
    "FCC812",
    "unknown-suppression",
    "warning",
    "a suppression of something that is no finding",
    """The name in `# fcc: allow NAME because …` is the name of a finding, such as `unused-name`;
`fcc lint --explain CODE` shows it. The comment has no effect as it is.""",
    bad="""\
rules = '''
# fcc: allow unused-names because the night policy of next week will use it
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
