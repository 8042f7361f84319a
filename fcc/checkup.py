"""What `fcc doctor` looks at, one finding a line: file, token, port, keys, and each provider from outside."""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import stat
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from engine.generation import Generation
from fcc.auth import is_loopback, server_token
from fcc.environment import decoded, odd_lines
from fcc.listen import CannotListen, listening
from fcc.opened import Opened, Unusable, host_of, port_of
from providers.failures import Failure
from providers.listing import listed
from providers.provider import Provider
from rules.policy_types import GroupOf, Plan, UsePlan

Level = Literal["ok", "note", "bad"]


@dataclass(frozen=True, slots=True)
class Finding:
    level: Level
    about: str
    text: str
    advice: str = ""
    """What to do about it."""


def of_file(found: Opened) -> Finding:
    routes = sum(route.offer is None for route in found.generation.policy.routes)
    if found.warnings:
        counted = "1 warning" if found.warnings == 1 else f"{found.warnings} warnings"
        return Finding("note", "file", f"{found.path}: {counted}", f"fcc lint {shlex.quote(str(found.path))}")
    return Finding("ok", "file", f"{found.path}: {routes} route{'s' * (routes != 1)}")


def of_env(path: Path) -> Finding | None:
    """Whether fcc can read the keys in `.env`, and others cannot; None when there is no such file."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return None
    if stat.S_ISDIR(mode):
        return Finding("bad", ".env", f"{path} is a folder, so no keys are read", "put a file in its place")
    mend = f"chmod 600 {shlex.quote(str(path))}"
    if not os.access(path, os.R_OK):
        return Finding("bad", ".env", f"{path} cannot be read, so its keys are not there", mend)
    if mode & 0o077:
        return Finding("bad", ".env", f"{path} can be read by others", mend)
    try:
        odd = odd_lines(decoded(path.read_bytes()))
    except OSError:
        odd = []
    if odd:
        where = f"line {odd[0]}" if len(odd) == 1 else f"lines {', '.join(map(str, odd[:9]))}"
        advice = "a line is NAME=value, and values have no line ends"
        return Finding("note", ".env", f"{path}: {where} set{'s' * (len(odd) == 1)} nothing", advice)
    return Finding("ok", ".env", f"{path}, readable by its owner alone")


def of_token(found: Opened, state: Path) -> Finding:
    settings = found.generation.policy.settings
    try:
        token = server_token(settings, found.env, state, make=False)
    except OSError as error:
        advice = "delete it, and `fcc serve` makes another, or set ANTHROPIC_AUTH_TOKEN"
        return Finding("bad", "token", f"{error.filename}: {error.strerror}", advice)
    host = host_of(found, None)
    where = {
        "said": "yours",
        "kept": f"kept in {state / 'token'}",
        "made": "`fcc serve` makes one at its first start, and shows it",
    }[token.origin]
    if not is_loopback(host) and (token.origin != "said" or len(token.value) < 16):
        advice = "set ANTHROPIC_AUTH_TOKEN to a secret of 16 characters or more"
        return Finding(
            "bad", "token", f"too weak for {host or 'every address'}, which others can reach", advice
        )
    return Finding("ok", "token", where)


def of_port(found: Opened) -> Finding:
    """Free, or already fcc's."""
    try:
        host, port = host_of(found, None), port_of(found, None)
        listening(host, port).close()
    except Unusable as error:
        return Finding("bad", "port", str(error))
    except CannotListen as error:
        if answers(host, port):
            return Finding("ok", "port", f"fcc listens on {host}:{port}")
        text, _, advice = str(error).partition(": ")
        return Finding("bad", "port", text, advice)
    return Finding("ok", "port", f"{host}:{port} is free")


def answers(host: str, port: int) -> bool:
    """Whether an fcc is at that address."""
    name = f"[{host}]" if ":" in host else host
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://{name}:{port}/api/hello", timeout=1) as answer:
            return json.load(answer).get("name") == "fcc"
    except (OSError, ValueError, AttributeError):
        return False


async def of_providers(generation: Generation, env: Path, *, offline: bool = False) -> list[Finding]:
    """Each provider the policy uses, all asked at once; only configured ones are contacted, and `offline` none.

    `env`: where keys go.
    """
    asked = [of_provider(generation, one, env, offline) for one in generation.providers.values()]
    findings = await asyncio.gather(*asked)
    for provider in generation.providers.values():
        await provider.aclose()
    return findings


async def of_provider(generation: Generation, provider: Provider, env: Path, offline: bool) -> Finding:
    if not provider.keys:
        usable = any(one.keys for one in generation.providers.values())
        advice = f"put it into the environment or into {env}"
        return Finding("note" if usable else "bad", provider.name, provider.missing or "no key", advice)
    base = provider.setup.base_url
    if offline:
        return Finding("ok", provider.name, f"{base}: {keys_of(provider)}; not asked")
    try:
        models = await listed(provider, provider.keys[0])
    except Failure as failure:
        if failure.kind == "not_found":
            return Finding("ok", provider.name, f"{base} answers; it lists no models")
        return Finding(
            "bad", provider.name, f"{base}: {failure.message}", failure.hint or ADVICE.get(failure.kind, "")
        )
    unknown = sorted(set(used(generation, provider.name)) - models) if models else []
    if unknown:
        advice = "take another id, or leave them to failover"
        return Finding("note", provider.name, f"{base} does not list {', '.join(unknown)}", advice)
    return Finding("ok", provider.name, f"{base}: {len(models)} models")


def keys_of(provider: Provider) -> str:
    count = len(provider.keys)
    if not any(key.secret for key in provider.keys):
        return "needs no key"
    return "has a key" if count == 1 else f"has {count} keys"


ADVICE = {
    "connection": "is it running, and is the network there?",
    "timeout": "is the network there? the provider may be slow now",
    "auth": "the key is not accepted: make a new one where the provider says",
    "credit": "the account has no credit left",
    "rate_limit": "wait a little and ask again",
    "malformed": "is base_url right, up to and including its version part?",
}


def used(generation: Generation, provider: str) -> Iterator[str]:
    """Models of a provider that the policy names."""
    policy = generation.policy
    plans = [*policy.chains.values(), *(offer.plan for offer in policy.offers)]
    plans += [route.action.plan for route in policy.routes if isinstance(route.action, UsePlan)]
    for plan in plans:
        yield from in_plan(plan, provider)


def in_plan(plan: Plan, provider: str) -> Iterator[str]:
    for step in plan:
        if isinstance(step, GroupOf):
            for member in step.members:
                yield from in_plan(member, provider)
        elif step.provider == provider:
            yield step.model
