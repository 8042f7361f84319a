"""The floor beside us: Starlette and httpx on aiohttp's transport, a throw-away translation and nothing else.

It converts text only, without checks, limits, health, log or errors: what a hand-written proxy costs at least.
"""

from __future__ import annotations

import json
import sys

import httpx
import uvicorn
from httpx_aiohttp import AiohttpTransport
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

BASE = sys.argv[1]
client: httpx.AsyncClient | None = None


def event(kind: str, **fields: object) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()


async def messages(request: Request) -> Response:
    global client
    client = client or httpx.AsyncClient(transport=AiohttpTransport(), timeout=30)
    body = await request.json()
    asked = {**body, "model": body["model"].rpartition("/")[2], "messages": body["messages"]}
    url = f"{BASE}/chat/completions"
    if not body.get("stream"):
        said = (await client.post(url, json=asked)).json()["choices"][0]["message"]["content"]
        content = [{"type": "text", "text": said}]
        return JSONResponse({"id": "msg_1", "type": "message", "role": "assistant", "content": content})

    async def translated():
        yield event("message_start", message={"id": "msg_1"}) + event("content_block_start", index=0)
        async with client.stream("POST", url, json=asked) as answer:
            rest = b""
            async for read in answer.aiter_raw():
                *lines, rest = (rest + read).split(b"\n\n")
                out = []
                for line in lines:
                    if line.startswith(b"data: {"):
                        for choice in json.loads(line[6:])["choices"]:
                            if text := choice["delta"].get("content"):
                                delta = {"type": "text_delta", "text": text}
                                out.append(event("content_block_delta", index=0, delta=delta))
                yield b"".join(out)
        yield event("content_block_stop", index=0) + event("message_stop")

    return StreamingResponse(translated(), media_type="text/event-stream")


app = Starlette(routes=[Route("/v1/messages", messages, methods=["POST"])])

if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), log_level="error", access_log=False)
