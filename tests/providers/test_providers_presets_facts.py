"""The facts that presets state: plausible each by itself, and on the wire what the provider's pages ask for.

The snapshots hold, for one model of every preset, the request written for a typical turn of Claude Code (tools, a
result, earlier thinking), with thinking and without. A new preset needs one line in `MODELS`.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from providers.presets import Preset, catalogue
from translators.dialects import speaker
from translators.request import Request
from translators.wire import Target

SHIPPED = {
    *(
        "nvidia_nim",
        "zen",
        "openrouter",
        "groq",
        "cerebras",
        "deepseek",
        "moonshot",
        "zai",
        "mistral",
        "gemini",
    ),
    *("openai", "anthropic", "ollama", "lmstudio", "llamacpp", "vllm"),
}
LOCAL = {"ollama", "lmstudio", "llamacpp", "vllm"}
MODELS = {
    "nvidia_nim": "z-ai/glm4.7",
    "zen": "minimax-m2.5-free",
    "openrouter": "anthropic/claude-sonnet-5",
    "groq": "openai/gpt-oss-120b",
    "cerebras": "qwen-3.8-27b",
    "deepseek": "deepseek-v4-pro",
    "moonshot": "kimi-k2.6",
    "zai": "glm-5.1",
    "mistral": "mistral-medium-3-5",
    "gemini": "gemini-3-flash-preview",
    "openai": "gpt-5.6-terra",
    "anthropic": "claude-sonnet-5-5",
    "ollama": "qwen3:30b",
    "lmstudio": "openai/gpt-oss-20b",
    "llamacpp": "qwen3.6-27b",
    "vllm": "Qwen/Qwen3.6-27B",
}
TURN: dict[str, Any] = {
    "model": "claude-opus-5-5",
    "max_tokens": 32000,
    "temperature": 1,
    "system": [
        {"type": "text", "text": "x-anthropic-billing-header: cc_version=2"},
        {"type": "text", "text": "You are Claude Code.", "cache_control": {"type": "ephemeral"}},
    ],
    "tools": [
        {
            "name": "Read",
            "description": "Reads a file.",
            "input_schema": {
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "type": "object",
                "properties": {
                    "file_path": {"type": "string"},
                    "limit": {"type": "integer", "exclusiveMinimum": 0},
                },
                "required": ["file_path"],
                "additionalProperties": False,
            },
        }
    ],
    "messages": [
        {"role": "user", "content": [{"type": "text", "text": "What is in notes.txt?"}]},
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "I should look.", "signature": "fcc.t."},
                {
                    "type": "tool_use",
                    "id": "toolu_01ABCDEFGHJKLMNPQRSTUVWX",
                    "name": "Read",
                    "input": {"file_path": "notes.txt"},
                },
            ],
        },
        {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": "toolu_01ABCDEFGHJKLMNPQRSTUVWX",
                    "content": "Buy milk.",
                },
                {"type": "text", "text": "<system-reminder>Be brief.</system-reminder>"},
            ],
        },
    ],
    "metadata": {"user_id": "someone"},
}
THINKING = {"thinking": {"type": "enabled", "budget_tokens": 31999}, "output_config": {"effort": "high"}}


@pytest.fixture(params=sorted(catalogue()))
def preset(request: pytest.FixtureRequest) -> Preset:
    return catalogue()[request.param]


def test_every_provider_that_is_promised_ships() -> None:
    assert set(catalogue()) == SHIPPED
    assert set(MODELS) == SHIPPED


@pytest.mark.parametrize("thinks", [True, False], ids=["thinking", "plain"])
def test_requests_on_the_wire(preset: Preset, thinks: bool, snapshot: SnapshotAssertion) -> None:
    model = MODELS[preset.name]
    profile = preset.profile(model)
    body = {**TURN, **THINKING} if thinks else TURN
    request = Request(body, "claude-opus-5-5", "claude-opus-5-5", size=len(json.dumps(body)))
    wire = speaker(profile.dialect).write_request(request, Target(model, profile))
    assert {"path": wire.path, "headers": dict(wire.headers), "body": json.loads(wire.body)} == snapshot


def test_sizes_are_plausible(preset: Preset) -> None:
    for model in [*preset.models, "somebody/brand-new"]:
        profile = preset.profile(model)
        assert profile.context is None or 8192 <= profile.context <= 2_097_152, model
        assert profile.output is None or 1024 <= profile.output <= 1_048_576, model
        if profile.context and profile.output:
            assert profile.output <= profile.context, model


def test_a_model_that_never_thinks_has_no_switch(preset: Preset) -> None:
    for row in preset.rows:
        profile = preset.profile(row.id.replace("*", "x").replace("?", "x"))
        assert profile.thinking != "never" or profile.thinking_switch == "none", row.id


def test_local_providers_need_no_key_and_others_do(preset: Preset) -> None:
    local = preset.name in LOCAL
    assert (preset.auth == "none") is local
    assert (not preset.key_variables) is local
    assert preset.base_url.startswith("http://127.0.0.1:" if local else "https://")
    assert not preset.base_url.endswith("/")


def test_families_are_told_apart() -> None:
    presets = catalogue()
    assert presets["openai"].profile("gpt-5.4-pro").context == 1_050_000
    assert presets["openai"].profile("gpt-5.4-nano").context == 400_000
    assert presets["openai"].profile("gpt-5-mini").thinking == "always"
    assert presets["openai"].profile("gpt-5.1-codex-max").thinking == "always"
    assert presets["anthropic"].profile("claude-haiku-4-5-20251001").thinking_switch == "budget"
    assert presets["anthropic"].profile("claude-opus-4-6").drop == ()
    assert presets["anthropic"].profile("claude-opus-4-8").drop != ()
    assert presets["gemini"].profile("gemini-2.5-pro").thinking_switch == "budget"
    assert presets["gemini"].profile("gemini-4-argon").thinking_switch == "effort"
    assert presets["moonshot"].profile("kimi-k3.1-pro").context == 1_048_576
    assert presets["zai"].profile("glm-4.6v").images
    assert presets["ollama"].profile("llama3.3:70b").thinking_switch == "none"
