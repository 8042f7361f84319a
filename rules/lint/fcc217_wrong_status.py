"""A refusal with a status that is no error."""

from __future__ import annotations

from collections.abc import Iterator

from rules.diagnostics import Diagnostic
from rules.lint.registry import Context, LintCode
from rules.nodes import Refuse, Route

CODE = LintCode(
    "FCC217",
    "wrong-status",
    "error",
    "a refusal with a status that is no error",
    """`refuse` answers with a client or server error: 400 to 599. With any other status the client would
take the refusal for an answer.""",
    bad="""\
rules = '''
route rest refuse 200 "closed"
'''
""",
    good="""\
rules = '''
route rest refuse 503 "closed"
'''
""",
)


def check(context: Context) -> Iterator[Diagnostic]:
    for statement in context.document.statements:
        if isinstance(statement, Route) and isinstance(statement.action, Refuse):
            status = statement.action.status
            if not 400 <= status <= 599:
                message = f"{status} is not the status of an error"
                yield CODE.at(statement.action.span, message, help="use 400 to 599, for instance 429 or 503")
