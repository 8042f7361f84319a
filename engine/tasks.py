"""What kind of request this is, recognised from its shape.

Claude Code says nowhere why it asks; its chores are known by what was measured of them (versions 2.0 to 2.1.330).
Some tasks are answered without any model, so a doubt always makes a request `main`: an application that happens to
ask something similar must reach a model. Two rules go before all others:

* what carries `safeguards` wants the verdict of a server, and is `main`;
* what looks like a permission check is `classifier`, which is never answered locally.

Only the last message and a few fields are looked at, so the cost does not grow with the conversation.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from engine.media import texts
from translators.request import Request
from translators.system_texts import BILLING

AGENT_HEADER = "x-claude-code-agent-id"
SUBAGENT = "cc_is_subagent=true"

VERDICT_STOPS = frozenset({"</block>", "</severity>"})
VERDICT_TAGS = ("<block>", "</block>", "<severity>", "</severity>")
QUOTA = re.compile(r"(check )?quota( check)?")
MODEL_PROBES = frozenset({"hi", "test"})
"""Claude Code 2.1 tries a model with `Hi`; 1.x and 2.0 tried a key with `test`."""
SUGGESTION = "[SUGGESTION MODE:"
COMPACTION = (
    "CRITICAL: Respond with TEXT ONLY",
    "Your task is to create a detailed summary of the conversation so far",
)
TITLE_FIELDS = frozenset({"title", "branch"})
TITLE_SYSTEM = re.compile(
    r"\bsentence-case title\b"
    r"|\bisNewTopic\b"
    r"|\b(?:generate|write|create|make|give|suggest|produce|find)\b[^.\n]{0,60}\btitle\b"
    r"[^.\n]{0,80}\b(?:coding|this) session\b",
    re.I,
)
"""System prompts of those who want a title. A job title, a title page or a title that is to be translated, in whatever
session, is none."""
TITLE_ASKED = re.compile(
    r"\s*(?:please\s+)?(?:write|generate|create|give)\b[^.\n]{0,40}\bword title for\b[^.\n]{0,40}\bconversation\b",
    re.I,
)
"""How a user message begins that asks for one."""
TITLE_OF_SESSION = re.compile(r"\b(?:titles?|name)(?:\s+[\w-]+){0,4}\s+(?:sessions?|conversations?)\b", re.I)
PATHS_ASKED = re.compile(r"\bfilepaths\b|\bextract (?:(?:any|all|the) )?file ?paths\b", re.I)
"""In the words before a command; what it is and what it says may hold anything."""
PROMPT_SEARCHED = 4_000
"""Characters of a system prompt that are searched; the chores' own prompts are far shorter."""


def task_of(request: Request) -> str:
    """One of `rules.facts.TASKS`."""
    body = request.body
    if body.get("safeguards") is not None:
        return "main"
    if _is_classifier(request):
        return "classifier"
    last = last_user_texts(request)
    for name, holds in CHORES:
        if holds(request, last):
            return name
    return "subagent" if _is_subagent(request) else "main"


def last_user_texts(request: Request) -> list[str]:
    """The texts of the last user message; reminders with the role `system` may follow it."""
    for message in reversed(request.messages):
        role = message.get("role")
        if role != "system":
            return list(texts(message.get("content"))) if role == "user" else []
    return []


def system_text(request: Request, most: int = PROMPT_SEARCHED) -> str:
    """The first characters of the system prompt."""
    return "\n".join(text[:most] for text in texts(request.body.get("system")))[:most]


def only_text(request: Request) -> str | None:
    """The text of the one user message, stripped; None when there are other messages or blocks, or tools."""
    turns = [message for message in request.messages if message.get("role") != "system"]
    if len(turns) != 1 or turns[0].get("role") != "user" or request.tools:
        return None
    content = turns[0].get("content")
    found = list(texts(content))
    if isinstance(content, list) and len(found) != len(content):
        return None
    return "\n".join(found).strip()


def answer_schema(request: Request) -> dict[str, Any] | None:
    """The JSON schema that the answer has to fit, if the client named one."""
    config = request.body.get("output_config")
    form = config.get("format") if isinstance(config, dict) else request.body.get("output_format")
    if not isinstance(form, dict) or form.get("type") != "json_schema":
        return None
    schema = form.get("schema")
    return schema if isinstance(schema, dict) else None


def _is_classifier(request: Request) -> bool:
    """By its stop sequences; or, without tools, by a transcript that is to be judged."""
    stops = request.body.get("stop_sequences")
    if isinstance(stops, list) and any(stop in VERDICT_STOPS for stop in stops if isinstance(stop, str)):
        return True
    if request.tools:
        return False
    said = [*texts(request.body.get("system"))]
    for message in request.messages[-2:]:
        said.extend(texts(message.get("content")))
    return any("<transcript>" in text for text in said) and any(
        tag in text for text in said for tag in VERDICT_TAGS
    )


def _is_quota_probe(request: Request, last: list[str]) -> bool:
    if request.body.get("max_tokens") != 1 or len(last) != 1 or len(last[0]) > 40:
        return False
    text = only_text(request)
    return text is not None and QUOTA.fullmatch(text.lower()) is not None


def _is_model_probe(request: Request, last: list[str]) -> bool:
    if request.body.get("max_tokens") != 1 or len(last) != 1 or len(last[0]) > 40 or request.stream:
        return False
    text = only_text(request)
    return text is not None and text.lower() in MODEL_PROBES


def _is_compact(request: Request, last: list[str]) -> bool:
    return bool(last) and last[-1].lstrip().startswith(COMPACTION)


def _is_suggestion(request: Request, last: list[str]) -> bool:
    return bool(last) and last[-1].lstrip().startswith(SUGGESTION)


def _is_search(request: Request, last: list[str]) -> bool:
    """The client's own search asks with the server's search tool and no other."""
    tools = request.tools
    return bool(tools) and all(
        isinstance(tool, dict) and str(tool.get("type", "")).startswith("web_search_") for tool in tools
    )


def _is_title(request: Request, last: list[str]) -> bool:
    """A schema of a title and nothing more, asked by Claude Code or about a session; or one of the older prompts."""
    if request.tools or not last:
        return False
    schema = answer_schema(request)
    prompt = system_text(request)
    if schema is None:
        return TITLE_SYSTEM.search(prompt) is not None or TITLE_ASKED.match(last[-1][:400]) is not None
    fields = schema.get("properties")
    if not isinstance(fields, dict) or "title" not in fields or not TITLE_FIELDS.issuperset(fields):
        return False
    return from_claude_code(request) or TITLE_OF_SESSION.search(f"{prompt}\n{last[0][:200]}") is not None


def _is_prefix(request: Request, last: list[str]) -> bool:
    text = _chore_text(request, last)
    return "<policy_spec>" in text and "Command:" in text


def _is_filepaths(request: Request, last: list[str]) -> bool:
    text = _chore_text(request, last)
    if "Command:" not in text or "Output:" not in text:
        return False
    asked = f"{system_text(request)}\n{text.partition('Command:')[0]}"
    return "<filepaths>" in text or PATHS_ASKED.search(asked) is not None


def _chore_text(request: Request, last: list[str]) -> str:
    """The one message of a chore about a command; empty for a conversation."""
    if not last or request.tools or len(request.messages) > 2:
        return ""
    return only_text(request) or ""


def from_claude_code(request: Request) -> bool:
    """By its user agent or the billing line that opens its system prompt."""
    if request.headers.get("user-agent", "").startswith(("claude-cli/", "claude-code/")):
        return True
    return _billing_line(request) is not None


def _is_subagent(request: Request) -> bool:
    if request.headers.get(AGENT_HEADER):
        return True
    line = _billing_line(request)
    return line is not None and SUBAGENT in line


def _billing_line(request: Request) -> str | None:
    first = next(texts(request.body.get("system")), "")
    return first[:400] if first.startswith(BILLING) else None


CHORES: tuple[tuple[str, Callable[[Request, list[str]], bool]], ...] = (
    ("quota_probe", _is_quota_probe),
    ("model_probe", _is_model_probe),
    ("compact", _is_compact),
    ("suggestion", _is_suggestion),
    ("search", _is_search),
    ("title", _is_title),
    ("prefix", _is_prefix),
    ("filepaths", _is_filepaths),
)
"""In this order; the first that holds names the task."""
