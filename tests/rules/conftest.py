"""The world that examples and policies of the tests are read in: two presets, their keys set."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import pytest

from rules.policy import Loaded, load


@dataclass(frozen=True)
class Model:
    context: int | None = 200_000
    output: int | None = 32_000
    images: bool = True
    documents: bool = False
    tools: bool = True
    thinking: Literal["never", "switchable", "always"] = "switchable"


@dataclass(frozen=True)
class Provider:
    key_variables: tuple[str, ...]
    models: Mapping[str, Model] = field(default_factory=dict)

    def profile(self, model: str) -> Model:
        return self.models.get(model, Model(context=None, output=None, images=True))


CATALOGUE = {
    "zen": Provider(("OPENCODE_API_KEY",), {"minimax-m2.5-free": Model(), "glm-5-free": Model()}),
    "nvidia_nim": Provider(
        ("NVIDIA_NIM_API_KEY",), {"z-ai/glm4.7": Model(), "stepfun-ai/step-3.5-flash": Model()}
    ),
}
KEYS = {"OPENCODE_API_KEY": "a", "NVIDIA_NIM_API_KEY": "b"}


@pytest.fixture
def catalogue() -> dict[str, Provider]:
    return CATALOGUE


@pytest.fixture
def read_policy() -> Callable[..., Loaded]:
    """`read_policy(text or bytes, **env)`: what `load` makes of a file in that world."""

    def read(data: str | bytes, /, keys: Mapping[str, str] = KEYS, **env: str) -> Loaded:
        raw = data.encode() if isinstance(data, str) else data
        return load(raw, path="routes.toml", env={**keys, **env}, catalogue=CATALOGUE)

    return read
