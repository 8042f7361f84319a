"""The demo's client: one streaming request as Claude Code sends it, and its answer as it arrives."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx

from fcc.demo.upstream import TOOL
from translators.sse import Decoder

QUESTION = "Which model am I talking to, and what happened on the way?"


def headers(token: str) -> dict[str, str]:
    return {
        "authorization": f"Bearer {token}",
        "anthropic-version": "2023-06-01",
        "anthropic-beta": "claude-code-20250219,interleaved-thinking-2025-05-14",
        "content-type": "application/json",
        "user-agent": "claude-cli/2.1.330 (external, cli)",
        "x-app": "cli",
        "x-claude-code-session-id": "5f0dcf1e-0c0a-4c86-9f0e-6d656f64656d",
    }


def body() -> dict[str, Any]:
    system = [
        {"type": "text", "text": "x-anthropic-billing-header: cc_version=2.1.330; cc_entrypoint=cli;"},
        {"type": "text", "text": "You are a coding agent.", "cache_control": {"type": "ephemeral"}},
    ]
    schema = {"type": "object", "properties": {"finding": {"type": "string"}}, "required": ["finding"]}
    tool = {"name": TOOL, "description": "Writes a finding down.", "input_schema": schema}
    return {
        "model": "claude-opus-5-5",
        "max_tokens": 32000,
        "stream": True,
        "thinking": {"type": "adaptive"},
        "system": system,
        "tools": [tool],
        "messages": [{"role": "user", "content": [{"type": "text", "text": QUESTION}]}],
    }


async def ask(address: str, token: str) -> AsyncIterator[tuple[str, dict[str, Any]]]:
    """The events of the answer as (name, data); first of all `("head", {"status", header: value, …})`."""
    async with (
        httpx.AsyncClient(trust_env=False, timeout=60) as client,
        client.stream(
            "POST", f"{address}/v1/messages?beta=true", headers=headers(token), json=body()
        ) as answer,
    ):
        yield "head", {"status": answer.status_code, **answer.headers}
        decoder = Decoder()
        async for data in answer.aiter_raw():
            for name, event in decoder.feed(data):
                yield name or "", json.loads(event)
