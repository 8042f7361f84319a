"""Providers that fcc knows: one NAME.toml each, read when it is first asked for.

    catalogue()["zen"]  ─▶  zen.toml ─▶ reading.py (every key checked) ─▶ Preset

A preset is data: where the endpoint is, what it speaks, which variables may hold its key, how fast it may be asked,
what its own errors mean, and what is known of its models. Facts of models come from rows that are merged in the order
of the file: `*` first, then families, then single ids. Nothing else in the house tests a provider's or model's name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec.structs import replace

from providers.presets.globs import is_plain, matches
from providers.rows import Row
from translators.profile import DEFAULT, Dialect, Profile

Auth = Literal["bearer", "x-api-key", "x-goog-api-key", "none"]
StreamMode = Literal["always", "as asked", "never"]


class LimitDefault(msgspec.Struct, frozen=True):
    """How fast the provider may be asked where routes.toml has no `limit` for it: per key, a sliding window."""

    count: int
    per: float = 60.0
    """Seconds."""
    at_once: int | None = None
    each: bool = False
    """One bucket for each model, not one for all."""


class ModelRow(msgspec.Struct, frozen=True):
    """Facts of the models whose id matches `id`: one id, or a glob with `*` and `?`."""

    id: str
    facts: Mapping[str, Any]
    """Fields of `Profile`."""


class Preset(msgspec.Struct, frozen=True):
    """Satisfies `rules.catalogue.KnownProvider`."""

    name: str
    source: str
    """Pages that the facts were taken from."""
    base_url: str
    dialect: Dialect = "openai-chat"
    """Of models no row says otherwise for."""
    auth: Auth | None = None
    """None: as the model's dialect has it."""
    key_variables: tuple[str, ...] = ()
    headers: Mapping[str, str] = msgspec.field(default_factory=dict)
    session_header: str | None = None
    """Header that gets one opaque, stable id for each conversation."""
    stream: StreamMode = "always"
    poll: str | None = None
    """Address that has the answer to a 202; `{id}` is what its NVCF-REQID said."""
    limit: LimitDefault | None = None
    failures: tuple[Row, ...] = ()
    rows: tuple[ModelRow, ...] = ()

    @property
    def models(self) -> Mapping[str, Profile]:
        """The models that a row names by their whole id."""
        return {row.id: self.profile(row.id) for row in self.rows if is_plain(row.id)}

    def profile(self, model: str) -> Profile:
        """What is known of a model; for an unknown one what holds for the provider, else the defaults."""
        facts: dict[str, Any] = {"dialect": self.dialect}
        for row in self.rows:
            if matches(row.id, model):
                facts.update(row.facts)
        return replace(DEFAULT, **facts)


class _Catalogue(Mapping[str, Preset]):
    """Names from the folder, presets when they are asked for."""

    def __init__(self, folder: Path) -> None:
        self._files = {path.stem: path for path in sorted(folder.glob("*.toml"))}
        self._read: dict[str, Preset] = {}

    def __getitem__(self, name: str) -> Preset:
        preset = self._read.get(name)
        if preset is None:
            from providers.presets.reading import read

            preset = self._read[name] = read(name, self._files[name].read_bytes())
        return preset

    def __contains__(self, name: object) -> bool:
        return name in self._files

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)


@cache
def catalogue() -> Mapping[str, Preset]:
    """All presets by name. Reading one raises ValueError if its file is wrong, which the tests rule out."""
    return _Catalogue(Path(__file__).parent)
