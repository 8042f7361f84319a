"""A request seen as facts: each is read when a rule asks for it, and at most once.

What every fact means is declared in `rules.facts`; this file only says where in a request it stands. Nothing here
raises: a field of the wrong type reads like an absent one.
"""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from functools import cached_property
from typing import Any

import msgspec

from engine.media import Media, media_of
from engine.tasks import AGENT_HEADER, task_of
from engine.tokens import quick_estimate
from rules.facts import DAYS, EFFORTS
from translators.request import Request
from translators.thinking_wish import asked_effort

PLACEHOLDER_TOOL = "DeferredToolPlaceholder"
"""Claude Code's stand-in for tools that it names only on demand; no tool a model could call."""

SESSION_HEADERS = ("x-session-id", "x-claude-code-session-id")
OTHER_EFFORTS = {"minimal": "low", "xhigh": "high"}
"""Efforts of other APIs, as the nearest of ours that is no higher (`minimal`: no lower than `low`)."""

LARGEST = 2**31
"""More than any count; larger numbers fit neither into a ledger nor into a journal."""

LONGEST_USER = 8_192
"""Characters of a `metadata.user_id` in which a session is looked for; the Messages API takes 256."""

_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_SESSION_IN_USER = re.compile(r"_session_([A-Za-z0-9-]+)$")


class Facts:
    """Implements `rules.facts.RequestView`.

    `client` is the name of the key that authenticated; `now` is the local time, the clock's when None.
    """

    def __init__(self, request: Request, *, client: str = "", now: datetime | None = None) -> None:
        self.request = request
        self.client = client
        self.given_now = now

    def read_ahead(self) -> Facts:
        """Reads what takes long in a large request. Touches nothing but itself, so it may run in a thread."""
        _ = self.task, self.tokens, self.turns
        return self

    @property
    def model(self) -> str:
        return self.request.model

    @property
    def stream(self) -> bool:
        return self.request.stream

    @cached_property
    def task(self) -> str:
        return task_of(self.request)

    @cached_property
    def tokens(self) -> int:
        return quick_estimate(self.request, self.media)

    @property
    def max_tokens(self) -> int:
        value = self.request.body.get("max_tokens")
        return min(value, LARGEST) if isinstance(value, int) else 0

    @cached_property
    def turns(self) -> int:
        """Messages that stand as `system` between the others are no turns."""
        roles = [message.get("role") for message in self.request.messages]
        return len(roles) - roles.count("system")

    @cached_property
    def tool_names(self) -> list[str]:
        return [
            name
            for tool in self.request.tools
            if isinstance(tool, dict)
            and isinstance(name := tool.get("name"), str)
            and name != PLACEHOLDER_TOOL
        ]

    @property
    def tools(self) -> int:
        return len(self.tool_names)

    @cached_property
    def tool(self) -> frozenset[str]:
        return frozenset(self.tool_names)

    @cached_property
    def media(self) -> Media:
        return media_of(self.request)

    @property
    def images(self) -> int:
        return len(self.media.images)

    @property
    def documents(self) -> int:
        return len(self.media.documents)

    @property
    def thinking(self) -> bool:
        """As in the Messages API, an absent field means no thinking."""
        asked = self.request.body.get("thinking")
        kind = asked.get("type", "disabled") if isinstance(asked, dict) else "disabled"
        return kind != "disabled" and not self.request.no_thinking

    @cached_property
    def effort(self) -> str:
        said = asked_effort(self.request) or "none"
        said = OTHER_EFFORTS.get(said, said)
        return said if said in EFFORTS else "none"

    @cached_property
    def session(self) -> str:
        """The first of: X-Session-ID, X-Claude-Code-Session-Id, the session in `metadata.user_id`; else empty."""
        for name in SESSION_HEADERS:
            if said := self.header(name).strip():
                return clean_id(said)
        metadata = self.request.body.get("metadata")
        said = _session_of_user(metadata.get("user_id")) if isinstance(metadata, dict) else ""
        return clean_id(said)

    @cached_property
    def sub_agent(self) -> str:
        """Id of the sub-agent that asks; empty for the main conversation."""
        return clean_id(self.header(AGENT_HEADER).strip())

    @property
    def agent(self) -> str:
        return self.header("user-agent")

    @cached_property
    def now(self) -> datetime:
        return self.given_now or datetime.now()

    @property
    def minute(self) -> int:
        return self.now.hour * 60 + self.now.minute

    @property
    def day(self) -> str:
        return DAYS[self.now.weekday()]

    def header(self, name: str) -> str:
        return self.request.headers.get(name.lower(), "")


def clean_id(said: str) -> str:
    """An id fit for keys, logs and pages: as it is when it is short and plain, else a hash of it."""
    if not said or _ID.fullmatch(said):
        return said
    return hashlib.blake2b(said.encode("utf-8", "replace"), digest_size=16).hexdigest()


def _session_of_user(user_id: Any) -> str:
    """Claude Code writes JSON with a `session_id`; before 2.1 it wrote `user_…_account_…_session_ID`."""
    if not isinstance(user_id, str) or len(user_id) > LONGEST_USER:
        return ""
    if user_id.startswith("{"):
        try:
            said = msgspec.json.decode(user_id)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            return ""
        session = said.get("session_id")
        return session if isinstance(session, str) else ""
    match = _SESSION_IN_USER.search(user_id)
    return match[1] if match else ""
