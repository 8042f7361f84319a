"""Tools that Anthropic's servers run: no other upstream has them, and a model that is not told makes results up.

Claude Code's own search is a request of that kind: the tool is all it offers, and what the model then says is taken for
what was found (docs.claude.com/en/docs/agents-and-tools/tool-use/web-search-tool).
"""

from __future__ import annotations

from translators.request import Request

_RUN_BY_SERVERS = ("web_search_", "web_fetch_", "code_execution_")
"""How their types begin."""


def lack_in_words(request: Request) -> str | None:
    """A line for the system text about what the client counts on and the model does not have."""
    names = [
        str(tool.get("name"))
        for tool in request.tools
        if isinstance(tool, dict) and str(tool.get("type", "")).startswith(_RUN_BY_SERVERS)
    ]
    if not names:
        return None
    return (
        f"There is no tool here for: {', '.join(dict.fromkeys(names))}. If that is what you are asked for, say first "
        "that it was not done, then say what you know; invent no results, sources or addresses."
    )
