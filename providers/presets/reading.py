"""NAME.toml to `Preset`. Every key is declared here with its type; one that is not, or does not fit, is an error.

Facts of models are declared by the fields of `translators.profile.Profile`, with the types written there.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from msgspec.structs import fields

from providers.presets import Auth, LimitDefault, ModelRow, Preset, StreamMode
from providers.rows import rows_of
from translators.profile import Dialect, Profile

_KEYS: dict[str, Any] = {
    "source": str,
    "base_url": str,
    "dialect": Dialect,
    "auth": Auth,
    "key_variables": tuple[str, ...],
    "headers": Mapping[str, str],
    "session_header": str,
    "stream": StreamMode,
    "poll": str,
}
_REQUIRED = ("source", "base_url")
_LIMIT: dict[str, Any] = {"count": int, "per": float, "at_once": int, "each": bool}


def read(name: str, data: bytes) -> Preset:
    """The preset in a file's bytes. Raises ValueError, naming the preset and what is wrong with it."""
    try:
        table = tomllib.loads(data.decode())
        return _preset(name, table)
    except ValueError as error:
        raise ValueError(f"preset {name}: {error}") from None


def _preset(name: str, table: dict[str, Any]) -> Preset:
    limit = table.pop("limit", None)
    failures = _tables("failures", table.pop("failures", []))
    models = _tables("models", table.pop("models", []))
    for key in _REQUIRED:
        if key not in table:
            raise ValueError(f"`{key}` is missing")
    return Preset(
        name=name,
        **_fitting(table, _KEYS, ""),
        limit=_limit(limit) if limit is not None else None,
        failures=rows_of(failures),
        rows=tuple(_model(model) for model in models),
    )


def _limit(table: dict[str, Any]) -> LimitDefault:
    if "count" not in table:
        raise ValueError("`limit.count` is missing")
    return LimitDefault(**_fitting(table, _LIMIT, "limit."))


def _tables(key: str, value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise ValueError(f"`{key}` is a list of tables")
    return value


def _model(table: dict[str, Any]) -> ModelRow:
    name = table.pop("id", None)
    if not isinstance(name, str) or not name:
        raise ValueError("a row of `models` needs an `id`")
    return ModelRow(name, _fitting(table, _facts(), f"models {name}: "))


def _fitting(table: Mapping[str, Any], declared: Mapping[str, Any], place: str) -> dict[str, Any]:
    """The values of `table`, lists as tuples. Raises ValueError for a key that is not declared or does not fit."""
    found: dict[str, Any] = {}
    for key, value in table.items():
        if key not in declared:
            raise ValueError(f"there is no key `{place}{key}`")
        if not _fits(value, declared[key]):
            raise ValueError(f"`{place}{key}` cannot be {value!r}")
        found[key] = tuple(value) if isinstance(value, list) else value
    return found


def _fits(value: Any, hint: Any) -> bool:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return any(_fits(value, one) for one in arguments)
    if origin is Literal:
        return value in arguments
    if origin is tuple:
        return isinstance(value, list) and all(_fits(one, arguments[0]) for one in value)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return isinstance(value, dict) and _all_fit(value.values(), arguments[1])
    if hint is Any:
        return True
    if isinstance(value, bool) or hint is bool:
        return isinstance(value, bool) and hint is bool
    if hint is float:
        return isinstance(value, int | float)
    return isinstance(value, hint)


def _all_fit(values: Iterable[Any], hint: Any) -> bool:
    return all(_fits(value, hint) for value in values)


@cache
def _facts() -> dict[str, Any]:
    hints = get_type_hints(Profile)
    return {one.name: hints[one.name] for one in fields(Profile)}
