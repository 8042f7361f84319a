"""What `fcc COMMAND --help` says: the words of the documentation, whatever the version of Typer would say by itself."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_type_hints

import typer
from typer.core import TyperCommand
from typer.models import ArgumentInfo


class Command(TyperCommand):
    """Arguments are called in the usage and in their list as they are in the documentation: FILE, [PATH]."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        arguments = [one.metavar or "" for one in self.params if one.param_type_name == "argument"]
        return ["[OPTIONS]", *arguments]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        rows: dict[str, list[tuple[str, str]]] = {"argument": [], "option": []}
        for one in self.get_params(ctx):
            record = one.get_help_record(ctx)
            if record is not None:
                argument = one.param_type_name == "argument"
                rows[one.param_type_name].append((one.metavar or "", record[1]) if argument else record)
        for kind, found in rows.items():
            if found:
                with formatter.section(f"{kind.capitalize()}s"):
                    formatter.write_dl(found)


def name_values(function: Callable[..., Any]) -> None:
    """Give each value of a command its name, where the command does not."""
    names = {**vars(sys.modules[function.__module__]), "typer": typer}
    hints = get_type_hints(function, names, include_extras=True)
    for one in inspect.signature(function).parameters.values():
        kind, info = get_args(hints[one.name])
        if kind is not bool and info.metavar is None:
            required = one.default is one.empty
            info.metavar = (
                argument(one.name, kind, required) if isinstance(info, ArgumentInfo) else value(kind)
            )
    function.__annotations__ = hints


def argument(name: str, kind: Any, required: bool) -> str:
    """An argument's words, or its name; in brackets when it may be left out."""
    word = value(kind)
    word = word if "|" in word else name.upper()
    return word if required else f"[{word}]"


def value(kind: Any) -> str:
    """What stands for a value of a type: N, PATH, TEXT, or its words."""
    inner = [one for one in get_args(kind) if one is not NoneType]
    if inner:
        return value(inner[0])
    if issubclass(kind, Enum):
        return "|".join(str(one.value) for one in kind)
    return {int: "N", float: "N", Path: "PATH"}.get(kind, "TEXT")
