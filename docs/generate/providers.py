"""The presets, from `providers/presets/*.toml`."""

from __future__ import annotations

from generate.tables import code, codes, table
from providers.presets import LimitDefault, Preset, catalogue

UNITS = {1.0: "second", 60.0: "minute", 3600.0: "hour", 86400.0: "day"}


def presets() -> str:
    head = ("name", "base URL", "dialect", "key variable", "default limit", "facts from")
    return table(head, [_row(one) for one in catalogue().values()])


def _row(one: Preset) -> tuple[str, ...]:
    others = sorted({str(row.facts["dialect"]) for row in one.rows if "dialect" in row.facts} - {one.dialect})
    dialect = code(one.dialect) + (f"; some models {codes(others)}" if others else "")
    keys = codes(one.key_variables) or "none needed"
    return code(one.name), code(one.base_url), dialect, keys, _limit(one.limit), one.source


def _limit(limit: LimitDefault | None) -> str:
    if limit is None:
        return "–"
    rate = f"{limit.count} per {UNITS.get(limit.per, f'{limit.per:g} s')}{' each' if limit.each else ''}"
    return code(rate + (f", {limit.at_once} at once" if limit.at_once else ""))
