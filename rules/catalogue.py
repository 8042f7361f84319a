"""What the checks may know about the outside world, as plain values handed in by the caller.

`rules` imports no other room, so the shapes are protocols; `providers.presets` fills them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Protocol


class KnownModel(Protocol):
    """Facts of one model; see `translators.profile.Profile` for the defaults."""

    @property
    def context(self) -> int | None: ...
    @property
    def output(self) -> int | None: ...
    @property
    def images(self) -> bool: ...
    @property
    def documents(self) -> bool: ...
    @property
    def tools(self) -> bool: ...
    @property
    def thinking(self) -> Literal["never", "switchable", "always"]: ...


class KnownProvider(Protocol):
    @property
    def key_variables(self) -> tuple[str, ...]:
        """Environment variables that may hold the key; empty for a provider that needs none."""
        ...

    @property
    def models(self) -> Mapping[str, KnownModel]:
        """Models the preset has facts for; others are allowed, just unknown."""
        ...

    def profile(self, model: str) -> KnownModel:
        """What is known of a model; of an unknown one what holds for the provider, else the defaults."""
        ...


Catalogue = Mapping[str, KnownProvider]
