"""Which models a provider says it has: for `fcc doctor`, never for routing.

The list is at `/models` below the base address in every dialect: `{"data": [{"id"}]}` as OpenAI and Anthropic write it,
`{"models": [{"name": "models/…"}]}` as Gemini does (platform.openai.com/docs/api-reference/models,
docs.claude.com/en/api/models-list, ai.google.dev/api/models).
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

import msgspec

from providers.classify import failure_of_response
from providers.failures import Failure
from providers.keys import Key
from providers.provider import Provider
from providers.transport import Call

LARGEST = 4 * 1024 * 1024
"""Bytes of a list that are read."""


async def listed(provider: Provider, key: Key, *, within: float = 10.0) -> frozenset[str]:
    """Ids of the models, as the provider knows them; empty when it lists none. Raises Failure.

    `within`: seconds for all of it.
    """
    call = provider.look("/models", key)
    try:
        async with asyncio.timeout(within):
            await call.start()
            if call.status != 200:
                body = await call.read_error()
                raise failure_of_response(
                    call.status, call.headers, body, provider.setup.failures, time.time()
                )
            return _ids(await _body(call))
    except TimeoutError:
        raise Failure("timeout", f"no answer within {within:g} s") from None
    except Failure as failure:
        raise provider.told(failure) from None
    finally:
        call.drop()


async def _body(call: Call) -> bytes:
    body = b""
    while len(body) <= LARGEST and (data := await call.read()):
        body += data
    return body


def _ids(body: bytes) -> frozenset[str]:
    try:
        found: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Failure("malformed", "the list of models is no JSON") from None
    rows = found.get("data") or found.get("models") if isinstance(found, dict) else found
    named = [row.get("id") or row.get("name") for row in rows or () if isinstance(row, dict)]
    return frozenset(name.removeprefix("models/") for name in named if isinstance(name, str))
