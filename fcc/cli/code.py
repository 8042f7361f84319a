"""`fcc code`: Claude Code with everything it must be told to use fcc."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated

from fcc.opened import Opened, Unusable, host_of, opened, port_of

if TYPE_CHECKING:
    import typer  # `fcc.cli.load` puts it here when it is needed

    from rules.policy_types import Plan

PROGRAM = "claude"
MODEL = "claude-opus-5-5"
"""What Claude Code asks for when nobody says a model."""
WINDOW_VARIABLE = "CLAUDE_CODE_MAX_CONTEXT_TOKENS"
EVERYWHERE = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}
"""Addresses to listen on that are no addresses to call."""


def code(
    arguments: Annotated[list[str] | None, typer.Argument(metavar="[ARGS]...", help="for claude")] = None,
) -> int:
    """Run `claude` through a running `fcc serve`; every argument is claude's. Its exit status, or 2.

    Example: fcc code --model zen/minimax-m2.5-free
    """
    from fcc import claude

    words = arguments or []
    try:
        program = shutil.which(PROGRAM)
        if program is None:
            raise Unusable(
                "there is no `claude` on the PATH; install Claude Code (https://claude.com/claude-code), then try again"
            )
        said = settings(opened(None), words)
        claude.overruled(said, claude.settings_files(os.environ))
        return become(program, words, claude.surroundings(os.environ, said))
    except Unusable as reason:
        print(f"fcc code: {reason}", file=sys.stderr)
        return 2


def quick(words: Sequence[str]) -> int | None:
    """Every word is claude's, `--` and what stands behind it too. None: it is a question about `fcc code` itself."""
    return None if list(words) in (["--help"], ["-h"]) else code(list(words))


def become(program: str, words: Sequence[str], env: Mapping[str, str]) -> int:
    """Claude Code in the place of this process, so that signals reach it and its end is its own. Raises Unusable.

    Windows knows no such thing: there its exit status is returned.
    """
    try:
        if os.name == "posix":
            for ignored in (signal.SIGPIPE, signal.SIGXFSZ):  # by Python, and that would be inherited
                signal.signal(ignored, signal.SIG_DFL)
            os.execve(program, [program, *words], env)
        return subprocess.run([program, *words], env=env, check=False).returncode
    except OSError as error:
        raise Unusable(f"cannot run {program}: {error.strerror or error}") from None


def settings(found: Opened, words: Sequence[str]) -> dict[str, str]:
    """The variables that Claude Code reads. Raises Unusable."""
    from fcc.auth import TOKEN_VARIABLE, server_token
    from fcc.claude import admitted
    from fcc.environment import state_folder

    address = address_of(found)
    try:
        token = server_token(found.generation.policy.settings, found.env, state_folder(), make=False)
    except OSError as error:
        raise Unusable(f"cannot read the token: {error}; set {TOKEN_VARIABLE} instead") from None
    if not token.value:
        raise Unusable(f"there is no token in {state_folder()}; set {TOKEN_VARIABLE} to that of `fcc serve`")
    admitted(address, token.value)
    said = {
        "ANTHROPIC_BASE_URL": address,
        TOKEN_VARIABLE: token.value,
        "CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY": "1",
    }
    window = smallest_window(found, asked_model(words))
    if window is not None and WINDOW_VARIABLE not in os.environ:
        said[WINDOW_VARIABLE] = str(window)
    return said


def address_of(found: Opened) -> str:
    """Where fcc listens. Raises Unusable when it does not."""
    import socket

    host, port = host_of(found, None), port_of(found, None)
    host = EVERYWHERE.get(host, host)
    shown = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    try:
        socket.create_connection((host, port), timeout=2).close()
    except OSError:
        raise Unusable(
            f"nothing listens on {shown}; start `fcc serve` in another terminal first, or say with PORT where it is"
        ) from None
    return shown


def asked_model(words: Sequence[str]) -> str:
    """The model that `--model` or ANTHROPIC_MODEL asks for."""
    for word, following in pairwise([*words, ""]):
        if word == "--model" and following:
            return following
        if word.startswith("--model="):
            return word.partition("=")[2]
    return os.environ.get("ANTHROPIC_MODEL") or MODEL


def smallest_window(found: Opened, asked: str) -> int | None:
    """Tokens that fit every model of the chain that an ordinary request for `asked` takes; None: nobody knows."""
    from engine.facts import Facts
    from rules.policy_types import UsePlan
    from translators.model_ids import read_model_id
    from translators.request import Request

    plain, without = read_model_id(asked)
    body = {
        "model": asked,
        "max_tokens": 32000,
        "stream": True,
        "messages": [{"role": "user", "content": "hello"}],
    }
    request = Request(body, asked, plain, without)
    decided = found.generation.router.decide(Facts(request))
    if decided is None or not isinstance(decided.action, UsePlan):
        return None
    windows = set(windows_of(found, decided.action.plan, plain))
    return min(windows, default=None)


def windows_of(found: Opened, plan: Plan, asked: str) -> Iterator[int]:
    from rules.policy_types import GroupOf

    for step in plan:
        if isinstance(step, GroupOf):
            for member in step.members:
                yield from windows_of(found, member, asked)
        else:
            candidate = found.generation.candidate(step, asked)
            if candidate is not None and candidate.profile.context:
                yield candidate.profile.context
