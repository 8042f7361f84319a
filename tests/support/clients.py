"""The official clients of the three dialects that fcc serves, all asked the same way.

    said = CLIENTS["chat"](url, "a/model").ask("hi", stream=True)

Each keeps the conversation in its own dialect, so that a second turn sends back what the first one brought.
"""

from __future__ import annotations

import base64
import json
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import anthropic
import openai

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(60)).decode()
"""What is taken for a picture; the model only counts them."""

SCHEMA = {"type": "object", "properties": {"command": {"type": "string"}}, "required": ["command"]}
TOOL = "Bash"


@cache
def anthropic_sdk(url: str, key: str) -> anthropic.Anthropic:
    return anthropic.Anthropic(base_url=url, auth_token=key, api_key=None, max_retries=0)


@cache
def openai_sdk(url: str, key: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0)


@dataclass
class Said:
    text: str = ""
    thinking: str = ""
    calls: list[tuple[str, Any]] = field(default_factory=list)
    """Name and arguments."""
    reason: str | None = None
    usage: tuple[int, int] = (0, 0)
    """Tokens of prompt and answer."""


class Client(ABC):
    """A conversation. `key`: the token of the server."""

    def __init__(self, url: str, model: str, key: str) -> None:
        self.model = model
        self.turns: list[Any] = []
        self.ids: list[str] = []
        """Ids of the calls that have no result yet."""
        self.connect(url, key)

    @abstractmethod
    def connect(self, url: str, key: str) -> None: ...

    def ask(self, text: str, *, stream: bool, picture: bool = False, **options: bool) -> Said:
        """One turn. `tools`, `thinks`: what the request offers and asks for."""
        self.turns.append({"role": "user", "content": self.content(text, picture)})
        return self.turn(stream=stream, **options)

    def results(self, text: str, *, stream: bool, **options: bool) -> Said:
        """The next turn: `text` is the result of every open call."""
        self.turns += self.answered(text)
        self.ids = []
        return self.turn(stream=stream, **options)

    @abstractmethod
    def content(self, text: str, picture: bool) -> Any: ...

    @abstractmethod
    def answered(self, text: str) -> list[Any]: ...

    @abstractmethod
    def turn(self, *, stream: bool, tools: bool = False, thinks: bool = False) -> Said: ...


class Messages(Client):
    def connect(self, url: str, key: str) -> None:
        self.sdk = anthropic_sdk(url, key)

    def content(self, text: str, picture: bool) -> Any:
        source = {"type": "base64", "media_type": "image/png", "data": PNG}
        return [*([{"type": "image", "source": source}] if picture else []), {"type": "text", "text": text}]

    def answered(self, text: str) -> list[Any]:
        results = [{"type": "tool_result", "tool_use_id": one, "content": text} for one in self.ids]
        return [{"role": "user", "content": results}]

    def turn(self, *, stream: bool, tools: bool = False, thinks: bool = False) -> Said:
        asked: dict[str, Any] = {"model": self.model, "max_tokens": 4000, "messages": self.turns}
        if tools:
            asked["tools"] = [{"name": TOOL, "description": "Runs it", "input_schema": SCHEMA}]
        if thinks:
            asked["thinking"] = {"type": "enabled", "budget_tokens": 1024}
        if stream:
            with self.sdk.messages.stream(**asked) as streamed:
                message = streamed.get_final_message()
        else:
            message = self.sdk.messages.create(**asked)
        self.turns.append({"role": "assistant", "content": message.content})
        said = Said(reason=message.stop_reason)
        said.usage = (message.usage.input_tokens, message.usage.output_tokens)
        for block in message.content:
            if block.type == "text":
                said.text += block.text
            elif block.type == "thinking":
                said.thinking += block.thinking
            elif block.type == "tool_use":
                self.ids.append(block.id)
                said.calls.append((block.name, block.input))
        return said


class Chat(Client):
    def connect(self, url: str, key: str) -> None:
        self.sdk = openai_sdk(url, key)

    def content(self, text: str, picture: bool) -> Any:
        image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}
        return [*([image] if picture else []), {"type": "text", "text": text}]

    def answered(self, text: str) -> list[Any]:
        return [{"role": "tool", "tool_call_id": one, "content": text} for one in self.ids]

    def turn(self, *, stream: bool, tools: bool = False, thinks: bool = False) -> Said:
        asked: dict[str, Any] = {"model": self.model, "messages": self.turns}
        if tools:
            function = {"name": TOOL, "description": "Runs it", "parameters": SCHEMA}
            asked["tools"] = [{"type": "function", "function": function}]
        if thinks:
            asked["reasoning_effort"] = "low"
        if stream:
            counted: Any = {"include_usage": True}
            with self.sdk.chat.completions.stream(**asked, stream_options=counted) as streamed:
                completion = streamed.get_final_completion()
        else:
            completion = self.sdk.chat.completions.create(**asked)
        (choice,) = completion.choices
        message, usage = choice.message, completion.usage
        assert usage is not None
        self.turns.append(message.model_dump(exclude_none=True, exclude={"parsed"}))
        said = Said(message.content or "", reason=choice.finish_reason)
        said.usage = (usage.prompt_tokens, usage.completion_tokens)
        said.thinking = (message.model_extra or {}).get("reasoning_content") or ""
        for call in message.tool_calls or ():
            assert call.type == "function"
            self.ids.append(call.id)
            said.calls.append((call.function.name, json.loads(call.function.arguments)))
        return said


class Responses(Client):
    def connect(self, url: str, key: str) -> None:
        self.sdk = openai_sdk(url, key)

    def content(self, text: str, picture: bool) -> Any:
        image = {"type": "input_image", "detail": "auto", "image_url": f"data:image/png;base64,{PNG}"}
        return [*([image] if picture else []), {"type": "input_text", "text": text}]

    def answered(self, text: str) -> list[Any]:
        return [{"type": "function_call_output", "call_id": one, "output": text} for one in self.ids]

    def turn(self, *, stream: bool, tools: bool = False, thinks: bool = False) -> Said:
        asked: dict[str, Any] = {"model": self.model, "input": self.turns, "store": False}
        if tools:
            function = {"name": TOOL, "description": "Runs it", "parameters": SCHEMA, "strict": False}
            asked["tools"] = [{"type": "function", **function}]
        if thinks:
            asked["reasoning"] = {"effort": "low", "summary": "auto"}
        if stream:
            with self.sdk.responses.stream(**asked) as streamed:
                response = streamed.get_final_response()
        else:
            response = self.sdk.responses.create(**asked)
        usage = response.usage
        assert usage is not None
        said = Said(response.output_text, reason=response.status)
        said.usage = (usage.input_tokens, usage.output_tokens)
        for item in response.output:
            self.turns.append(item.model_dump(exclude_none=True, exclude={"parsed", "parsed_arguments"}))
            if item.type == "reasoning":
                said.thinking += "".join(part.text for part in item.summary)
            elif item.type == "function_call":
                self.ids.append(item.call_id)
                said.calls.append((item.name, json.loads(item.arguments)))
        return said


CLIENTS: dict[str, type[Client]] = {"messages": Messages, "chat": Chat, "responses": Responses}
