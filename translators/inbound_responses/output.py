"""Output items of the Responses API, as they are when they begin and when they are done."""

from __future__ import annotations

from translators.inbound_responses.items import REDACTED
from translators.inbound_responses.request import Declared
from translators.openai_clients import Fields, custom_input


def text_part(text: str) -> Fields:
    return {"type": "output_text", "annotations": [], "logprobs": [], "text": text}


def summary_part(text: str) -> Fields:
    return {"type": "summary_text", "text": text}


def message(item_id: str, text: str | None, status: str = "completed") -> Fields:
    """A message item; `text` is None before anything was said."""
    content = [] if text is None else [text_part(text)]
    return {"id": item_id, "type": "message", "status": status, "role": "assistant", "content": content}


def reasoning(item_id: str, text: str, signature: str | None = None) -> Fields:
    """A reasoning item; its signature travels as the content that only the model can read."""
    summary = [summary_part(text)] if text else []
    return {"id": item_id, "type": "reasoning", "summary": summary, "encrypted_content": signature}


def redacted(item_id: str, data: str) -> Fields:
    """A redacted_thinking block as a reasoning item."""
    return reasoning(item_id, "", REDACTED + data)


def call(item_id: str, call_id: str, tool: Declared, arguments: str) -> Fields:
    """A finished call to a function or to a custom tool, whose input is plain text."""
    item: Fields = {"id": item_id, "call_id": call_id, "name": tool.name, "status": "completed"}
    if tool.namespace is not None:
        item["namespace"] = tool.namespace
    if tool.custom:
        return {**item, "type": "custom_tool_call", "input": custom_input(arguments)}
    return {**item, "type": "function_call", "arguments": arguments}
