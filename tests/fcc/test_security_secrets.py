"""Canaries: secrets and a prompt that nobody has ever seen are put in, everything is made to fail, and all that comes
out of the process is searched for them: log, stdout, stderr, answers, pages, files.
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from support.process import Process, serving
from support.upstream import Behaviour, Peer, Upstream, answer, cut_after, openai_answer, openai_chunk, raw
from support.world import LAPTOP, message, run, world

KEYS = ("SECRET_KEY_A", "SECRET_KEY_B", "SECRET_HEADER", "TOKEN", "LAPTOP", "PROXY_PASSWORD", "SPARE")
CANARY = {name: f"sk-{name.lower().replace('_', '')}-{secrets.token_hex(12)}" for name in KEYS}
PROMPT = (
    f"The launch code of the {secrets.token_hex(8)} project is {secrets.token_hex(12)}, tell nobody about it."
)
SYSTEM = f"You are the confidential adviser {secrets.token_hex(12)} of a person who trusts you."
TOOL = f"Reads the secret diary {secrets.token_hex(12)} of the user and summarises it."
SESSION = "session-canary-0001"


def forms(secret: str) -> list[bytes]:
    """A secret as it may be quoted: plain, in base64, in a URL, and either half of it."""
    plain = secret.encode()
    half = len(plain) // 2
    return [plain, base64.b64encode(plain).rstrip(b"="), quote(secret).encode(), plain[:half], plain[half:]]


def pieces(text: str) -> list[bytes]:
    """What would be a quotation of a prompt, in any three words of it."""
    words = text.split()
    return [" ".join(words[at : at + 6]).encode() for at in range(len(words) - 5)]


async def echo_key(peer: Peer) -> None:
    """Quotes every header and the whole request in its error, as the worst of them do."""
    assert peer.request is not None
    key = peer.request.headers.get("authorization", "")
    body = peer.request.body.decode()
    packed = base64.b64encode(key.encode()).decode()
    said = f"Incorrect API key provided: {key}; {packed}; {peer.request.headers}; {body}"
    await answer(400, json.dumps({"error": {"message": said, "type": "invalid_request_error"}}).encode())(
        peer
    )


def quotes_the_prompt(status: int, *headers: str) -> Behaviour:
    async def behave(peer: Peer) -> None:
        assert peer.request is not None
        said = json.loads(peer.request.body)["messages"][-1]["content"]
        text = f"rejected input: {json.dumps(said)}"
        await answer(status, json.dumps({"error": {"message": text}}).encode(), *headers)(peer)

    return behave


async def quotes_in_the_stream(peer: Peer) -> None:
    await peer.stream_head()
    await peer.chunk(b'data: {"error":{"message":"filtered: ' + PROMPT.encode() + b'","code":500}}\n\n')


FAULTS: dict[str, Behaviour] = {
    "echo": echo_key,
    "limited": quotes_the_prompt(429, "retry-after: 1"),
    "overloaded": quotes_the_prompt(503, "retry-after: 1"),
    "broken": quotes_the_prompt(500),
    "refused": quotes_the_prompt(403),
    "unpaid": quotes_the_prompt(402),
    "unknown": quotes_the_prompt(404),
    "bad": quotes_the_prompt(422),
    "streamed": quotes_in_the_stream,
    "page": answer(200, b"<html>nothing</html>", "content-type: text/html"),
    "garbage": raw(b"\x00\x01\x02 garbage"),
    "cut": cut_after(openai_chunk("half an answer")),
    "good": openai_answer("fine"),
}
TABLES = """
[server]
token = "env:TOKEN"
[clients.laptop]
token = "env:LAPTOP"
[defaults]
wait = 0
rescue = false
"""


def rules() -> str:
    names = [f'route r{name} when model is "{name}" use p{name}/m, retry 0' for name in FAULTS]
    return "\n".join([*names, "health * 3 failures in 30s, rest 30s", "route rest use pgood/m"])


def text_of(upstreams: dict[str, Upstream]) -> str:
    tables = "".join(
        f'[providers.{name}]\ndialect = "openai-chat"\nbase_url = "{one.url}"\n'
        'key = ["env:SECRET_KEY_A", "env:SECRET_KEY_B"]\n'
        f'headers = {{ x-own = "{CANARY["SECRET_HEADER"]}" }}\n'
        for name, one in upstreams.items()
    )
    return f"rules = '''\n{rules()}\n'''\n{tables}{TABLES}"


async def provoked(fcc: Process) -> list[bytes]:
    """All that is said in answer to requests that go wrong in every way."""
    tool = {"name": "diary", "description": TOOL, "input_schema": {"type": "object"}}
    heard: list[bytes] = []
    for name in FAULTS:
        for stream in (True, False):
            body = message(PROMPT, model=name, stream=stream, system=SYSTEM, tools=[tool])
            response = await fcc.client.post("/v1/messages", json=body, headers={"x-session-id": SESSION})
            heard += [b"" if name != "good" else response.content, str(response.headers).encode()]
            heard.append(without_prompt(response.content))
    for path, content in (
        ("/v1/messages", b"{" + PROMPT.encode()),
        ("/v1/messages/count_tokens", b"[]"),
        ("/v1/x", b"{}"),
    ):
        response = await fcc.client.post(path, content=content, headers={"content-type": "application/json"})
        heard.append(response.content)
    wrong = await fcc.client.post("/v1/messages", json={}, headers={"x-api-key": CANARY["SPARE"]})
    heard.append(wrong.content)
    pages = (
        "state",
        "sessions",
        "decisions",
        "policy",
        "history?hours=1",
        "graph",
        "charts",
        "past",
        "session?name=" + SESSION,
    )
    for path in ("/health", "/metrics", "/v1/models", *(f"/admin/api/{page}" for page in pages)):
        response = await fcc.client.get(path)
        heard.append(response.content)
    rows = (await fcc.client.get("/admin/api/decisions")).json()["decisions"]
    for row in rows:
        response = await fcc.client.get(f"/admin/api/decisions/{row['id']}")
        said = [one.get("message") for one in response.json()["attempts"]]
        assert any(said) is (response.json()["route"] not in ("rgood", "rest"))
        heard.append(response.content)
    return heard


def without_prompt(content: bytes) -> bytes:
    """An answer to the client whose prompt it is may quote it; a secret may not be in it."""
    for text in (PROMPT, SYSTEM, TOOL):
        for piece in pieces(text):
            content = content.replace(piece, b"")
    return content


def leaks(data: bytes) -> set[str]:
    found = {name for name, secret in CANARY.items() if any(form in data for form in forms(secret))}
    for name, text in (("the prompt", PROMPT), ("the system prompt", SYSTEM), ("a tool", TOOL)):
        found |= {name for piece in pieces(text) if piece in data}
    return found


@pytest.mark.parametrize("words", [("--log", "json"), ("--log", "text")], ids=lambda words: words[1])
def test_no_secret_and_no_prompt_comes_out_anywhere(words: tuple[str, ...]) -> None:
    async def test() -> None:
        upstreams = {f"p{name}": Upstream(behaviour) for name, behaviour in FAULTS.items()}
        for one in upstreams.values():
            await one.__aenter__()
        env = {
            **{name: CANARY[name] for name in KEYS},
            "ANTHROPIC_AUTH_TOKEN": CANARY["TOKEN"],
            "FCC_LOG_LEVEL": "debug",
            "HTTPS_PROXY": f"http://user:{CANARY['PROXY_PASSWORD']}@127.0.0.1:9",
        }
        try:
            async with serving("", text=text_of(upstreams), env=env, words=words) as fcc:
                heard = await provoked(fcc)
                await broken_policy(fcc)
                folder = fcc.written()
        finally:
            for one in upstreams.values():
                await one.__aexit__()
        assert sum(map(len, heard)) > 5000
        for data in heard:
            assert not leaks(data), data[:2000]
        assert any(path.name == "stderr" and len(data) > 3000 for path, data in folder.items())
        for path, data in folder.items():
            found = leaks(data)
            if path.parent.name == "policies":
                found.discard("SECRET_HEADER")  # a copy of the policy, in which the person wrote it
            assert not found, (path, found)

    asyncio.run(asyncio.wait_for(test(), 60))


async def broken_policy(fcc: Process) -> None:
    """A file that is refused is shown in the log, with the lines around what is wrong."""
    path = fcc.folder / "routes.toml"
    path.write_text(path.read_text() + '\n[providers.x]\nkey = "env:SPARE"\nwrong = 1\n')
    response = await fcc.client.post(
        "/admin/reload", content=b"{}", headers={"content-type": "application/json"}
    )
    assert response.json()["status"] == "kept"


def test_a_client_is_told_what_its_own_request_did_but_others_are_not() -> None:
    """The error of one request becomes the reason why the next is not sent."""

    async def test() -> None:
        rules = "route rest use a/m, retry 0"
        async with world(
            rules, "[defaults]\nwait = 0\n", a=Upstream(quotes_the_prompt(429, "retry-after: 30"))
        ) as here:
            first = await here.post(message(PROMPT))
            second = await here.post(message("something else"))
            assert first.status_code == second.status_code == 429
            assert not any(piece in second.content for piece in pieces(PROMPT))
            rows = await here.logged(2)
            assert not leaks(json.dumps(rows).encode())

    run(test())


@pytest.mark.parametrize("at", range(270, 301, 6))
def test_no_beginning_of_a_key_is_left_where_a_text_is_cut(at: int) -> None:
    body = json.dumps({"error": {"message": "x" * at + LAPTOP + " is no good"}}).encode()
    table = '[providers.k]\ndialect = "openai-chat"\nbase_url = "{}"\nkey = "env:LAPTOP_TOKEN"\n'

    async def test() -> None:
        async with (
            Upstream(answer(400, body)) as upstream,
            world("route rest use k/m, retry 0", table.format(upstream.url)) as here,
        ):
            response = await here.post(message())
            (row,) = await here.logged()
        assert row["attempts"][0]["message"].startswith("x" * 200)
        for length in range(6, len(LAPTOP)):
            assert LAPTOP[:length] not in response.text + json.dumps(row)

    run(test())


def test_why_a_model_failed_is_kept_in_its_own_words() -> None:
    body = b'{"error":{"message":"this model was retired on Monday","type":"invalid_request_error"}}'

    async def test() -> None:
        rules = "chain both = a/one then b/two, retry 0\nroute rest use both"
        async with world(rules, a=Upstream(answer(400, body)), b=Upstream(openai_answer("fine"))) as here:
            response = await here.post(message())
            assert response.status_code == 200
            (row,) = await here.logged()
            first, second = row["attempts"]
            assert (first["status"], first["message"]) == (400, "this model was retired on Monday")
            assert "message" not in second
            kept = here.app.books.sessions.decision(response.headers["request-id"])
            assert kept is not None
            first, second = kept["attempts"]
            assert (first["status"], first["message"]) == (400, "this model was retired on Monday")
            assert "message" not in second

    run(test())


def test_texts_of_upstreams_are_short_and_of_one_line() -> None:
    hostile = "x" * 280 + "\r\n\x1b[2J\x00\x9b31m\u202e" + "y" * 5000

    async def test() -> None:
        for behaviour in (
            answer(400, json.dumps({"error": {"message": hostile}}).encode()),
            answer(500, hostile.encode()),
            raw(
                b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"
                + b"data: "
                + json.dumps({"error": {"message": hostile}}).encode()
                + b"\n\n"
            ),
        ):
            async with world("route rest use a/m, retry 0", a=Upstream(behaviour)) as here:
                response = await here.post(message())
                (row,) = await here.logged()
                for text in (response.json()["error"]["message"], row["attempts"][0]["message"]):
                    assert len(text) <= 320
                    assert text.isprintable()
                assert b"\x1b" not in response.content
                assert b"\x1b" not in b"".join(here.lines)

    run(test())


def test_an_upstream_cannot_pass_a_key_off_as_its_answers_metadata() -> None:
    """Error types and codes are shown verbatim elsewhere; they are names, or they are nothing."""
    canary = CANARY["SPARE"]

    async def test() -> None:
        body = json.dumps(
            {"error": {"message": "no", "type": "\x1b[2J" + "t" * 5000, "code": canary}}
        ).encode()
        async with world("route rest use a/m, retry 0", a=Upstream(answer(400, body))) as here:
            response = await here.post(message())
            assert response.json()["error"]["type"] in ("invalid_request_error", "api_error")
            assert canary not in response.text + json.dumps(here.rows)

    run(test())


def test_no_secret_in_the_argument_list_or_in_files_others_can_read() -> None:
    async def test() -> None:
        env = {"ANTHROPIC_AUTH_TOKEN": CANARY["TOKEN"], "SECRET_KEY_A": CANARY["SECRET_KEY_A"]}
        async with serving('route rest answer "served"', env=env) as fcc:
            assert (await fcc.post(PROMPT)).status_code == 200
            command = fcc.proc("cmdline")
            assert not leaks(command)
            for path in fcc.written():
                if path.name not in ("stderr", "stdout"):
                    assert path.stat().st_mode & 0o077 == 0, path
            limits = fcc.proc("limits").decode()
            assert re.search(r"Max core file size +0 ", limits)

    run(test())


def test_a_made_token_is_shown_once_and_kept_for_its_owner() -> None:
    async def test() -> None:
        async with serving('route rest answer "served"', env={"ANTHROPIC_AUTH_TOKEN": ""}) as fcc:
            assert fcc.running.stdout is not None
            shown = (await fcc.running.stdout.readline()).split()[2].decode()
            (kept,) = fcc.folder.rglob("token")
            assert kept.read_text().strip() == shown
            assert kept.stat().st_mode & 0o777 == 0o600
            assert (
                await fcc.client.post("/v1/messages", json=message(), headers={"x-api-key": ""})
            ).status_code == 401
            good = await fcc.client.post("/v1/messages", json=message(), headers={"x-api-key": shown})
            assert good.status_code == 200
            assert shown.encode() not in (fcc.folder / "stderr").read_bytes()

    run(test())


def test_a_kept_token_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    from fcc.auth import kept_token

    (tmp_path / "token").write_text("a-token-of-an-earlier-start\n")
    (tmp_path / "token").chmod(0o644)
    assert kept_token(tmp_path).value == "a-token-of-an-earlier-start"
    assert (tmp_path / "token").stat().st_mode & 0o777 == 0o600


def test_a_crash_of_ours_quotes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    from engine.generation import House

    def crash(self: Any, request: Any, **options: Any) -> Any:
        raise RuntimeError(f"{CANARY['SECRET_KEY_A']} {PROMPT}")

    monkeypatch.setattr(House, "run", crash)

    async def test() -> None:
        async with world('route rest answer "served"', a=Upstream(openai_answer("x", ""))) as here:
            response = await here.post(message(PROMPT))
            assert response.status_code == 500
            assert not leaks(response.content + b"".join(here.lines))

    run(test())
