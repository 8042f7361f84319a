"""Two clients with one token."""

from __future__ import annotations

from collections.abc import Iterator

from rules.diagnostics import Diagnostic, Label
from rules.lint.registry import Context, LintCode
from rules.nodes import Span

CODE = LintCode(
    "FCC014",
    "shared-token",
    "error",
    "two clients with one token: nobody can tell them apart",
    """The token is all that tells one client from another. When two of `[clients]` have the same one, or one has that
of the server itself, the fact `client` would have the one name or the other by chance. Give each its own.""",
    bad="""\
rules = '''
route rest use zen/minimax-m2.5-free
'''

[clients.laptop]
token = "env:HOME_TOKEN"

[clients.tower]
token = "env:HOME_TOKEN"
""",
    good="""\
rules = '''
route rest use zen/minimax-m2.5-free
'''

[clients.laptop]
token = "env:LAPTOP_TOKEN"

[clients.tower]
token = "env:TOWER_TOKEN"
""",
)

USUAL = "env:ANTHROPIC_AUTH_TOKEN"
"""Where the server's own token is when `[server]` says nothing."""


def check(context: Context) -> Iterator[Diagnostic]:
    settings = context.settings
    own = settings.server.token
    first = context.source.place("server", "token").value if own else None
    seen: dict[str, tuple[str, Span | None]] = {own or USUAL: ("the server itself", first)}
    for name, client in settings.clients.items():
        if not client.token:
            continue
        place = context.source.place("clients", name, "token").value
        if client.token in seen:
            other, before = seen[client.token]
            labels = [] if before is None else [Label(before, f"that of {other}")]
            yield CODE.at(
                place, f"`{name}` has the token of {other}", labels=labels, help="give each its own"
            )
        seen.setdefault(client.token, (f"`{name}`", place))
