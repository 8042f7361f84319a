"""Answers to the client's small chores, made here: no model is asked.

`local_answer` gives what a model would have said, as canonical events; how it is sent (SSE or JSON) is the writer's
matter. Usage is the estimate of what was asked and said. Permission checks and what carries `safeguards` get no answer
here, whatever task they are taken for, and so does a chore whose wanted form is not understood.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from engine.commands import file_paths, prefix
from engine.facts import Facts
from engine.router import Router
from engine.tasks import answer_schema, last_user_texts, only_text, system_text, task_of
from engine.text_tokens import count_tokens
from engine.titles import branch_of, title_of
from engine.tokens import estimate
from rules.policy_types import LocalAnswer, PolicyRoute
from translators.events import Event, Finish, Start, Text, Usage
from translators.request import Request

QUOTA_ANSWER = "OK"
PROBE_ANSWER = "Hi"


def decided(router: Router, facts: Facts) -> tuple[PolicyRoute | None, list[Event] | None]:
    """The route that takes a request, and the answer if it answers locally.

    Such a route takes only tasks that have an answer here. Should one of them need a model after all, it is the next
    route's, since no doubt of ours is worth a request.
    """
    route = router.decide(facts)
    while route is not None and isinstance(route.action, LocalAnswer):
        events = local_answer(facts.task, facts.request)
        if events is not None:
            return route, events
        route = router.decide(facts, after=route)
    return route, None


def local_answer(task: str, request: Request) -> list[Event] | None:
    """The events of the answer, ending in `Finish`; None when a model has to be asked."""
    answer = ANSWERS.get(task)
    if answer is None or request.body.get("safeguards") is not None or task_of(request) == "classifier":
        return None
    said = answer(request)
    if said is None:
        return None
    asked = estimate(request)
    events: list[Event] = [Start(Usage(input=asked))]
    if said:
        events.append(Text(said))
    events.append(Finish("end_turn", usage=Usage(input=asked, output=max(1, count_tokens(said)))))
    return events


def _quota(request: Request) -> str:
    return QUOTA_ANSWER


def _probe(request: Request) -> str:
    return PROBE_ANSWER


def _suggestion(request: Request) -> str:
    """No suggestion."""
    return ""


def _title(request: Request) -> str | None:
    """In the form that was asked for: a JSON schema, JSON by a prompt, tags, or plain text."""
    title = title_of("\n".join(last_user_texts(request)))
    schema = answer_schema(request)
    if schema is not None:
        return _by_schema(title, schema)
    prompt = f"{system_text(request)}\n{''.join(last_user_texts(request))[:4000]}"
    if "isNewTopic" in prompt:
        return _json({"isNewTopic": True, "title": title})
    branch = '"branch"' in prompt or "<branch>" in prompt
    if "<title>" in prompt:
        return f"<title>{title}</title>" + (f"\n<branch>{branch_of(title)}</branch>" if branch else "")
    if "json" in prompt.lower():
        return _json({"title": title, "branch": branch_of(title)} if branch else {"title": title})
    return title


def _by_schema(title: str, schema: dict[str, object]) -> str | None:
    """An object that fits; None when the schema wants what is not known here."""
    known = {"title": title, "branch": branch_of(title)}
    fields = schema.get("properties")
    if not isinstance(fields, dict) or not set(fields) <= set(known):
        return None
    for name, field in fields.items():
        longest = field.get("maxLength") if isinstance(field, dict) else None
        if isinstance(longest, int):
            known[name] = known[name][:longest].rstrip()
    return _json({name: known[name] for name in fields})


def _prefix(request: Request) -> str | None:
    text = only_text(request)
    return None if text is None else prefix(text.rpartition("Command:")[2].strip())


def _paths(request: Request) -> str | None:
    """In the form of the prompt, which may also ask whether the command shows what is in the files."""
    text = only_text(request)
    if text is None:
        return None
    command = text.rpartition("Output:")[0].rpartition("Command:")[2].strip()
    paths = file_paths(command)
    shown = "true" if paths else "false"
    listed = "".join(f"{path}\n" for path in paths)
    answer = f"<filepaths>\n{listed}</filepaths>"
    if "is_displaying_contents" in f"{text}\n{system_text(request)}":
        answer = f"<is_displaying_contents>\n{shown}\n</is_displaying_contents>\n\n{answer}"
    return answer


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


ANSWERS: dict[str, Callable[[Request], str | None]] = {
    "quota_probe": _quota,
    "model_probe": _probe,
    "title": _title,
    "suggestion": _suggestion,
    "prefix": _prefix,
    "filepaths": _paths,
}
