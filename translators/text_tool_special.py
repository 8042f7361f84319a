"""Calls as DeepSeek, Kimi K3 and Mistral write them: with special tokens, seen when nobody parses them.

DeepSeek since V3.2, behind `tool_calls`, `function_calls`, or neither; some bars are doubled:

    <｜DSML｜tool_calls>
    <｜DSML｜invoke name="read">
    <｜DSML｜parameter name="path" string="true">a</｜DSML｜parameter>
    </｜DSML｜invoke>
    </｜DSML｜tool_calls>

Kimi K3:

    <|open|>tools<|sep|><|open|>call tool="read" index="1"<|sep|>
    <|open|>argument key="path" type="string"<|sep|>a<|close|>argument<|sep|>
    <|close|>call<|sep|><|close|>tools<|sep|>

DeepSeek before V3.2, the arguments in a fence (V3, R1) or not (V3.1):

    <｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>read
    ```json
    {"path": "a"}
    ```<｜tool▁call▁end｜><｜tool▁calls▁end｜>

Mistral, to the end of the answer:

    [TOOL_CALLS]read[ARGS]{"path": "a"}

Sources: chat templates of DeepSeek-V3, DeepSeek-V3.1, Mistral-Small-3.2; sgl-project/sglang#40236,
lsdefine/GenericAgent#804, getsigit/sigit#92, can1357/oh-my-pi#8495.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Collection
from typing import Any, Literal

from translators.lenient_json import Unfinished, read
from translators.text_tool_forms import FORMS, Form, Written

_BAR, _BARS = "｜DSML｜", "｜｜DSML｜｜"
_INVOKE = re.compile(r'\s*<｜DSML｜invoke name="([^"]*)"\s*>')
_PARAMETER = re.compile(
    r'\s*<｜DSML｜parameter name="([^"]*)"(?: string="(\w*)")?\s*>(.*?)</｜DSML｜parameter>'
    r"(?=\s*(?:<｜DSML｜parameter|</｜DSML｜invoke>|\Z))",
    re.DOTALL,
)
_INVOKE_END = re.compile(r"\s*</｜DSML｜invoke>")
_CALL = re.compile(r'\s*<\|open\|>call tool="([^"]*)"[^<]*<\|sep\|>')
_ARGUMENT = re.compile(
    r'\s*<\|open\|>argument key="([^"]*)"(?: type="(\w*)")?[^<]*<\|sep\|>(.*?)<\|close\|>argument<\|sep\|>'
    r"(?=\s*(?:<\|open\|>argument|<\|close\|>call))",
    re.DOTALL,
)
_CALL_END = re.compile(r"\s*<\|close\|>call<\|sep\|>")
_REST = re.compile(r"\s*\Z")
_SEP = "<｜tool▁sep｜>"
_OLD_CALL = re.compile(rf"\s*<｜tool▁call▁begin｜>(?:function{_SEP})?([\w.:/-]+)(?:{_SEP}|\s*```json)")
_OLD_END = re.compile(r"\s*(?:```)?\s*<｜tool▁call▁end｜>")
_MISTRAL_CALL = re.compile(r"\s*(?:\[TOOL_CALLS\])?\s*([\w.:/-]+)(?:\[CALL_ID\]\w+)?(?:\[ARGS\])?(?=\s*\{)")
_NOTHING = re.compile("")


def _named(text: str, opening: str, names: Collection[str]) -> bool:
    """Whether `text` is `opening`, a declared name in quotes and so on, or the beginning of that."""
    text = text.lstrip()
    if not text.startswith(opening):
        return opening.startswith(text)
    name, end, _ = text[len(opening) :].partition('"')
    return name in names if end else any(one.startswith(name) for one in names)


def _section_possible(text: str, names: Collection[str]) -> bool:
    bar = _BARS if text.lstrip()[2:3] == _BAR[0] else _BAR
    return _named(text, f'<{bar}invoke name="', names)


def _invoke_possible(text: str, names: Collection[str]) -> bool:
    return _named(text, 'name="', names)


def _tools_possible(text: str, names: Collection[str]) -> bool:
    return _named(text, '<|open|>call tool="', names)


def _read_section(text: str) -> list[Written] | None:
    return _elements(text.replace(_BARS, _BAR), _INVOKE, _PARAMETER, _INVOKE_END)


def _read_invoke(text: str) -> list[Written] | None:
    return _read_section(f"<{_BAR}invoke {text}</{_BAR}invoke>")


def _read_tools(text: str) -> list[Written] | None:
    return _elements(text, _CALL, _ARGUMENT, _CALL_END)


def _old_possible(text: str, _: Collection[str]) -> bool:
    text, opening = text.lstrip(), "<｜tool▁call▁begin｜>"
    return text.startswith(opening) or opening.startswith(text)


def _mistral_possible(text: str, names: Collection[str]) -> bool:
    text = text.lstrip()
    name = re.match(r"[\w.:/-]*", text)
    if not text or name is None or text[0] == "[":
        return True
    return name[0] in names if name.end() < len(text) else any(one.startswith(name[0]) for one in names)


def _read_old(text: str) -> list[Written] | None:
    return _with_json(text, _OLD_CALL, _OLD_END)


def _read_mistral(text: str) -> list[Written] | None:
    if text.lstrip().startswith("["):
        return FORMS["<tool_call>"].read(text)
    return _with_json(text, _MISTRAL_CALL, _NOTHING)


def _elements(
    text: str, opening: re.Pattern[str], argument: re.Pattern[str], closing: re.Pattern[str]
) -> list[Written] | None:
    """Calls with arguments in them, or one JSON object. Raises Unfinished, ValueError."""

    def arguments(at: int) -> tuple[Any, int]:
        values: dict[str, Any] = {}
        while match := argument.match(text, at):
            values[html.unescape(match[1])] = _value(match[3], match[2])
            at = match.end()
        return read(text, at) if not values and text[at:].lstrip().startswith("{") else (values, at)

    return _calls(text, opening, arguments, closing, "texts")


def _with_json(text: str, opening: re.Pattern[str], closing: re.Pattern[str]) -> list[Written] | None:
    """Calls with one JSON object each. Raises Unfinished, ValueError."""
    return _calls(text, opening, lambda at: read(text, at), closing, "json")


def _calls(
    text: str,
    opening: re.Pattern[str],
    arguments: Callable[[int], tuple[Any, int]],
    closing: re.Pattern[str],
    form: Literal["json", "texts"],
) -> list[Written] | None:
    """Calls one after the other. `arguments`: those that begin at a place, and where they end. Raises Unfinished."""
    written: list[Written] = []
    at = 0
    while not _REST.match(text, at):
        head = opening.match(text, at)
        if head is None:
            return None
        values, at = arguments(head.end())
        end = closing.match(text, at)
        if end is None:
            raise Unfinished(f"the call at {head.start()} has no end")
        at = end.end()
        written.append(Written(html.unescape(head[1]), values, form))
    return written or None


def _value(text: str, kind: str | None) -> Any:
    """A value that is said to be a string, or to be JSON; the schema has the last word on strings."""
    if kind in (None, "true", "string"):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def _section(bar: str) -> dict[str, Form]:
    invoke = f"</{bar}invoke>"
    return {
        f"<{bar}tool_calls>": Form((f"</{bar}tool_calls>",), _section_possible, _read_section),
        f"<{bar}function_calls>": Form((f"</{bar}function_calls>",), _section_possible, _read_section),
        f"<{bar}invoke ": Form((invoke,), _invoke_possible, _read_invoke),
    }


SPECIAL_FORMS: dict[str, Form] = {
    **_section(_BAR),
    **_section(_BARS),
    "<|open|>tools<|sep|>": Form(("<|close|>tools<|sep|>",), _tools_possible, _read_tools),
    "<｜tool▁calls▁begin｜>": Form(("<｜tool▁calls▁end｜>",), _old_possible, _read_old),
    "[TOOL_CALLS]": Form((), _mistral_possible, _read_mistral),
}
"""By their opening marks."""
