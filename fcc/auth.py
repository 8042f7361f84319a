"""Who may come in: the tokens, the check that every door uses, and the token that is made at first start.

One check for `Authorization: Bearer` and `x-api-key`, on bytes, in constant time. Two different credentials
in one request are refused, so that no two parts of the house can read different ones.
"""

from __future__ import annotations

import hmac
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rules.settings import Settings

TOKEN_VARIABLE = "ANTHROPIC_AUTH_TOKEN"
SHORTEST = 16
"""Characters. A shorter token can be guessed, so it is good enough for loopback only."""

LOOPBACK_NAMES = frozenset({b"localhost", b"127.0.0.1", b"[::1]"})


@dataclass(frozen=True, slots=True)
class Access:
    """What the gate needs to know, made from one generation of the policy."""

    tokens: tuple[tuple[bytes, str], ...]
    """Token, and the name of the client it belongs to; the server's own token has the name ""."""
    hosts: frozenset[bytes] = LOOPBACK_NAMES
    """Names that a Host header may carry, lower case, without port."""

    @property
    def weak(self) -> bool:
        """Some token is too short to stand between a network and the keys."""
        return not self.tokens or any(len(token) < SHORTEST for token, _ in self.tokens)

    def client(self, authorization: bytes | None, api_key: bytes | None) -> str | None:
        """Name of the client whose token was sent; None when it is missing, wrong or contradicted."""
        given = {one for one in (bearer(authorization), api_key) if one is not None}
        if len(given) != 1:
            return None
        (sent,) = given
        name: str | None = None
        for token, owner in self.tokens:
            if hmac.compare_digest(token, sent):
                name = owner
        return name


def bearer(authorization: bytes | None) -> bytes | None:
    """The token of an Authorization header; another scheme is kept whole and so matches nothing."""
    if authorization is None:
        return None
    scheme, _, token = authorization.partition(b" ")
    return token.strip() if scheme.lower() == b"bearer" else authorization


def access(settings: Settings, env: Mapping[str, str], token: str, bound: str) -> Access:
    """The access that a policy's `[server]` and `[clients.NAME]` grant. `token` is `server_token`'s."""
    tokens = [(token.encode(), "")]
    for name, client in settings.clients.items():
        value = resolved(client.token, env)
        if value:
            tokens.append((value.encode(), name))
    hosts = {name.lower().encode() for name in (*settings.server.hosts, bound)}
    return Access(tuple(tokens), LOOPBACK_NAMES | hosts)


def server_token(settings: Settings, env: Mapping[str, str]) -> str | None:
    """The configured token: `[server] token`, else `ANTHROPIC_AUTH_TOKEN`; None when neither says one."""
    return resolved(settings.server.token or "", env) or env.get(TOKEN_VARIABLE) or None


def resolved(value: str, env: Mapping[str, str]) -> str:
    """`"env:NAME"` → that variable, "" when unset; anything else is meant literally."""
    return env.get(value[4:], "") if value.startswith("env:") else value


def kept_token(folder: Path) -> str:
    """The token of this machine: read from `folder/token`, or made and kept there with mode 0600."""
    path = folder / "token"
    try:
        found = path.read_text().strip()
    except FileNotFoundError:
        found = ""
    if found:
        return found
    folder.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    made = secrets.token_urlsafe(32)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(made + "\n")
    return made


def is_loopback(address: str) -> bool:
    """Whether only this machine can reach the address."""
    return address in ("localhost", "::1") or address.startswith("127.")
