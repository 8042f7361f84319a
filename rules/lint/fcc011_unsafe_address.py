"""An address that is none, or that would send the key in clear."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import SplitResult, urlsplit

from rules.diagnostics import Diagnostic
from rules.lint.addresses import is_loopback
from rules.lint.registry import Context, LintCode

CODE = LintCode(
    "FCC011",
    "unsafe-address",
    "error",
    "an address that is none, or that would send the key in clear",
    """`base_url` is the address of the endpoint: `https://`, a host, and the path up to and including its
version part. With `http://` everyone on the way can read the key and the prompts, so it is taken for
loopback addresses only, unless `allow_http = true` says that the way is trusted.""",
    bad="""\
rules = '''
route rest use work/large
'''

[providers.work]
dialect = "openai-chat"
base_url = "http://models.example/v1"
""",
    good="""\
rules = '''
route rest use work/large
'''

[providers.work]
dialect = "openai-chat"
base_url = "https://models.example/v1"
""",
)


def check(context: Context) -> Iterator[Diagnostic]:
    for name, provider in context.settings.providers.items():
        if not provider.base_url:
            continue
        place = context.source.place("providers", name, "base_url").value
        address = _address(provider.base_url)
        if address is None:
            message = f'"{provider.base_url}" is no address'
            yield CODE.at(place, message, help="write `https://`, the host, and the path up to the version")
        elif address.scheme == "http" and not provider.allow_http and not is_loopback(address.hostname or ""):
            message = f"prompts and key would go to `{address.hostname}` in clear"
            yield CODE.at(
                place, message, help="use https://, or say `allow_http = true` if the way is trusted"
            )


def _address(text: str) -> SplitResult | None:
    """The parts of an http or https address; None when it is none."""
    try:
        parts = urlsplit(text)
        valid = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        return None
    return parts if valid and not any(sign.isspace() for sign in text) else None
