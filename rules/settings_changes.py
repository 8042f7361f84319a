"""The tables of two files compared, key by key. Nothing that may be a secret is told: only that it changed."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from rules.masking import is_secret
from rules.policy_types import Policy
from rules.settings import Settings
from rules.values import variable_of

HIDDEN = "(hidden)"


class SettingChange(msgspec.Struct, frozen=True):
    key: str
    """`server.port`, `providers.work.base_url`, `models.zen/a.context`."""
    old: Any
    """None: not said."""
    new: Any


class OfferChange(msgspec.Struct, frozen=True):
    """One entry of the model picker. `old` and `new` are its label and its place among the entries of both files,
    counted from one; None: it is not there."""

    id: str
    thinking: str
    old: Mapping[str, Any] | None
    new: Mapping[str, Any] | None


def setting_changes(old: Settings, new: Settings) -> list[SettingChange]:
    """Every key that differs, defaults filled in, in the order of the declarations."""
    before, after = dict(_flat(old)), dict(_flat(new))
    keys = list(dict.fromkeys([*before, *after]))
    return [
        SettingChange(".".join(key), _told(before.get(key)), _told(after.get(key)))
        for key in keys
        if before.get(key) != after.get(key)
    ]


class _Said(msgspec.Struct, frozen=True):
    value: Any
    hidden: bool


def _flat(settings: Settings) -> Iterator[tuple[tuple[str, ...], _Said]]:
    for field in dataclasses.fields(settings):
        table = getattr(settings, field.name)
        if not isinstance(table, Mapping):
            yield from _keys((field.name,), table)
            continue
        for name, one in table.items():
            yield (field.name, name), _Said("declared", False)
            yield from _keys((field.name, name), one)


def _keys(path: tuple[str, ...], table: Any) -> Iterator[tuple[tuple[str, ...], _Said]]:
    for field in dataclasses.fields(table):
        value = getattr(table, field.name)
        if value is None or (isinstance(value, tuple | Mapping) and not value):
            continue
        if isinstance(value, Mapping):
            for name, one in value.items():
                yield (
                    (*path, field.name, str(name)),
                    _Said(one, field.name == "headers" or is_secret(str(name))),
                )
        else:
            yield (*path, field.name), _Said(value, _secret(value, field.metadata))


def _secret(value: Any, metadata: Mapping[str, Any]) -> bool:
    """Texts that belong into the environment and are not read from there, and addresses with a password."""
    listed = value if isinstance(value, tuple) else (value,)
    texts = [one for one in listed if isinstance(one, str) and one]
    if metadata.get("env"):
        return any(variable_of(one) is None for one in texts)
    return any("@" in one for one in texts)


def _told(said: _Said | None) -> Any:
    if said is None:
        return None
    if said.hidden:
        return HIDDEN
    return list(said.value) if isinstance(said.value, tuple) else said.value


def offer_changes(old: Policy, new: Policy) -> list[OfferChange]:
    """Entries of the picker that came, went, moved or are called otherwise."""
    before = {(one.id, one.thinking): one.label for one in reversed(old.offers)}
    after = {(one.id, one.thinking): one.label for one in reversed(new.offers)}
    both = before.keys() & after.keys()
    old_places, new_places = _places(old, both), _places(new, both)

    def shown(entry: tuple[str, str], labels: Mapping[Any, Any], places: Mapping[Any, int]) -> Any:
        return {"label": labels[entry], "place": places.get(entry)} if entry in labels else None

    found = []
    for entry in dict.fromkeys((one.id, one.thinking) for one in (*old.offers, *new.offers)):
        pair = shown(entry, before, old_places), shown(entry, after, new_places)
        if pair[0] != pair[1]:
            found.append(OfferChange(*entry, *pair))
    return found


def _places(policy: Policy, both: Any) -> dict[tuple[str, str], int]:
    listed = dict.fromkeys((one.id, one.thinking) for one in policy.offers)
    return {entry: number for number, entry in enumerate((one for one in listed if one in both), 1)}
