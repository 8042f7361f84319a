"""A model that always says the same to the same request, in all four dialects.

    python tests/support/model.py --port 9100 [--delay 0.02]

    openai-chat        /v1/chat/completions
    openai-responses   /v1/responses
    anthropic          /v1/messages
    gemini             /v1beta/models/<id>:generateContent and :streamGenerateContent

It calls tools when told to (`USE THE TOOL`), says what the tool gave back, thinks when asked to, counts pictures, and
stops where it must, streaming or not: enough for a conversation with a real client over a real socket.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from support.speakers import chat, gemini, messages, responses

Body = dict[str, Any]


def model(*, delay: float = 0.0) -> Starlette:
    """The model as an ASGI app. `delay`: seconds between two pieces of a stream."""

    def answer(document: Callable[[Body], Body], stream: Callable[[Body], Iterator[str]]) -> Any:
        async def endpoint(request: Request) -> Response:
            body = await request.json()
            if request.path_params.get("verb", "") == "generateContent" or not (
                body.get("stream") or request.path_params
            ):
                return JSONResponse(document(body))
            return StreamingResponse(slowly(stream(body), delay), media_type="text/event-stream")

        return endpoint

    return Starlette(
        routes=[
            Route("/v1/chat/completions", answer(chat.document, chat.stream), methods=["POST"]),
            Route("/v1/responses", answer(responses.document, responses.stream), methods=["POST"]),
            Route("/v1/messages", answer(messages.document, messages.stream), methods=["POST"]),
            Route(
                "/v1beta/models/{name:path}:{verb}", answer(gemini.document, gemini.stream), methods=["POST"]
            ),
        ]
    )


async def slowly(pieces: Iterator[str], delay: float) -> AsyncIterator[str]:
    for piece in pieces:
        await asyncio.sleep(delay)
        yield piece


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=9100)
    parser.add_argument("--delay", type=float, default=0.0)
    options = parser.parse_args()
    uvicorn.run(model(delay=options.delay), host="127.0.0.1", port=options.port, log_level="warning")
