"""The dialect `openai-responses`: OpenAI's Responses API, and what is compatible with it.

    request     Request ─▶ request.py ─▶ WireRequest
                           ├─ items.py          the conversation as input items
                           └─ reasoning.py      reasoning that only its own model can read, in and out of signatures
    reply       bytes ─▶ body ─▶ reader.py ─▶ events
                           ├─ output.py         finished items, taken apart
                           └─ calls.py          function calls, found again by id, index or place

Content parts, tools and usage are those of `openai_chat`, reshaped. Source: platform.openai.com/docs/api-reference/
responses and responses-streaming, and what upstreams really send.
"""

from translators.openai_responses.reader import reader
from translators.openai_responses.request import write_request

__all__ = ["reader", "write_request"]
