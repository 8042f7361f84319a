"""The ledger's tables."""

from __future__ import annotations

from generate.tables import code, table


def tables() -> str:
    from engine.ledger_tables import ledger_tables

    parts = []
    for name, doc, columns in ledger_tables():
        rows = [(code(column), kind.lower(), meaning) for column, kind, meaning in columns]
        parts.append(f"### `{name}`\n\n{doc}\n\n{table(('column', 'type', 'meaning'), rows)}")
    return "\n\n".join(parts)
