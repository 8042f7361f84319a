"""Who may be asked: plans turned into ordered candidates.

A candidate is one model at one provider under the options of its step. Everything about it that does not
change with time is found once per generation; the order within a group is found once per request.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator

import msgspec

from engine.health import HealthRule
from engine.limits import LimitRule
from providers.provider import Provider
from rules.policy_types import GroupOf, Plan, Single, StepOptions
from translators.profile import Profile


class Limit(msgspec.Struct, frozen=True):
    """The limit statement (or preset default) that a candidate falls under."""

    rule: LimitRule
    bucket: tuple[str, ...]
    """What names its bucket, so that it survives a reload: glob, and the model where there is one for `each`."""
    scope: str = ""
    """`session` or `client`: one bucket for each of those; `key`: one for each key of the provider."""


class Candidate(msgspec.Struct, frozen=True, eq=False):
    id: str
    """`provider/model`."""
    provider: Provider
    model: str
    profile: Profile
    options: StepOptions
    health: HealthRule | None
    limit: Limit | None


class Race(msgspec.Struct, frozen=True):
    """Candidates asked one after the other, `after` seconds apart, without waiting for the first to fail."""

    runners: tuple[Candidate, ...]
    after: float


Turn = Candidate | Race

Load = Callable[[Candidate], tuple[float, float]]
"""What `least-loaded` sorts by: share of the width in use, then smoothed first-token time in seconds."""


class Ordering(msgspec.Struct, frozen=True):
    """What an order depends on besides the plan."""

    candidate: Callable[[Single], Candidate | None]
    """None for `requested` when the client named no declared provider."""
    load: Load
    turn: Callable[[tuple[str, ...], int], int]
    """Rotation: members' names and their number → with which of them to begin."""
    session: Callable[[], str]


def ordered(plan: Plan, by: Ordering) -> list[Turn]:
    """The turns of a plan, each candidate once: where it first stands."""
    seen: set[str] = set()
    turns: list[Turn] = []
    for turn in _turns(plan, by):
        runners = turn.runners if isinstance(turn, Race) else (turn,)
        fresh = tuple(one for one in runners if one.id not in seen)
        seen.update(one.id for one in fresh)
        if isinstance(turn, Race) and len(fresh) > 1:
            turns.append(Race(fresh, turn.after))
        else:
            turns.extend(fresh)
    return turns


def _turns(plan: Plan, by: Ordering) -> Iterable[Turn]:
    for step in plan:
        if isinstance(step, GroupOf):
            yield from _group(step, by)
        elif (candidate := by.candidate(step)) is not None:
            yield candidate


def _group(group: GroupOf, by: Ordering) -> Iterable[Turn]:
    members = [turns for member in group.members if (turns := list(_turns(member, by)))]
    if group.kind == "race":
        runners = tuple(one for turns in members for one in singles(turns))
        return [Race(runners, group.after or 0.0)] if runners else []
    if group.kind == "least-loaded":
        members.sort(key=lambda turns: by.load(next(singles(turns))))
    elif members:
        first = _rotated(members, by) if group.kind == "rotate" else _weighed(group, by) % len(members)
        members = members[first:] + members[:first]
    return [turn for turns in members for turn in turns]


def singles(turns: Iterable[Turn]) -> Iterator[Candidate]:
    for turn in turns:
        if isinstance(turn, Race):
            yield from turn.runners
        else:
            yield turn


def _rotated(members: list[list[Turn]], by: Ordering) -> int:
    return by.turn(tuple(next(singles(turns)).id for turns in members), len(members))


def _weighed(group: GroupOf, by: Ordering) -> int:
    """The member that the session falls to. The same session always falls to the same one."""
    digest = hashlib.blake2b(by.session().encode(errors="replace"), digest_size=8).digest()
    point = int.from_bytes(digest, "big") / 2**64 * sum(group.weights)
    for index, weight in enumerate(group.weights):
        point -= weight
        if point < 0:
            return index
    return 0
