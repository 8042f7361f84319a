"""A file that the running server holds back until somebody confirms it. `engine.guard` makes the finding."""

from rules.lint.registry import LintCode

CODE = LintCode(
    "FCC015",
    "guarded-reload",
    "error",
    "a file under which more of the recent requests would move than `[reload] guard` allows",
    """The running server makes this finding, `fcc lint` never does. The policy in force says `guard = "20%"` or the
like in `[reload]`, and under the new file more than that share of the latest 1,000 requests would be sent to other
models, or would be answered without one. What was served before is still served.

If that is what you want, confirm it: POST to `/admin/reload?confirm=ID` with the id that the finding names, or send
SIGHUP twice. Any other change of the file is judged anew.""",
    bad="",
    good="""\
rules = '''
route rest use zen/minimax-m2.5-free
'''

[reload]
guard = "20%"
""",
)
