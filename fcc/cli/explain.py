"""`fcc explain`: which route takes a request, why no earlier one does, and who would be asked. Nothing is sent."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.facts import Facts
from fcc.cli.policy_file import CANNOT_RUN, read_policy, text_of
from fcc.explanation import Explainer, as_text
from providers.presets import catalogue
from rules.facts import DAYS, RequestView
from rules.given import GivenError, from_values
from translators.anthropic_request import read_count_request
from translators.model_ids import read_model_id
from translators.request import Request, RequestError

UNSAID = (None, False, [])


class Format(StrEnum):
    """How the explanation is printed."""

    text = "text"
    json = "json"


def explain(
    path: Annotated[Path, typer.Argument(help="the policy")] = Path("routes.toml"),
    model: Annotated[str | None, typer.Option(help="the model asked for")] = None,
    task: Annotated[str | None, typer.Option(help="main, title, search, …")] = None,
    tokens: Annotated[str | None, typer.Option(help="prompt tokens: 130k")] = None,
    max_tokens: Annotated[str | None, typer.Option(help="longest answer")] = None,
    turns: Annotated[str | None, typer.Option(help="messages")] = None,
    tools: Annotated[str | None, typer.Option(help="number of tools")] = None,
    images: Annotated[str | None, typer.Option(help="number of images")] = None,
    documents: Annotated[str | None, typer.Option(help="number of documents")] = None,
    thinking: Annotated[bool, typer.Option("--thinking", help="asks for thinking")] = False,
    stream: Annotated[bool, typer.Option("--stream", help="asks for a stream")] = False,
    effort: Annotated[str | None, typer.Option(help="none, low, medium, high, max")] = None,
    tool: Annotated[list[str] | None, typer.Option(help="name of a tool; may be repeated")] = None,
    session: Annotated[str | None, typer.Option(help="session id")] = None,
    client: Annotated[str | None, typer.Option(help="name of the client's key")] = None,
    agent: Annotated[str | None, typer.Option(help="user agent")] = None,
    header: Annotated[list[str] | None, typer.Option(metavar="NAME=VALUE", help="a request header")] = None,
    time: Annotated[str | None, typer.Option(metavar="HH:MM", help="time of day")] = None,
    day: Annotated[str | None, typer.Option(help="mon … sun")] = None,
    request: Annotated[Path | None, typer.Option(help="a whole request as JSON")] = None,
    batch: Annotated[Path | None, typer.Option(help="JSON lines of facts; - reads stdin")] = None,
    resting: Annotated[list[str] | None, typer.Option(help="a model or chain that rests")] = None,
    limited: Annotated[list[str] | None, typer.Option(help="a model or chain whose limit is reached")] = None,
    failing: Annotated[
        list[str] | None, typer.Option(metavar="MODEL[=KIND]", help="fails when asked")
    ] = None,
    format: Annotated[Format, typer.Option(help="how it is printed")] = Format.text,  # noqa: A002
) -> int:
    """Say which route takes a request, and why: 0 a route takes it, 1 none does, 2 could not run.

    Example: fcc explain --model claude-opus-4-7 --tokens 130k --images 1
    """
    facts = {name: value for name, value in locals().items() if name in FLAGS and value not in UNSAID}
    read = read_policy(path, "explain")
    if read is None:
        return CANNOT_RUN
    explainer = Explainer(*read, catalogue())
    try:
        explainer.suppose(resting or (), limited or (), failing or ())
        if batch is not None:
            if facts or request is not None:
                raise GivenError("the lines of --batch say all facts themselves; give none beside it")
            return _batch(batch, explainer)
        view = view_of(facts) if request is None else request_view(request, facts)
    except (GivenError, RequestError, OSError, ValueError) as error:
        print(f"fcc explain: {error}", file=sys.stderr)
        return CANNOT_RUN
    found = explainer.explain(view)
    print(json.dumps(found, ensure_ascii=False, indent=2) if format is Format.json else as_text(found))
    return int(found["route"] is None)


FLAGS = (
    "model",
    "task",
    "tokens",
    "max_tokens",
    "turns",
    "tools",
    "images",
    "documents",
    "thinking",
    "stream",
    "effort",
    "tool",
    "session",
    "client",
    "agent",
    "header",
    "time",
    "day",
)
"""Options that are facts."""

BESIDE = ("client", "time", "day")
"""Facts that a request does not hold."""


def view_of(facts: Mapping[str, Any]) -> RequestView:
    """The request with these facts; headers as `NAME=VALUE` texts too. Raises GivenError."""
    said = dict(facts)
    if isinstance(said.get("header"), list):
        pairs = [str(one).partition("=") for one in said.pop("header")]
        if any(not sign for _, sign, _ in pairs):
            raise GivenError("a header is written NAME=VALUE")
        said |= {f"header.{name.strip()}": value for name, _, value in pairs}
    if isinstance(said.get("model"), str):
        said["model"], no_thinking = read_model_id(said["model"])
        if no_thinking:
            said["thinking"] = False
    return from_values(said)


def request_view(path: Path, beside: Mapping[str, Any]) -> RequestView:
    """The facts of a body, or of an object with `headers` and `body`; `beside` may say what no request holds.

    Raises GivenError, OSError, RequestError, ValueError.
    """
    more = sorted(set(beside) - set(BESIDE))
    if more:
        raise GivenError(f"the request in {path} says `{more[0]}` itself; beside it only {', '.join(BESIDE)}")
    said, now = from_values(beside), datetime.now()
    if "time" in beside:
        now = now.replace(hour=said.minute // 60, minute=said.minute % 60)
    if "day" in beside:
        now += timedelta(days=DAYS.index(said.day) - now.weekday())
    return Facts(_read(path), client=said.client, now=now)


def _read(path: Path) -> Request:
    text = text_of(path)
    try:
        said = json.loads(text)
    except ValueError as error:
        raise GivenError(f"{path} is no JSON: {error}") from None
    if isinstance(said, dict) and isinstance(said.get("body"), dict):
        headers = said.get("headers")
        known = headers.items() if isinstance(headers, dict) else ()
        body = json.dumps(said["body"], ensure_ascii=False, separators=(",", ":")).encode()
        return read_count_request(body, {name.lower(): str(value) for name, value in known})
    return read_count_request(text.encode(), {})


def _batch(path: Path, explainer: Explainer) -> int:
    """One object a line, in order; a line that is no request gives `{"error"}`, and exit status 1."""
    text = sys.stdin.read() if str(path) == "-" else text_of(path)
    wrong = False
    for line in text.splitlines():
        if not line.strip():
            continue
        try:
            said = json.loads(line)
        except ValueError:
            said = None
        try:
            if not isinstance(said, dict):
                raise GivenError("a line is a JSON object of facts")
            found = explainer.explain(view_of(said))
        except ValueError as error:
            wrong, found = True, {"error": str(error)}
        print(json.dumps(found, ensure_ascii=False))
    return int(wrong)
