"""The dialect `openai-chat`: OpenAI's Chat Completions, and everything that calls itself compatible with it.

    request     Request ─▶ request.py ─▶ WireRequest
                           ├─ conversation.py   messages: order, merging, replay of thinking
                           │  └─ content.py     blocks: text, images, documents, tool results
                           ├─ tools.py          declarations, choice, names
                           └─ switches.py       thinking, in the ten ways there are
    reply       bytes ─▶ sse ─▶ reader.py ─▶ events
                           ├─ chunks.py         decoding, lenient where upstreams are careless
                           ├─ calls.py          tool calls, put together from any kind of pieces
                           ├─ tokens.py         usage
                           └─ faults.py         errors inside a 200
    both        carried.py                      reasoning and signatures that their own model wants back

Source: platform.openai.com/docs/api-reference/chat, and what upstreams really send.
"""

from translators.openai_chat.reader import reader
from translators.openai_chat.request import write_request

__all__ = ["reader", "write_request"]
