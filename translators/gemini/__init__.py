"""The dialect `gemini`: Google's generateContent and streamGenerateContent, as the Gemini API and Vertex AI speak it.

    request     Request ─▶ request.py ─▶ WireRequest
                           ├─ conversation.py   contents: order, merging, results beside their calls
                           │  └─ parts.py       blocks: text, images, documents, tool results
                           ├─ tools.py          declarations, choice, names
                           │  └─ schemas.py     what Gemini takes of JSON Schema
                           └─ generation.py     generationConfig: limits, sampling, thinking, JSON answers
    reply       bytes ─▶ body ─▶ reader.py ─▶ events
                           ├─ calls.py          function calls, whole or in pieces
                           ├─ reasons.py        what a finishReason comes to
                           ├─ tokens.py         usage
                           └─ faults.py         errors inside a 200
    both        signatures.py                   thought signatures, carried through the client

Source: ai.google.dev/api/generate-content.
"""

from translators.gemini.reader import reader
from translators.gemini.request import write_request

__all__ = ["reader", "write_request"]
