"""A header that cannot be sent, or a host name that no request carries."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rules.diagnostics import Diagnostic
from rules.lint.registry import Context, LintCode

CODE = LintCode(
    "FCC016",
    "impossible-header",
    "error",
    "a header that cannot be sent, or a host that no request names",
    """`headers` of a provider are sent as they are written: a name is made of letters, digits and a few signs, and a
value stands on one line (RFC 9110 §5). `hosts` of `[server]` are bare names, without `https://`, port or path.""",
    bad="""\
rules = '''
route rest use zen/minimax-m2.5-free
'''

[server]
hosts = ["https://models.example/"]
""",
    good="""\
rules = '''
route rest use zen/minimax-m2.5-free
'''

[server]
hosts = ["models.example"]
""",
)

NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
HOST = re.compile(r"[A-Za-z0-9._-]+|\[?[0-9A-Fa-f:.]+\]?")


def check(context: Context) -> Iterator[Diagnostic]:
    for number, host in enumerate(context.settings.server.hosts):
        if not HOST.fullmatch(host):
            place = context.source.place("server", "hosts", number).value
            yield CODE.at(
                place, f"`{host}` is no name of a host", help="write the bare name: `models.example`"
            )
    for name, provider in context.settings.providers.items():
        for header, value in (provider.headers or {}).items():
            place = context.source.place("providers", name, "headers", header)
            if not NAME.fullmatch(header):
                yield CODE.at(place.key, f"`{header}` is no name of a header")
            if not VALUE.fullmatch(value):
                yield CODE.at(place.value, f"the value of `{header}` cannot be sent in a header")
