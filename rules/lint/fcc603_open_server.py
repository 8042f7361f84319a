"""The server can be reached from the network and has no token of its own."""

from __future__ import annotations

from collections.abc import Iterator

from rules.diagnostics import Diagnostic
from rules.lint.addresses import is_loopback
from rules.lint.registry import Context, LintCode
from rules.values import variable_of

VARIABLE = "ANTHROPIC_AUTH_TOKEN"

CODE = LintCode(
    "FCC603",
    "open-server",
    "error",
    "the server can be reached from the network and has no token of its own",
    """Whoever reaches the server can spend your keys. On an address that is not loopback a token has to be
said: by `ANTHROPIC_AUTH_TOKEN`, or by `token` in `[server]`.""",
    bad="""\
rules = '''
route rest use zen/minimax-m2.5-free
'''

[server]
host = "0.0.0.0"
""",
    good="""\
rules = '''
route rest use zen/minimax-m2.5-free
'''

[server]
host = "127.0.0.1"
""",
)


def check(context: Context) -> Iterator[Diagnostic]:
    server = context.settings.server
    if is_loopback(server.host):
        return
    variable = variable_of(server.token)
    token = context.env.get(variable) if variable is not None else server.token
    if not (token or context.env.get(VARIABLE)):
        place = context.source.place("server", "host").value
        message = f"the server listens on {server.host or 'every address'} and has no token"
        yield CODE.at(place, message, help=f"set {variable or VARIABLE} in the environment or in `.env`")
