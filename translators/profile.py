"""What a dialect must know of the model it speaks to: sparse facts, each with a documented default.

One object from preset to wire (after pydantic-ai's `profiles`): lint checks it, the chain filters by it, the
translators write by it. No provider or model name is tested anywhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

Dialect = Literal["openai-chat", "anthropic", "openai-responses", "gemini"]

ThinkingSwitch = Literal[
    "none",  # nothing is sent
    "template",  # chat_template_kwargs: {thinking, enable_thinking}
    "template-thinking",  # chat_template_kwargs: {thinking}
    "template-enable",  # chat_template_kwargs: {enable_thinking}
    "effort",  # reasoning_effort: low|medium|high (none for off)
    "reasoning",  # reasoning: {effort | max_tokens | enabled} (OpenRouter)
    "type",  # thinking: {type: enabled|disabled}
    "system-line",  # "detailed thinking on|off" as first system line (Nemotron)
    "budget",  # thinking: {type: enabled, budget_tokens} (Anthropic)
    "adaptive",  # thinking: {type: adaptive} + output_config.effort (Anthropic)
]


class Profile(msgspec.Struct, frozen=True):
    """Facts of one model at one provider."""

    dialect: Dialect = "openai-chat"
    first_party: bool = False
    """Is Anthropic's own Messages API, or hands through to it: takes all fields, betas and signatures of that API."""
    context: int | None = None
    """Window in tokens; None: unknown."""
    output: int | None = None
    """Longest answer in tokens; None: unknown, `max_tokens` is sent as asked."""
    images: bool = True
    documents: bool = False
    tools: bool = True
    thinking: Literal["never", "switchable", "always"] = "switchable"
    thinking_switch: ThinkingSwitch = "none"
    efforts: tuple[str, ...] = ()
    """Words of the switch `effort` that the model takes, where they are not all of low, medium and high."""
    replay: Literal["drop", "reasoning_content", "reasoning", "think-tags"] = "drop"
    """How earlier thinking is sent back to the model."""
    needs_thought: bool = False
    """Every answer goes back with a thought in the field of `replay`, be it a blank: one without is refused
    (DeepSeek V4, "must be passed back", NousResearch/hermes-agent#18263)."""
    joins_thought: bool = False
    """In a message with calls, text goes into the thinking that is sent back: the template takes only one of them
    (gpt-oss in llama.cpp, ggml-org/llama.cpp#19701)."""
    tool_images: bool = False
    """Tool results may hold images; otherwise they follow in a user message."""
    max_tokens_field: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    stream_usage: bool = True
    """Send `stream_options: {include_usage: true}`."""
    parallel_tools: bool = True
    """The field `parallel_tool_calls` may be sent."""
    inline_system: bool = False
    """System messages may stand between others; otherwise they are folded into the user's messages. Chat templates of
    Qwen, Gemma and Mistral refuse them ("System message must be at the beginning", vllm-project/vllm#41114)."""
    strict_schemas: bool = False
    """Boolean sub-schemas are refused and must be cleaned out (NVIDIA NIM)."""
    flavored_schemas: bool = False
    """Schemas must be in Moonshot's flavour: a type in every member of a union and none beside it, and so on."""
    rename_type_parameter: bool = False
    """A parameter called `type` breaks the chat template and must be renamed (NVIDIA NIM)."""
    tool_name_limit: int = 64
    """Longer tool names are aliased and restored."""
    tool_id_length: int | None = None
    """Tool call ids must be exactly this many letters and digits (Mistral: 9); None: any."""
    answer_after_tools: bool = False
    """An answer must stand between tool results and the user's next words (Mistral: "Unexpected role 'user' after role
    'tool'", BerriAI/litellm#17761)."""
    continues: bool = False
    """Can go on from a partial answer given as last assistant message."""
    extra: Mapping[str, Any] = msgspec.field(default_factory=dict)
    """Fields added to the request body."""
    drop: tuple[str, ...] = ()
    """Fields never sent."""
    price_in: float | None = None
    price_out: float | None = None


DEFAULT = Profile()
