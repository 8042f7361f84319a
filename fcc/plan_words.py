"""The report of `fcc plan` for people: each class of requests, one of them, and its two outcomes beside each other.

1. requests with model "*haiku*" and tokens 100..
   such as model "claude-haiku-4-5", tokens 100
   old  route small: use mini
   new  route rest: use coding
      - zen/a
      + zen/b, start within 5s
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from typing import Any

from rules.render.text import request_words

OPTIONS = {
    "start": "start within {}s",
    "stall": "stall after {}s",
    "finish": "finish within {}s",
    "retry": "retry {}",
}
INDENT = "     "


def as_text(found: Mapping[str, Any]) -> str:
    lines: list[str] = []
    for number, region in enumerate(found["regions"], 1):
        lines += [*_region(number, region), ""]
    lines += _others(found)
    if found["equivalent"]:
        lines.append("equivalent" + (" but for names" if found["renamed"] else ""))
    else:
        lines.append(_summary(found))
    return "\n".join(lines)


def _region(number: int, region: Mapping[str, Any]) -> Iterator[str]:
    given = " and ".join(f"{fact} {words}" for fact, words in region["given"].items())
    more = "" if region["whole"] else ", and others"
    yield f"{number}. requests with {given}{more}" if given else f"{number}. all requests{more}"
    share = "" if region["share"] is None else f" ({region['share']:.1%} of the recorded requests)"
    yield f"   such as {request_words(region['witness']) or 'any'}{share}"
    old, new = region["old"], region["new"]
    yield f"   old  {_head(old)}"
    yield f"   new  {_head(new)}"
    yield from _steps_beside(list(_steps(old["chain"], "")), list(_steps(new["chain"], "")))


def _head(outcome: Mapping[str, Any]) -> str:
    if outcome["route"] is None:
        return "no route takes them"
    name = outcome["route"]
    return f"{name if name.startswith('offer ') else f'route {name}'}: {outcome['action']}"


def _steps_beside(old: list[str], new: list[str]) -> Iterator[str]:
    for what, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        sign = " " if what == "equal" else "-"
        yield from (f"{INDENT}{sign} {line}" for line in old[a:b])
        if what != "equal":
            yield from (f"{INDENT}+ {line}" for line in new[c:d])


def _steps(chain: list[Mapping[str, Any]], indent: str) -> Iterator[str]:
    for step in chain:
        if "group" not in step:
            yield indent + _step(step)
            continue
        after = "" if step["after"] is None else f" after {step['after']:g}s"
        yield f"{indent}{step['group']}{after}"
        for number, member in enumerate(step["members"]):
            weight = f"{step['weights'][number]:g}%" if step["weights"] else "·"
            first, *rest = _steps(member, "")
            yield f"{indent}  {weight} {first}"
            yield from (f"{indent}    then {line}" for line in rest)


def _step(step: Mapping[str, Any]) -> str:
    parts = [step["target"]]
    if step["thinking"] != "client":
        word, _, much = step["thinking"].partition(" ")
        parts.append(f"{word} thinking {much}".rstrip())
    options = step["options"]
    parts += [text.format(f"{options[name]:g}") for name, text in OPTIONS.items() if name in options]
    if "on" in options:
        parts.append(f"on {' or '.join(options['on'])}")
    for words in (_health(step["health"]), _limit(step["limit"])):
        if words:
            parts.append(words)
    return ", ".join(parts)


def _health(said: Mapping[str, Any] | None) -> str:
    if said is None:
        return ""
    most = f" up to {said['rest_up_to']:g}s" if said["rest_up_to"] is not None else ""
    return f"rests {said['rest']:g}s{most} after {said['failures']} failures in {said['window']:g}s"


def _limit(said: Mapping[str, Any] | None) -> str:
    if said is None:
        return ""
    found = [f"{said['count']} {said['counts']} per {said['per']:g}s"] if said["count"] is not None else []
    found += [f"{said['at_once']} at once"] if said["at_once"] is not None else []
    found += [f"waits up to {said['wait']:g}s"] if said["wait"] is not None else []
    scope = f" for each {said['for_each']}" if said["for_each"] else ""
    shared = f" shared by {said['shared']}" if said["shared"] is not None else ""
    return f"{' and '.join(found)}{scope}{shared}"


def _others(found: Mapping[str, Any]) -> Iterator[str]:
    for one in found["offers"]:
        yield f"offer {one['id']}{_variant(one)}: {_entry(one['old'])} → {_entry(one['new'])}"
    for one in found["settings"]:
        yield f"{one['key']}: {_value(one['old'])} → {_value(one['new'])}"
    for one in found["renamed"]:
        yield f"route {one['old']} is called {one['new']}"
    for one in found["undecided"]:
        yield f"undecided: whether a request goes from {one['old'] or 'no route'} to {one['new'] or 'no route'}"


def _variant(one: Mapping[str, Any]) -> str:
    return " without thinking" if one["thinking"] == "without" else ""


def _entry(said: Mapping[str, Any] | None) -> str:
    if said is None:
        return "none"
    place = f" at place {said['place']}" if said["place"] is not None else ""
    return (f'"{said["label"]}"' if said["label"] is not None else "offered") + place


def _value(value: Any) -> str:
    return "not said" if value is None else str(value)


def _summary(found: Mapping[str, Any]) -> str:
    counts = []
    for name, word in (("regions", "class of requests"), ("offers", "offer"), ("settings", "setting")):
        count = len(found[name])
        plural = word.replace("class", "classes") if name == "regions" else f"{word}s"
        counts += [f"{count} {word if count == 1 else plural}"] if count else []
    said = f"{', '.join(counts)} changed" if counts else "no change found"
    undecided = len(found["undecided"])
    said += f", {undecided} undecided" if undecided else ""
    recorded = found["recorded"]
    if recorded is not None and recorded["requests"]:
        said += f"; {recorded['changed']:,} of {recorded['requests']:,} recorded requests are among them"
    return said
