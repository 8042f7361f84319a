"""The shapes that cross the border between translators and the rest: a request to send, and who it goes to."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from translators.profile import DEFAULT, Profile


class Target(msgspec.Struct, frozen=True):
    """One model at one provider, with what the step asks of it."""

    model: str
    """The id the provider knows it by."""
    profile: Profile = DEFAULT
    stream: bool = True
    """Ask the upstream for a stream."""
    thinking: bool | None = None
    """True or False: forced by the policy; None: as the client asked."""
    effort: str | None = None
    budget: int | None = None
    without: frozenset[str] = frozenset()
    """Field names the upstream has just refused, to be left out of this try."""


class WireRequest(msgspec.Struct, frozen=True):
    """What is to be sent, without address and credentials."""

    path: str
    """Below the provider's base URL: `/chat/completions`, `/messages`."""
    body: bytes
    headers: Mapping[str, str] = msgspec.field(default_factory=dict)
    tool_names: Mapping[str, str] = msgspec.field(default_factory=dict)
    """Alias sent → name the client declared, for the reader to restore."""
