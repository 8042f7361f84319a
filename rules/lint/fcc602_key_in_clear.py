"""A key or token stands in the file."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from rules.diagnostics import Diagnostic
from rules.lint.registry import Context, LintCode
from rules.lint.secrets import values
from rules.nodes import Span
from rules.values import variable_of

HEADERS = frozenset(
    {"authorization", "x-api-key", "api-key", "x-goog-api-key", "cookie", "proxy-authorization"}
)
"""Headers that carry keys."""

CODE = LintCode(
    "FCC602",
    "key-in-clear",
    "error",
    "a key or token stands in the file",
    """Files are copied, shown and committed; keys should not be. Put the key into the environment or into
`.env` beside the file, and its variable here. If the file has been shared, make a new key.""",
    bad="""\
rules = '''
route rest use zen/minimax-m2.5-free
'''

[providers.zen]
key = "not-a-real-key"
""",
    good="""\
rules = '''
route rest use zen/minimax-m2.5-free
'''

[providers.zen]
key = "env:OPENCODE_API_KEY"
""",
)


def check(context: Context) -> Iterator[Diagnostic]:
    for value in values(context):
        if value.secret and value.text and variable_of(value.text) is None:
            yield _finding(value.span, f"`{value.name}` stands here in clear")
    for name, provider in context.settings.providers.items():
        for header, text in (provider.headers or {}).items():
            if header.lower() in HEADERS and text:
                place = context.source.place("providers", name, "headers", header).value
                yield CODE.at(
                    place, f"the header `{header}` stands here in clear", help="use `key` and `auth` instead"
                )
        if provider.base_url and _has_password(provider.base_url):
            place = context.source.place("providers", name, "base_url").value
            yield _finding(place, "a password stands here in clear")
    redis = context.settings.state.redis
    if redis and _has_password(redis):
        yield _finding(context.source.place("state", "redis").value, "a password stands here in clear")


def _finding(span: Span, message: str) -> Diagnostic:
    return CODE.at(span, message, help='set a variable in the environment or in `.env` and write "env:NAME"')


def _has_password(address: str) -> bool:
    try:
        return bool(urlsplit(address).password)
    except ValueError:
        return False
