"""The tables of a file to `Settings`, by the declarations in `rules.settings`.

What cannot be read is reported with its place and left at its default, so that one run finds everything.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, get_args, get_origin, get_type_hints

from rules.diagnostics import Diagnostic, Edit, Fix
from rules.settings import Settings
from rules.source import Source
from rules.suggest import did_you_mean
from rules.toml_scanner import Path
from rules.values import WORDS, InvalidError, WrongTypeError, convert, variable_of

RULES = "rules"
SPELLINGS = {
    "true": True,
    "yes": True,
    "on": True,
    "1": True,
    "false": False,
    "no": False,
    "off": False,
    "0": False,
}
"""What a variable may say for true and false, in any letter case."""


@cache
def hints(kind: type) -> dict[str, Any]:
    """The types of a dataclass's fields."""
    return get_type_hints(kind)


def read(source: Source, env: Mapping[str, str]) -> tuple[Settings, list[Diagnostic]]:
    """The settings, with defaults for what is not said or is wrong; `env` is what `[defaults]` may name."""
    reader = _Reader(source, env)
    values: dict[str, Any] = {}
    known = hints(Settings)
    for name, table in source.tables.items():
        if name == RULES:
            reader.rules(table)
        elif name not in known:
            reader.unknown_table(name, table, known)
        elif get_origin(known[name]) is None:
            values[name] = reader.table(known[name], table, (name,))
        else:
            values[name] = reader.named(get_args(known[name])[1], table, (name,))
    if RULES not in source.tables and source.rules is None:
        reader.missing_rules()
    return Settings(**values), reader.findings


class _Reader:
    def __init__(self, source: Source, env: Mapping[str, str]) -> None:
        self.source = source
        self.env = env
        self.findings: list[Diagnostic] = []

    def named(self, kind: type, table: Any, path: Path) -> Mapping[str, Any]:
        """`[providers.NAME]`: one dataclass for each name."""
        if not isinstance(table, dict):
            self._not_a_table(path)
            return {}
        return MappingProxyType({name: self.table(kind, one, (*path, name)) for name, one in table.items()})

    def table(self, kind: type, table: Any, path: Path) -> Any:
        """One dataclass from one table."""
        if not isinstance(table, dict):
            self._not_a_table(path)
            return kind()
        fields = {field.name: field for field in dataclasses.fields(kind)}  # ty: ignore[invalid-argument-type]
        values = {}
        for name, value in table.items():
            if name not in fields:
                self._unknown_key(name, path, fields)
                continue
            found = self._value(value, hints(kind)[name], fields[name].metadata, (*path, name))
            if found is not None:
                values[name] = found
        return kind(**values)

    def _value(self, value: Any, hint: Any, metadata: Mapping[str, Any], path: Path) -> Any:
        """The value, or None when it is reported."""
        try:
            found = convert(value, hint, metadata)
            return self._switch(found) if path == ("defaults", "thinking") else found
        except WrongTypeError as error:
            inner = (*path, *error.path)
            place = self.source.place(*inner).value
            message = (
                f"`{'.'.join(map(str, inner))}` is {error.expected}, not {_described(value, error.path)}"
            )
            self._report("FCC004", message, place, help=_quoted(value, error))
        except InvalidError as error:
            self._report("FCC009", error.message, self.source.place(*path).value, help=error.advice)
        return None

    def _switch(self, value: bool | str) -> bool | None:
        """A flag, read from the variable it names; None when that is unset."""
        if isinstance(value, bool):
            return value
        variable = variable_of(value)
        if variable is None:
            raise WrongTypeError('true, false or "env:NAME"')
        said = self.env.get(variable, "").strip().lower()
        if said and said not in SPELLINGS:
            raise InvalidError(
                f"the variable {variable} says neither true nor false", "set it to true or false"
            )
        return SPELLINGS.get(said)

    # --- findings -----------------------------------------------------------------------------------------

    def _report(self, code: str, message: str, place: Any, **extra: Any) -> None:
        self.findings.append(Diagnostic(code, "error", message, place, **extra))

    def rules(self, value: Any) -> None:
        if not isinstance(value, str):
            place = self.source.place(RULES).value
            self._report("FCC004", f"`rules` is text between ''', not {_described(value)}", place)

    def missing_rules(self) -> None:
        """No `rules` at the top: it may stand below a table's header, where it belongs to that table."""
        for path, place in self.source.places.items():
            if len(path) == 2 and path[-1] == RULES:
                message = f"`rules` stands in the table `[{path[0]}]`"
                self._report("FCC005", message, place.key, help="move it above the first table")
                return
        start = self.source.place().key
        advice = "begin with rules = '''…'''; it says which model answers what"
        self._report("FCC005", "there is no `rules`", start, help=advice)

    def unknown_table(self, name: str, value: Any, known: Iterable[str]) -> None:
        place = self.source.place(name).key
        if isinstance(value, dict | list):
            self._suggest("FCC002", f"there is no table `[{name}]`", name, (*known, RULES), place)
            return
        homes = [table for table in known if name in _keys(table)]
        if homes:
            message = f"`{name}` is no key of the file, but of `[{homes[0]}]`"
            self._report("FCC003", message, place, help=f"move it below `[{homes[0]}]`")
        else:
            self._suggest("FCC003", f"there is no key `{name}` at the top of the file", name, (RULES,), place)

    def _unknown_key(self, name: str, path: Path, fields: Mapping[str, Any]) -> None:
        if name == RULES:
            return
        table = ".".join(map(str, path))
        self._suggest(
            "FCC003", f"`[{table}]` has no key `{name}`", name, fields, self.source.place(*path, name).key
        )

    def _suggest(self, code: str, message: str, name: str, known: Iterable[str], place: Any) -> None:
        names = list(known)
        close = did_you_mean(name, names)
        if close is None:
            listed = ", ".join(f"`{one}`" for one in names)
            self._report(code, message, place, help=f"it may be {listed}")
            return
        fix = Fix(f"write `{close}`", (Edit(place, close),), safe=False)
        self._report(code, message, place, help=f"did you mean `{close}`?", fix=fix)

    def _not_a_table(self, path: Path) -> None:
        name = ".".join(map(str, path))
        place = self.source.place(*path)
        message = f"`{name}` is a table"
        advice = f"begin it with `[{name}]`, once" if place.kind == "array" else f"write it below `[{name}]`"
        self._report("FCC004", message, place.key, help=advice)


def _keys(table: str) -> dict[str, Any]:
    hint = hints(Settings)[table]
    return hints(hint) if get_origin(hint) is None else {}


def _described(value: Any, path: Path = ()) -> str:
    for step in path:
        value = value[step]
    kind = tuple if isinstance(value, list) else type(value)
    return WORDS.get(kind, "a date or time")


def _quoted(value: Any, error: WrongTypeError) -> str | None:
    """What to change, when only the quotes are wrong."""
    for step in error.path:
        value = value[step]
    bare = isinstance(value, str) and (value in ("true", "false") or value.replace("_", "").isdigit())
    if bare and "quotes" not in error.expected:
        return f"write {value} without quotes"
    if "quotes" in error.expected and isinstance(value, int | float):
        return f'write "{str(value).lower()}"'
    return None
