"""The page of a lint code, as Markdown: what `--explain` prints and the documentation holds."""

from __future__ import annotations

from rules.lint.registry import LintCode


def page(code: LintCode) -> str:
    """Summary, explanation and the two examples."""
    parts = [f"# {code.code}: {code.name}\n\n{code.severity}: {code.summary}\n\n{code.explanation}\n"]
    if code.bad:
        parts.append(f"Instead of\n\n```toml\n{code.bad}```\n\nwrite\n\n```toml\n{code.good}```\n")
    return "\n".join(parts)
