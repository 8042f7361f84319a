"""Thinking that a model writes into its text: `<think>…</think>` and its relatives, harmony markers.

Upstreams that do not parse these leave them in the content, split over deltas as it happens. Only an opening
tag that stands first counts, so that a model may write *about* tags; a tag that never closes makes everything
thinking. A closing tag that stands first is the rest of an empty thought and goes; one further on is text, as
what came before it has long been said. Sources: chat templates of DeepSeek-R1, Qwen3, MiniMax-M2, GLM,
Magistral, Seed-OSS; the harmony format of gpt-oss (cookbook.openai.com/articles/openai-harmony).
"""

from __future__ import annotations

import re

from translators.events import Text, Thinking

_CLOSES = {"<think>": "</think>", "[THINK]": "[/THINK]", "<seed:think>": "</seed:think>"}
_HARMONY = ("<|channel|>", "<|start|>")
_FIRST = (*_CLOSES, *_CLOSES.values(), *_HARMONY)

_MARKER = re.compile(r"<\|(start|channel|message|end|return|call|constrain)\|>")
_RECIPIENT = re.compile(r"\bto=(functions\.[^\s<]+)")
_LONGEST_MARKER = len("<|constrain|>")


class ThinkingTags:
    """Text deltas in, `Text` and `Thinking` out. Once `plain` is True, all further text is text.

    `calls`: harmony messages to functions are left in the text, for `text_tools` to find.
    """

    def __init__(self, *, calls: bool = False) -> None:
        self._calls = calls
        self.plain = False
        self._held = ""
        self._close = ""
        """The tag that ends the thought being read; "" before one began."""
        self._over = False
        """A thought has ended; only blanks have come since."""
        self._harmony: _Harmony | None = None

    def feed(self, text: str) -> list[Text | Thinking]:
        if self.plain:
            return [Text(text)]
        if self._harmony:
            return self._harmony.feed(text)
        self._held += text
        if self._close:
            return self._inside()
        return self._blank() if self._over else self._start()

    def close(self) -> list[Text | Thinking]:
        """The text has ended: what was held back. Blanks alone are nothing."""
        held, self._held = self._held, ""
        if self._harmony:
            return self._harmony.close()
        if not held.strip():
            return []
        return [Thinking(held)] if self._close else [Text(held)]

    def _start(self) -> list[Text | Thinking]:
        held = self._held.lstrip()
        for tag in _FIRST:
            if held.startswith(tag):
                return self._opened(tag, held)
            if tag.startswith(held):
                return []
        return self._as_text()

    def _opened(self, tag: str, held: str) -> list[Text | Thinking]:
        if tag in _HARMONY:
            self._held = ""
            self._harmony = _Harmony(calls=self._calls)
            return self._harmony.feed(held)
        self._held = held[len(tag) :]
        if tag in _CLOSES:
            self._close = _CLOSES[tag]
            return self._inside()
        self._over = True
        return self._blank()

    def _inside(self) -> list[Text | Thinking]:
        thought, closed, rest = self._held.partition(self._close)
        if closed:
            self._held, self._close, self._over = rest, "", True
            return ([Thinking(thought)] if thought else []) + self._blank()
        keep = _overlap(thought, self._close)
        self._held = thought[len(thought) - keep :]
        thought = thought[: len(thought) - keep]
        return [Thinking(thought)] if thought else []

    def _blank(self) -> list[Text | Thinking]:
        """Blanks between a thought and what follows count only if text follows."""
        return self._as_text() if self._held.strip() else []

    def _as_text(self) -> list[Text | Thinking]:
        held, self._held, self.plain = self._held, "", True
        return [Text(held)]


class _Harmony:
    """Messages of the form `<|start|>role<|channel|>name<|message|>body<|end|>`; `final` is the text."""

    def __init__(self, *, calls: bool) -> None:
        self._calls = calls
        self._held = ""
        self._role = self._channel = ""
        """Either may name a recipient."""
        self._in = "end"
        """The last marker seen: what the text now coming belongs to."""
        self._calling = False
        """The message goes to a function."""

    def feed(self, text: str) -> list[Text | Thinking]:
        self._held += text
        out: list[Text | Thinking] = []
        position = 0
        for marker in _MARKER.finditer(self._held):
            self._say(self._held[position : marker.start()], out)
            self._mark(marker[1], out)
            position = marker.end()
        rest = self._held[position:]
        cut = rest.rfind("<", max(len(rest) - _LONGEST_MARKER, 0))
        if cut < 0 or not (rest[cut:].startswith("<|") or rest[cut:] == "<"):
            cut = len(rest)
        self._say(rest[:cut], out)
        self._held = rest[cut:]
        return out

    def close(self) -> list[Text | Thinking]:
        out: list[Text | Thinking] = []
        self._say(self._held, out)
        self._held = ""
        return out

    def _mark(self, marker: str, out: list[Text | Thinking]) -> None:
        if self._calling and marker != "constrain":
            self._calling = False
            out.append(Text("<|call|>"))
        addressed = marker == "message" and self._calls
        recipient = _RECIPIENT.search(f"{self._role} {self._channel}") if addressed else None
        if recipient:
            self._calling = True
            out.append(Text(f"<|channel|>commentary to={recipient[1]}<|message|>"))
        if marker == "start":
            self._role = self._channel = ""
        elif marker == "channel":
            self._channel = ""
        self._in = marker

    def _say(self, text: str, out: list[Text | Thinking]) -> None:
        if self._in == "channel":
            self._channel += text
        elif self._in == "start":
            self._role += text
        elif self._in == "message" and text:
            channel = self._channel.strip()
            is_text = self._calling or not channel or channel.startswith("final")
            out.append(Text(text) if is_text else Thinking(text))


def _overlap(text: str, tag: str) -> int:
    """Length of the longest end of `text` that begins `tag`."""
    for length in range(min(len(text), len(tag) - 1), 0, -1):
        if tag.startswith(text[-length:]):
            return length
    return 0
