"""The one place that speaks to Redis or Valkey: a script in, its answer out, in a tenth of a second or not at all."""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ANSWER_WITHIN = 0.1
CONNECT_WITHIN = 0.25
"""Seconds. The client's own defaults, five seconds and ten tries, hold a request up for a minute."""
CONNECTIONS = 32
SCHEMES = ("redis://", "rediss://", "unix://")


class Unreachable(Exception):  # noqa: N818 - an everyday event, and not ours
    """No answer, or none that can be used. The text names the kind of trouble, never an address or a password."""


@dataclass(frozen=True, slots=True)
class Script:
    """A script of the server's; `digest` is the name by which it keeps it (redis.io/docs/latest/commands/evalsha)."""

    text: str
    digest: str

    @staticmethod
    def of(name: str) -> Script:
        text = (Path(__file__).parent / f"{name}.lua").read_text(encoding="utf-8")
        return Script(text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())


def unusable(url: str) -> str | None:
    """What keeps this address from being used, for a person; None when nothing does."""
    if not url.startswith(SCHEMES):
        return f"the address of Redis must begin with one of {', '.join(SCHEMES)}"
    if importlib.util.find_spec("redis") is None:
        return "the package `redis` is missing: pip install 'fcc[redis]'"
    try:
        client(url)
    except ValueError:
        return "the address of Redis cannot be read"
    return None


def client(url: str, within: float = ANSWER_WITHIN) -> Any:
    """A client that gives up soon and tries nothing twice. Nothing is connected yet. Raises ValueError."""
    from redis.asyncio import Redis
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff

    return Redis.from_url(
        url,
        socket_timeout=within,
        socket_connect_timeout=CONNECT_WITHIN,
        retry=Retry(NoBackoff(), 0),
        retry_on_error=[],
        health_check_interval=0,
        max_connections=CONNECTIONS,
        decode_responses=False,
    )


class Link:
    """Runs scripts. Safe to use from many tasks of one loop. `within`: seconds until an answer comes too late."""

    def __init__(self, url: str, within: float = ANSWER_WITHIN) -> None:
        self._client = client(url, within)

    async def call(self, script: Script, keys: Sequence[str], arguments: Sequence[str | int]) -> list[Any]:
        """The answer of a script, by its digest or, where the server has forgotten it, by its text.

        Raises Unreachable.
        """
        from redis.exceptions import NoScriptError, ResponseError

        rest = (len(keys), *keys, *arguments)
        try:
            try:
                answer = await self._client.execute_command("EVALSHA", script.digest, *rest)
            except NoScriptError:
                answer = await self._client.execute_command("EVAL", script.text, *rest)
            except ResponseError as error:
                if not str(error).lower().startswith("unknown command"):
                    raise
                answer = await self._client.execute_command("EVAL", script.text, *rest)
        except Exception as error:  # the client's reader fails in many ways on what is not Redis's language
            raise Unreachable(trouble(error)) from None
        if not isinstance(answer, list):
            raise Unreachable("an answer that is none")
        return answer

    async def aclose(self) -> None:
        """Drops every connection."""
        await self._client.aclose()


def trouble(error: BaseException) -> str:
    """The server's own word for it, such as LOADING, OOM or NOAUTH, else the type of the error."""
    word = str(error).partition(" ")[0].strip("-")
    return word if word.isalpha() and word.isupper() else type(error).__name__
