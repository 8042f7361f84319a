"""TOML values to the types that `rules.settings` declares."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from rules.literals import duration
from rules.suggest import did_you_mean

ENV = "env:"
NOT_FINITE = "infinity and `nan` are no amounts"

_DURATION = re.compile(r"\d[\d_]*(?:\.\d+)?(?:ms|s|m|h)")
_SHARE = re.compile(r"(\d+(?:\.\d+)?)%")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
WORDS = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text in quotes",
    tuple: "a list in […]",
    dict: "a table",
    NoneType: "nothing",
}


class WrongTypeError(Exception):
    """The value has another type; the text says which is expected. `path` leads to the part that is wrong."""

    def __init__(self, expected: str, path: tuple[str | int, ...] = ()) -> None:
        super().__init__(expected)
        self.expected = expected
        self.path = path


class InvalidError(Exception):
    """The type is right and the value is not."""

    def __init__(self, message: str, advice: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice


def convert(value: Any, hint: Any, metadata: Mapping[str, Any]) -> Any:
    """The value as its field wants it. Raises `WrongTypeError` and `InvalidError`."""
    if metadata.get("seconds"):
        return _within(_seconds(value), {"least": 0, **metadata})
    if metadata.get("share"):
        return _share(value)
    variable = variable_of(value)
    if variable is not None and not metadata.get("env"):
        raise InvalidError("this key is not read from the environment", "write the value itself")
    if variable is not None and not _VARIABLE.fullmatch(variable):
        raise InvalidError(f"`{variable}` is no name of a variable", 'write "env:NAME"')
    return _within(_typed(value, hint), metadata)


def variable_of(value: Any) -> str | None:
    """`NAME` of `"env:NAME"`; None for any other value."""
    return value[len(ENV) :].strip() if isinstance(value, str) and value.startswith(ENV) else None


def _typed(value: Any, hint: Any) -> Any:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return _one_of(value, [one for one in arguments if one is not NoneType])
    if origin is Literal:
        return _word(value, arguments)
    if origin is tuple:
        return _list(value, arguments[0])
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return _table(value, arguments[1])
    if hint is Any:
        return value
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return value
    if not isinstance(value, hint) or (hint is not bool and isinstance(value, bool)):
        raise WrongTypeError(WORDS[hint])
    if isinstance(value, float) and not math.isfinite(value):
        raise InvalidError(NOT_FINITE)
    return value


def _one_of(value: Any, hints: list[Any]) -> Any:
    expected = []
    for hint in hints:
        try:
            return _typed(value, hint)
        except WrongTypeError as error:
            if error.path or len(hints) == 1:
                raise
            expected.append(error.expected)
    raise WrongTypeError(" or ".join(expected))


def _word(value: Any, words: tuple[str, ...]) -> str:
    listed = ", ".join(f"`{word}`" for word in words)
    if not isinstance(value, str):
        raise WrongTypeError(f"one of {listed}")
    if value not in words:
        close = did_you_mean(value, words)
        raise InvalidError(f"`{value}` is not one of {listed}", f"did you mean `{close}`?" if close else None)
    return value


def _list(value: Any, hint: Any) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise WrongTypeError(WORDS[tuple])
    found = []
    for index, one in enumerate(value):
        try:
            found.append(_typed(one, hint))
        except WrongTypeError as error:
            raise WrongTypeError(error.expected, (index, *error.path)) from None
    return tuple(found)


def _table(value: Any, hint: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise WrongTypeError(WORDS[dict])
    found = {}
    for name, one in value.items():
        try:
            found[name] = _typed(one, hint)
        except WrongTypeError as error:
            raise WrongTypeError(error.expected, (name, *error.path)) from None
    return found


def _seconds(value: Any) -> float:
    if isinstance(value, str):
        if not _DURATION.fullmatch(value):
            raise InvalidError(f'"{value}" is no duration', 'write a number and `ms`, `s`, `m` or `h`: "30s"')
        return duration(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise WrongTypeError('a duration such as "30s"')
    if not math.isfinite(value):
        raise InvalidError(NOT_FINITE)
    return float(value)


def _share(value: Any) -> float:
    match = _SHARE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise WrongTypeError('a share such as "20%"')
    share = float(match[1]) / 100
    if share > 1:
        raise InvalidError("a share is at most 100%")
    return share


def _within(value: Any, metadata: Mapping[str, Any]) -> Any:
    least, most = metadata.get("least"), metadata.get("most")
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    if least is not None and value < least:
        raise InvalidError(f"{value:g} is too small", f"{least} is the least")
    if most is not None and value > most:
        raise InvalidError(f"{value:g} is too large", f"{most} is the most")
    return value
