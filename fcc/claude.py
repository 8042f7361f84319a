"""The surroundings in which Claude Code reaches fcc: what it must be told, and what would lead it elsewhere.

What it reads was seen by running it (2.1): it sends `ANTHROPIC_API_KEY` beside the token, asks a proxy of the
environment for loopback addresses too, takes `no_proxy` before `NO_PROXY`, and lets `env` of its settings files win
over the environment (docs.claude.com/en/docs/claude-code/settings).
"""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fcc.auth import TOKEN_VARIABLE
from fcc.opened import Unusable

ELSEWHERE = (
    "ANTHROPIC_API_KEY",
    "CLAUDE_CODE_USE_BEDROCK",
    "CLAUDE_CODE_USE_VERTEX",
    "CLAUDE_CODE_USE_FOUNDRY",
)
"""Variables that have Claude Code sign in twice, or go past `ANTHROPIC_BASE_URL`."""
ANSWERS_WITHIN = 5.0
"""Seconds. A server that is too busy for an answer is not doubted."""
MOST = 1000
"""Bytes of an answer that are read."""


def surroundings(env: Mapping[str, str], said: Mapping[str, str]) -> dict[str, str]:
    """The environment for Claude Code: ours, without what leads elsewhere, and with what fcc says."""
    kept = {name: value for name, value in env.items() if name not in ELSEWHERE}
    host = urlsplit(said["ANTHROPIC_BASE_URL"]).hostname or ""
    direct = kept.get("no_proxy") or kept.get("NO_PROXY") or ""
    if host not in direct.split(",") and direct != "*":
        direct = f"{direct},{host}".strip(",")
    return {**kept, **said, "no_proxy": direct, "NO_PROXY": direct}


def overruled(said: Mapping[str, str], places: tuple[Path, ...]) -> None:
    """Raises Unusable when a settings file of Claude Code would win over what is said."""
    for path in places:
        for name, value in _env_of(path):
            if value and (
                name in ELSEWHERE or (name in ("ANTHROPIC_BASE_URL", TOKEN_VARIABLE) and value != said[name])
            ):
                raise Unusable(
                    f"{path} sets {name}, and Claude Code takes that before what `fcc code` says: "
                    "take it out of `env` in that file"
                )


def settings_files(env: Mapping[str, str]) -> tuple[Path, ...]:
    """The user's, the project's and one's own for the project, as Claude Code looks for them."""
    own = Path(env.get("CLAUDE_CONFIG_DIR") or os.path.expanduser("~/.claude"))
    here = Path(".claude")
    return own / "settings.json", here / "settings.json", here / "settings.local.json"


def _env_of(path: Path) -> Iterator[tuple[str, Any]]:
    """`env` of a settings file; nothing of one that is not there or cannot be read."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return
    env = found.get("env") if isinstance(found, dict) else None
    if isinstance(env, dict):
        yield from env.items()


def admitted(address: str, token: str) -> None:
    """Raises Unusable when what listens there is not fcc, or wants another token. Others are not told the token."""
    hello = _asked(f"{address}/api/hello")
    if hello is not None and not (hello[0] == 200 and b'"fcc"' in hello[1]):
        raise Unusable(
            f"what listens on {address} is not fcc: say with PORT where fcc is, or have `fcc serve` listen elsewhere"
        )
    models = _asked(f"{address}/v1/models?limit=1", token)
    if models is not None and models[0] == 401:
        raise Unusable(
            f"the fcc on {address} has another token: {TOKEN_VARIABLE} is not the same here and where "
            "`fcc serve` was started"
        )


def _asked(address: str, token: str | None = None) -> tuple[int, bytes] | None:
    """Status and the beginning of the body; None when no answer comes in time."""
    headers = {} if token is None else {"x-api-key": token}
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        request = urllib.request.Request(address, headers=headers)
        with opener.open(request, timeout=ANSWERS_WITHIN) as answer:
            return answer.status, answer.read(MOST)
    except urllib.error.HTTPError as error:
        return error.code, b""
    except HTTPException:
        return 0, b""
    except OSError:
        return None
