"""What `fcc serve` says once it listens: how to use it, what it offers, and what is missing."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from fcc.auth import TOKEN_FILE, TOKEN_VARIABLE, Token
from fcc.environment import env_folder
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
        lines = [*about(app.path, generation, warnings), *usage(address, token, app.token_folder)]
        print("\n".join(lines), file=sys.stderr, flush=True)
        return
    if token.origin == "made":
        print(f"fcc token {token.value} (made now, kept in {app.token_folder / TOKEN_FILE})", flush=True)
    offers = list(dict.fromkeys(offer.id for offer in generation.policy.offers))
    missing = missing_keys(generation)
    fields = {"address": address, "path": str(app.path), "offers": offers, "missing": missing}
    app.log.line("info", "start", {**fields, "warnings": warnings})


def about(path: Path, generation: Generation, warnings: int) -> list[str]:
    """What is served, and what is missing for it."""
    paint = painter(wants_colour())
    policy = generation.policy
    routes = sum(route.offer is None for route in policy.routes)
    lines = ["", f"  policy   {path}  {paint(f'{routes} routes', 'dim')}"]
    labels = [offer.label or offer.id for offer in policy.offers if offer.thinking == "client"]
    lines += [f"  {'' if index else 'offers':<8} {label}" for index, label in enumerate(labels[:SHOWN])]
    if len(labels) > SHOWN:
        lines.append(f"  {'':<8} {paint(f'and {len(labels) - SHOWN} more: fcc models', 'dim')}")
    for name, what in missing_keys(generation).items():
        lines.append(
            f"  {paint('missing', 'odd')}  {name}: {what} (environment, or {env_folder(path) / '.env'})"
        )
    if warnings:
        noun = "warning" if warnings == 1 else "warnings"
        lines.append(f"  {paint('lint', 'odd')}     {warnings} {noun}: fcc lint {shlex.quote(str(path))}")
    return lines


def usage(address: str, token: Token, folder: Path) -> list[str]:
    """How to point Claude Code here."""
    strong = painter(wants_colour())
    lines = [f"  browser  {dashboard(address, token)}", "", "  Claude Code, in another terminal:"]
    lines += [f"    {strong('fcc code', 'strong')}   or", ""]
    return [*lines, *(f"    {line}" for line in exports(address, token, folder)), "    claude", ""]


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
