"""The demo's screen: what happens, line by line, and the answer as it arrives. Plain where there is no terminal."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.text import Text

INDENT = "  "


class Show:
    """Prints to stdout. `told` is what the upstreams say of themselves."""

    def __init__(self) -> None:
        self.console = Console(highlight=False, soft_wrap=False)
        self.began = time.perf_counter()
        self._column = 0
        self._later: list[tuple[str, str]] = []

    def restart(self) -> None:
        """The request leaves now."""
        self.began = time.perf_counter()

    def heading(self, text: str) -> None:
        self._end_line()
        self.console.print(Text(text, style="bold"))

    def line(self, text: str, style: str = "") -> None:
        self._end_line()
        self.console.print(Text(INDENT + text, style=style))

    def told(self, text: str, style: str = "cyan") -> None:
        """With the seconds since the request left."""
        self.line(f"{time.perf_counter() - self.began:5.2f} s  {text}", style)

    def piece(self, text: str, style: str) -> None:
        """A piece of an answer, behind the one before it; broken between words at the edge of the screen."""
        width = min(self.console.width, 100)
        if self._column + len(text) > width:
            self._end_line()
            text = text.lstrip()
        if not self._column:
            text = INDENT + text
        self.console.print(Text(text, style=style), end="", soft_wrap=True)
        self.console.file.flush()
        self._column += len(text)

    def event(self, name: str, data: Mapping[str, Any]) -> None:
        """One event of the stream, as a person should see it."""
        if name == "content_block_start":
            self._block(data["content_block"])
        elif name == "content_block_delta":
            delta = data["delta"]
            if delta["type"] == "thinking_delta":
                self.piece(delta["thinking"], "dim italic")
            elif delta["type"] == "text_delta":
                self.piece(delta["text"], "")
            elif delta["type"] == "input_json_delta":
                self.piece(delta["partial_json"], "magenta")
        elif name == "content_block_stop":
            self._end_line()
        elif name == "error":
            self.line(data["error"]["message"], "red")

    def _block(self, block: Mapping[str, Any]) -> None:
        self._end_line()
        self.console.print()
        name = f"tool {block['name']}" if block["type"] == "tool_use" else block["type"]
        self.console.print(Text(name, style="bold"))

    def later(self, heading: str, text: str) -> None:
        """To be shown by `rest`, so that it does not fall into the middle of an answer."""
        self._later.append((heading, text))

    def rest(self) -> None:
        for heading, text in self._later:
            self.heading(heading)
            self.line(text)
        self._later.clear()

    def blank(self) -> None:
        self._end_line()
        self.console.print()

    def _end_line(self) -> None:
        if self._column:
            self.console.print()
            self._column = 0
