"""What the pages hold that is made from the code: one function a part, each gives Markdown."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from generate import commands, errors, failures, language, ledger, providers, settings

PARTS: Mapping[str, Callable[[], str]] = {
    "addresses": commands.addresses,
    "code-index": errors.index,
    "codes": errors.pages,
    "commands": commands.commands,
    "efforts": language.efforts,
    "facts": language.facts,
    "failures": failures.table,
    "ledger": ledger.tables,
    "metrics": commands.metrics,
    "presets": providers.presets,
    "settings": settings.tables,
    "tasks": language.tasks,
    "words": language.words,
}
"""Name of a part → what makes it."""
