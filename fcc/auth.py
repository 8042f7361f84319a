"""Who may come in: the tokens, the check that every door uses, and the token that is made at first start.

One check for `Authorization: Bearer` and `x-api-key`, on bytes, in constant time. Two different credentials
in one request are refused, so that no two parts of the house can read different ones.
"""

from __future__ import annotations

import contextlib
import errno
import hmac
import os
import secrets
from collections.abc import Mapping
from ipaddress import IPv6Address, ip_address
from pathlib import Path
from typing import Literal

import msgspec

from rules.settings import Settings

TOKEN_VARIABLE = "ANTHROPIC_AUTH_TOKEN"
TOKEN_FILE = "token"
"""Name of the file in the state folder."""
SHORTEST = 16
"""Characters. A shorter token can be guessed, so it is good enough for loopback only."""

LOOPBACK_NAMES = frozenset({b"localhost", b"127.0.0.1", b"[::1]"})


class Access(msgspec.Struct, frozen=True):
    """What the gate needs to know, made from one generation of the policy."""

    tokens: tuple[tuple[bytes, str], ...]
    """Token, and the name of the client it belongs to; the server's own token has the name ""."""
    hosts: frozenset[bytes] = LOOPBACK_NAMES
    """Names that a Host header may carry, lower case, without port."""
    weak: bool = True
    """Nobody chose a token, or one of them is too short to stand between a network and the keys."""
    public_metrics: bool = False
    """/metrics may be read without a token."""

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
    """The token of an Authorization header; another scheme counts as an empty token, which nobody has."""
    if authorization is None:
        return None
    scheme, _, token = authorization.partition(b" ")
    return token.strip() if scheme.lower() == b"bearer" else b""


class Token(msgspec.Struct, frozen=True):
    """The server's own token and where it comes from: `said` in the policy or the environment, `kept` from an
    earlier start, or `made` just now.
    """

    value: str
    origin: Literal["said", "kept", "made"]


def access(settings: Settings, env: Mapping[str, str], token: Token, bound: str) -> Access:
    """The access that a policy's `[server]` and `[clients.NAME]` grant. `token` is `server_token`'s."""
    tokens = [(as_bytes(token.value), "")]
    for name, client in settings.clients.items():
        value = resolved(client.token, env).strip()
        if value:
            tokens.append((as_bytes(value), name))
    hosts = {name.lower().encode() for name in (*settings.server.hosts, bound) if name}
    weak = token.origin != "said" or any(len(value) < SHORTEST for value, _ in tokens)
    return Access(tuple(tokens), LOOPBACK_NAMES | hosts, weak, settings.server.public_metrics)


def as_bytes(token: str) -> bytes:
    """The bytes by which a client says it; those of the environment need not be UTF-8."""
    return token.encode(errors="surrogateescape")


def server_token(settings: Settings, env: Mapping[str, str], folder: Path, *, make: bool = True) -> Token:
    """`[server] token`, else `ANTHROPIC_AUTH_TOKEN`, else the one kept in `folder`, made when there is none. Blanks
    around it do not count: no header can carry them.

    Not `make`: then it is empty, and nothing is written. Raises OSError when it cannot be kept.
    """
    said = said_token(settings, env)
    return Token(said, "said") if said else kept_token(folder, make)


def said_token(settings: Settings, env: Mapping[str, str]) -> str:
    """The token that somebody chose, else ""."""
    return (resolved(settings.server.token or "", env) or env.get(TOKEN_VARIABLE, "")).strip()


def resolved(value: str, env: Mapping[str, str]) -> str:
    """`"env:NAME"` → that variable, "" when unset; anything else is meant literally."""
    return env.get(value[4:], "") if value.startswith("env:") else value


def kept_token(folder: Path, make: bool = True) -> Token:
    """The token of this machine: read from `folder/token`, or made and kept there with mode 0600. Raises OSError."""
    path = folder / TOKEN_FILE
    try:
        found = path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        found = ""
    except UnicodeDecodeError:
        raise OSError(errno.EILSEQ, "it holds no token", str(path)) from None
    if found:
        only_owner(path)
        return Token(found, "kept")
    if not make:
        return Token("", "made")
    folder.mkdir(parents=True, exist_ok=True)
    return made_token(path)


def made_token(path: Path) -> Token:
    """A new token in a file that is there whole or not at all. Of several first starts at once one makes the token, and
    the others take it. Raises OSError.
    """
    made = secrets.token_urlsafe(32)
    own = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(own, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(made + "\n")
        try:
            os.link(own, path)
        except FileExistsError:
            if found := path.read_text(encoding="ascii").strip():
                return Token(found, "kept")
            own.replace(path)
        except OSError:  # this file system knows no links
            own.replace(path)
    finally:
        own.unlink(missing_ok=True)
    return Token(made, "made")


def open_door(host: str) -> str:
    """Why fcc does not listen there with a weak token; "" is every address."""
    return (
        f"{host or 'every address'} can be reached from the network, and whoever reaches fcc spends your "
        "keys: set ANTHROPIC_AUTH_TOKEN to a secret of 16 characters or more (so must each [clients] token be), or "
        "listen on 127.0.0.1 (--host, HOST, [server] host)"
    )


def only_owner(path: Path) -> None:
    """Take everybody else's rights to a file away, as far as that can be done."""
    with contextlib.suppress(OSError):
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)


def is_loopback(address: str) -> bool:
    """Whether only this machine can reach the address."""
    if address == "localhost":
        return True
    try:
        found = ip_address(address)
    except ValueError:
        return False
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return (mapped or found).is_loopback
