"""The options of a command, read from the signature that Typer reads."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import typer
from typer.models import ArgumentInfo, OptionInfo

from fcc.cli.help import argument, value


@dataclass(frozen=True, slots=True)
class Option:
    typed: str
    """As it is typed: `--port N`, `[PATH]`."""
    names: tuple[str, ...]
    """`--quiet`, `-q`; empty for an argument."""
    default: str
    doc: str


def options(function: Callable[..., Any]) -> list[Option]:
    """Arguments first, then options, each in their order."""
    hints = get_type_hints(
        function, {**vars(sys.modules[function.__module__]), "typer": typer}, include_extras=True
    )
    parameters = inspect.signature(function).parameters.values()
    found = [_option(one.name, hints[one.name], one.default) for one in parameters]
    return sorted(found, key=lambda one: bool(one.names))


def _option(name: str, hint: Any, default: Any) -> Option:
    assert get_origin(hint) is Annotated, f"{name} has no help"
    kind, info = get_args(hint)
    shown = (
        "" if default in (None, False, inspect.Parameter.empty) else str(getattr(default, "value", default))
    )
    if isinstance(info, ArgumentInfo):
        typed = info.metavar or argument(name, kind, default is inspect.Parameter.empty)
        return Option(typed, (), shown, info.help or "")
    assert isinstance(info, OptionInfo)
    said = (info.default, *(info.param_decls or ()))
    names = tuple(one for one in said if isinstance(one, str)) or (f"--{name.replace('_', '-')}",)
    typed = "" if kind is bool else f" {info.metavar or value(kind)}"
    return Option(", ".join(names) + typed, names, shown, info.help or "")
