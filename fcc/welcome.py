"""What `fcc serve` says once it listens: how to use it, what it offers, and what is missing."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from fcc.auth import TOKEN_FILE, TOKEN_VARIABLE, Token
from fcc.environment import Homeless, env_folder, env_text, find_config, parse_env
from fcc.report import wants_colour
from fcc.terminal import TerminalLog, painter

if TYPE_CHECKING:
    from engine.generation import Generation
    from fcc.server import App

SHOWN = 12
"""Offered models that are listed; of more only the number is."""


def welcome(app: App, address: str, warnings: int) -> None:
    """On a terminal a short page on stderr; elsewhere one line of the log. A token made just now is printed
    either way: nobody has seen it yet.
    """
    generation, token = app.house.generation, app.token
    assert generation is not None
    assert token is not None
    if isinstance(app.log, TerminalLog):
        command = client_command(app, address)
        lines = [*about(app.path, generation, warnings), *usage(address, token, app.token_folder, command)]
        print("\n".join(lines), file=sys.stderr, flush=True)
        return
    if token.origin == "made":
        print(f"fcc token {token.value} (made now, kept in {app.token_folder / TOKEN_FILE})", flush=True)
    offers = list(dict.fromkeys(offer.id for offer in generation.policy.offers))
    missing = missing_keys(generation)
    fields = {"address": address, "path": str(app.path), "offers": offers, "missing": missing}
    fields |= {"unread": unread} if (unread := unread_env(app.path)) else {}
    app.log.line("info", "start", {**fields, "warnings": warnings})


def about(path: Path, generation: Generation, warnings: int) -> list[str]:
    """What is served, and what is missing for it."""
    paint = painter(wants_colour())
    policy = generation.policy
    routes = sum(route.offer is None for route in policy.routes)
    counted = "1 route" if routes == 1 else f"{routes} routes"
    lines = ["", f"  policy   {path}  {paint(counted, 'dim')}"]
    labels = [offer.label or offer.id for offer in policy.offers if offer.thinking == "client"]
    lines += [f"  {'' if index else 'offers':<8} {label}" for index, label in enumerate(labels[:SHOWN])]
    if len(labels) > SHOWN:
        lines.append(f"  {'':<8} {paint(f'and {len(labels) - SHOWN} more: fcc models', 'dim')}")
    for name, what in missing_keys(generation).items():
        lines.append(
            f"  {paint('missing', 'odd')}  {name}: {what} (environment, or {env_folder(path) / '.env'})"
        )
    if unread := unread_env(path):
        lines.append(f"  {paint('unread', 'odd')}   {unread}")
    if warnings:
        noun = "warning" if warnings == 1 else "warnings"
        lines.append(f"  {paint('lint', 'odd')}     {warnings} {noun}: fcc lint {shlex.quote(str(path))}")
    return lines


def unread_env(path: Path) -> str:
    """Why the `.env` of a policy is not read; "" when it is, or when there is none."""
    env = env_folder(path) / ".env"
    try:
        env.open("rb").close()
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except OSError as error:
        return f"{env}: {error.strerror}"
    return ""


def usage(address: str, token: Token, folder: Path, command: str = "fcc code") -> list[str]:
    """How to point Claude Code here."""
    strong = painter(wants_colour())
    lines = [f"  browser  {dashboard(address, token)}", "", "  Claude Code, in another terminal:"]
    lines += [f"    {strong(command, 'strong')}   or", ""]
    return [*lines, *(f"    {line}" for line in exports(address, token, folder)), "    claude", ""]


def client_command(app: App, address: str) -> str:
    """`fcc code`, with what it has to be told in another terminal to find this server."""
    settings = app.settings().server
    told = {}
    try:
        usual = find_config(None, {})
    except Homeless:
        usual = None
    if usual != app.path:
        told["FCC_CONFIG"] = shlex.quote(str(app.path.absolute()))
    kept = parse_env(env_text(app.path) or "")
    host, _, port = reachable(address).removeprefix("http://").rpartition(":")
    if app.bound not in EVERYWHERE and app.bound != (kept.get("HOST") or settings.host):
        told["HOST"] = host.strip("[]")
    if port != (kept.get("PORT") or str(settings.port)):
        told["PORT"] = port
    return " ".join([*(f"{name}={value}" for name, value in told.items()), "fcc code"])


EVERYWHERE = ("", "0.0.0.0", "::")


def dashboard(address: str, token: Token) -> str:
    """Its address; with a token made just now, which is shown anyway, also signed in: what follows `#` is not sent."""
    page = f"{reachable(address)}/admin"
    return f"{page}#token={token.value}" if token.origin == "made" else page


def missing_keys(generation: Generation) -> dict[str, str]:
    """Provider → what to set, for the providers the policy uses that have no key."""
    return {name: one.missing for name, one in generation.providers.items() if one.missing}


def exports(address: str, token: Token, folder: Path) -> Iterable[str]:
    """Shell lines for the client. A token of the user's own choice is not repeated on the screen."""
    yield f"export ANTHROPIC_BASE_URL={reachable(address)}"
    if token.origin == "made":
        yield f"export {TOKEN_VARIABLE}={token.value}"
    elif token.origin == "kept":
        yield f"export {TOKEN_VARIABLE}=$(cat {shlex.quote(str(folder / TOKEN_FILE))})"
    elif TOKEN_VARIABLE not in os.environ:
        yield f"export {TOKEN_VARIABLE}=…   # the one you configured"
    yield "export CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY=1"


def reachable(address: str) -> str:
    """An address to connect to: that of every interface is only good to listen on."""
    return address.replace("//0.0.0.0", "//127.0.0.1").replace("//[::]", "//[::1]")
