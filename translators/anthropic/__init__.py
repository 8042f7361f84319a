"""The dialect `anthropic` towards an upstream: Anthropic's own Messages API, and servers that speak it natively.

    request     Request ─▶ request.py ─▶ WireRequest
                           ├─ conversation.py   messages: order, merging, calls and their results
                           │  └─ blocks.py      blocks: what the target takes of them
                           ├─ tools.py          declarations and choice
                           ├─ thinking.py       thinking and effort
                           └─ refused.py        fields left out, wherever they stand
    reply       bytes ─▶ body ─▶ reader.py ─▶ events
                           ├─ pieces.py         decoding, lenient where upstreams are careless
                           ├─ saying.py         blocks: open ones, interleaved ones, those that never close
                           ├─ tokens.py         usage
                           └─ ending.py         stop reasons
    both        signatures.py                   thinking that only its own model takes back

Anthropic itself gets the request nearly as the client wrote it; everyone else the part of the API that is common
ground. No reply is copied through: native servers differ from the documents more than Anthropic does.

Source: docs.claude.com/en/api/messages and …/messages-streaming, and what upstreams really send.
"""

from translators.anthropic.reader import reader
from translators.anthropic.request import write_request

__all__ = ["reader", "write_request"]
