"""Clients that speak Chat Completions: `POST /v1/chat/completions`, in and out of the canonical form.

    request     bytes ─▶ request.py ─▶ Request
    reply       events ─▶ answer.py ─▶ chunks, or one completion

Source: platform.openai.com/docs/api-reference/chat. `reasoning_content`, which the API does not have, is what clients
know thinking by (DeepSeek's API has it so).
"""

from translators.inbound_chat.answer import Collector, StreamWriter
from translators.inbound_chat.request import read_request

__all__ = ["Collector", "StreamWriter", "read_request"]
