"""The ways in which models write tool calls as text, each read into names and arguments.

Every form has an opening mark, closing marks, a look at what follows the opening that tells whether it can become a
call, and a reading of the whole. Sources: chat templates of Hermes, Qwen3, Qwen3-Coder, GLM-4.5, Kimi-K2, MiniMax-M2,
M3, Nemotron, LongCat, Seed-OSS; the harmony format of gpt-oss (cookbook.openai.com/articles/openai-harmony).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import Any, Literal

import msgspec

from translators.lenient_json import Unfinished, read

NAMESPACE = "]<]minimax[>["
"""MiniMax-M3 puts this before each of its tags."""

_NAME = re.compile(r"[\w.:/-]+")
_FUNCTION = re.compile(r"\s*<function=([^>\s]+)\s*>")
_INVOKE = re.compile(r"\s*<invoke name=\"([^\"]+)\"\s*>")
_PARAMETER = re.compile(
    r"\s*<parameter(?:=([^>\s]+)\s*| name=\"([^\"]+)\"[^>]*)>\n?(.*?)\n?</parameter>"
    r"(?=\s*(?:<parameter[= ]|</function>|</invoke>|\Z))",
    re.DOTALL,
)
_TAG = re.compile(r"\s*<([\w.-]+)>(.*?)</\1>", re.DOTALL)
_ARGUMENT = re.compile(
    r"\s*<arg_key>(.*?)</arg_key>\s*<arg_value>(.*?)</arg_value>(?=\s*(?:<arg_key>|\Z))", re.DOTALL
)
_KIMI = re.compile(
    r"\s*<\|tool_call_begin\|>\s*(?:functions\.)?([^\s<]*?)(?::\d+)?\s*<\|tool_call_argument_begin\|>"
)
_KIMI_END = re.compile(r"\s*(?:<\|tool_call_end\|>|\Z)")
_HARMONY = re.compile(
    r"(?:[^<]|<\|channel\|>){0,60}?\bto=functions\.([^\s<]+)(?:[^<]|<\|(?:channel|constrain)\|>){0,60}<\|message\|>"
)
_END = re.compile(r"\s*\Z")
_BLANKS = re.compile(r"\s*")
_HEADER = 120
"""Characters by which a harmony header must have come to its recipient."""


class Written(msgspec.Struct, frozen=True):
    """A call as it was written. `values`: of JSON, or texts whose types are the schema's to say."""

    name: str
    values: Any
    form: Literal["json", "texts", "tags"]


class Form(msgspec.Struct, frozen=True):
    closing: tuple[str, ...]
    possible: Callable[[str, Collection[str]], bool]
    """Whether text behind the opening can become a call of one of these names."""
    read: Callable[[str], list[Written] | None]
    """The calls between opening and closing; None if they are none. Raises Unfinished if the closing was not one."""


def _begins(text: str, *ways: str) -> bool:
    """`text` begins in one of these ways, or is the beginning of one."""
    return any(text.startswith(way) or way.startswith(text) for way in ways)


def _json_possible(text: str) -> bool:
    inner = text[1:].lstrip()
    return not inner or inner[0] in "\"'{}" or _NAME.match(inner) is not None


def _block_possible(text: str, names: Collection[str]) -> bool:
    text = text.replace(NAMESPACE, "").lstrip()
    if text[:1] in ("{", "["):
        return _json_possible(text)
    if text[:1] in ("<", "]"):
        return _begins(text, "<function=", "<invoke name=") or NAMESPACE.startswith(text)
    name = _NAME.match(text)
    if name is None:
        return not text
    return name[0] in names if name.end() < len(text) else any(one.startswith(name[0]) for one in names)


def _function_possible(text: str, names: Collection[str]) -> bool:
    name, end, _ = text.partition(">")
    return name.strip() in names if end else any(one.startswith(name) for one in names)


def _namespace_possible(text: str, _: Collection[str]) -> bool:
    text = text.lstrip()
    return _begins(text, "<tool_call>", "<minimax:tool_call>", "<invoke name=")


def _invoke_possible(text: str, _: Collection[str]) -> bool:
    return _begins(text.lstrip(), "<invoke name=", "<tool_call>", NAMESPACE)


def _section_possible(text: str, _: Collection[str]) -> bool:
    return _begins(text.lstrip(), "<|tool_call_begin|>")


def _call_possible(text: str, names: Collection[str]) -> bool:
    name, end, _ = text.partition("<|tool_call_argument_begin|>")
    if end:
        return _kimi_name(name.strip()) in names
    return len(name) <= _HEADER


def _kimi_name(written: str) -> str:
    return re.sub(r":\d+$", "", written.removeprefix("functions."))


def _harmony_possible(text: str, names: Collection[str]) -> bool:
    header, end, _ = text.partition("<|message|>")
    match = _HARMONY.match(header + "<|message|>")
    if end:
        return match is not None and match[1] in names
    return len(header) <= _HEADER and not header.lstrip().startswith("final")


def _read_block(text: str) -> list[Written] | None:
    """What stands in `<tool_call>` and in MiniMax's tags: JSON, functions, invocations, or a name and its arguments."""
    namespaced = NAMESPACE in text
    text = text.replace(NAMESPACE, "").strip()
    for tag in ("<tool_call>", "<minimax:tool_call>"):
        text = text.removeprefix(tag).lstrip()
    if text[:1] in ("{", "["):
        return _read_json(text)
    if text.startswith("<function="):
        return _read_elements(text, _FUNCTION, "</function>", tags=False)
    if text.startswith("<invoke "):
        return _read_elements(text, _INVOKE, "</invoke>", tags=namespaced)
    name = _NAME.match(text)
    if name is None:
        return None
    values, at = _pairs(text, name.end(), _ARGUMENT)
    if not _END.match(text, at):
        raise Unfinished(f"no argument at {at}")
    return [Written(name[0], values, "texts")]


def _read_json(text: str) -> list[Written] | None:
    calls: list[Any] = []
    at = 0
    while not _END.match(text, at):
        value, at = read(text, at)
        calls += value if isinstance(value, list) else [value]
    written = []
    for call in calls:
        if isinstance(call, dict) and isinstance(call.get("function"), dict):
            call = call["function"]
        if not isinstance(call, dict) or not isinstance(call.get("name"), str):
            return None
        written.append(Written(call["name"], call.get("arguments", call.get("parameters", {})), "json"))
    return written or None


def _read_elements(text: str, opening: re.Pattern[str], closing: str, *, tags: bool) -> list[Written] | None:
    """Elements with a name each, and parameters or (`tags`) elements named like parameters in them."""
    written: list[Written] = []
    at = 0
    while not _END.match(text, at):
        head = opening.match(text, at)
        if head is None:
            return None
        as_tags = tags and not text.startswith("<parameter", _blanks(text, head.end()))
        values, at = _pairs(text, head.end(), _TAG if as_tags else _PARAMETER)
        written.append(Written(head[1], values, "tags" if as_tags else "texts"))
        at = _blanks(text, at)
        if not text.startswith(closing, at):
            raise Unfinished(f"no {closing} at {at}")
        at += len(closing)
    return written or None


def _pairs(text: str, at: int, pattern: re.Pattern[str]) -> tuple[dict[str, str], int]:
    """Name and text of the matches of `pattern` that follow one another, and where they end."""
    found: dict[str, str] = {}
    while match := pattern.match(text, at):
        *names, value = match.groups()
        found[next(filter(None, names), "").strip()] = value
        at = match.end()
    return found, at


def _blanks(text: str, at: int) -> int:
    match = _BLANKS.match(text, at)
    return match.end() if match else at


def _read_section(text: str) -> list[Written] | None:
    written: list[Written] = []
    at = 0
    while not _END.match(text, at):
        head = _KIMI.match(text, at)
        if head is None or not head[1]:
            return None
        value, at = read(text, head.end())
        end = _KIMI_END.match(text, at)
        if end is None:
            return None
        at = end.end()
        written.append(Written(head[1], value, "json"))
    return written or None


def _read_call(text: str) -> list[Written] | None:
    return _read_section("<|tool_call_begin|>" + text)


def _read_function(text: str) -> list[Written] | None:
    return _read_elements(f"<function={text}</function>", _FUNCTION, "</function>", tags=False)


def _read_harmony(text: str) -> list[Written] | None:
    head = _HARMONY.match(text)
    if head is None:
        return None
    value, end = read(text, head.end())
    return [Written(head[1], value, "json")] if _END.match(text, end) else None


_MINIMAX = ("</tool_call>", "</minimax:tool_call>")
_HARMONY_ENDS = ("<|call|>", "<|end|>", "<|return|>")

FORMS: dict[str, Form] = {
    "<tool_call>": Form(("</tool_call>",), _block_possible, _read_block),
    "<TOOLCALL>": Form(("</TOOLCALL>",), _block_possible, _read_block),
    "<longcat_tool_call>": Form(("</longcat_tool_call>",), _block_possible, _read_block),
    "<seed:tool_call>": Form(("</seed:tool_call>",), _block_possible, _read_block),
    "<function=": Form(("</function>",), _function_possible, _read_function),
    "<minimax:tool_call>": Form(_MINIMAX, _invoke_possible, _read_block),
    NAMESPACE: Form(_MINIMAX, _namespace_possible, _read_block),
    "<|tool_calls_section_begin|>": Form(("<|tool_calls_section_end|>",), _section_possible, _read_section),
    "<|tool_call_begin|>": Form(("<|tool_call_end|>",), _call_possible, _read_call),
    "<|channel|>": Form(_HARMONY_ENDS, _harmony_possible, _read_harmony),
    "<|start|>assistant": Form(_HARMONY_ENDS, _harmony_possible, _read_harmony),
}
"""By their opening marks."""

STRAY = (
    "</tool_call>",
    "</function>",
    "<|tool_calls_section_end|>",
    "<|im_end|>",
    "</minimax:tool_call>",
    NAMESPACE,
)
"""Marks that some models repeat behind a call."""
