"""Configurations of other proxies to a routes.toml: one file a source, each `read(text) -> Draft`.

.env, config.json, config.yaml ─ read ─▶ Draft (statements, tables, what was left) ─▶ text of a routes.toml
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fcc.migrate import ccr, env, litellm
from fcc.migrate.draft import Draft

SOURCES: Mapping[str, Callable[[str], Draft]] = {"env": env.read, "ccr": ccr.read, "litellm": litellm.read}
