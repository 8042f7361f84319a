"""Clients that speak the Responses API: `POST /v1/responses`, in and out of the canonical form.

    request     bytes ─▶ request.py ─▶ Request
                         └─ items.py        input items as messages
    reply       events ─▶ answer.py ─▶ events of the API, or one response
                          └─ output.py      output items

Nothing is stored: what the model said before comes with every request. Source:
platform.openai.com/docs/api-reference/responses and responses-streaming.
"""

from translators.inbound_responses.answer import Collector, StreamWriter
from translators.inbound_responses.request import read_request

__all__ = ["Collector", "StreamWriter", "read_request"]
