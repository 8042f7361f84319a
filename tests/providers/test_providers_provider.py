"""A provider: what it is built from, how it asks, and that its failures keep its keys to themselves."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from msgspec.structs import replace

from providers import exchange as exchange_module
from providers.presets import LimitDefault, Preset, catalogue
from providers.presets.reading import read
from providers.provider import Provider, build
from rules.settings import ModelTable, ProviderTable
from support.exchanges import KEY, Outcome, answered, ask_of, provider_at, request_of
from support.upstream import (
    OPENAI_END,
    Behaviour,
    Peer,
    Received,
    Upstream,
    answer,
    openai_answer,
    openai_chunk,
    raw,
    stream,
)
from translators.events import Finish, Text

KEYS = {"OPENCODE_API_KEY": "zen-key-one,zen-key-two", "NVIDIA_NIM_API_KEY": "nim-key"}


def ask(
    provider_of: Any, *behaviours: Behaviour, request: Any = None, **asked: Any
) -> tuple[list[Received], Outcome]:
    """What a provider sends to an upstream and what comes of it. `provider_of`: made from the upstream's address."""

    async def main() -> tuple[list[Received], Outcome]:
        async with Upstream(*behaviours) as upstream, asyncio.timeout(5):
            provider: Provider = provider_of(upstream.url)
            outcome = await answered(provider, request, **asked)
            await provider.aclose()
            return upstream.requests, outcome

    return asyncio.run(main())


def test_a_preset_alone() -> None:
    provider = build("zen", None, {}, KEYS, catalogue())
    assert provider.missing is None
    assert [key.id for key in provider.keys] == ["0", "1"]
    assert provider.limit == LimitDefault(9999, 60)
    assert provider.profile("claude-opus-4-5").dialect == "anthropic"
    nim = build("nvidia_nim", None, {}, KEYS, catalogue()).limit
    assert nim == LimitDefault(40, 60, at_once=6, each=True)


@pytest.mark.parametrize(
    ("name", "table", "said"),
    [
        ("zen", None, "OPENCODE_API_KEY is not set"),
        ("nvidia_nim", None, "NVIDIA_NIM_API_KEY or NVIDIA_API_KEY is not set"),
        ("mine", None, "no table says its `base_url`"),
        ("mine", ProviderTable(), "no table says its `base_url`"),
        ("mine", ProviderTable(base_url="http://models.example/v1"), "in clear"),
        ("mine", ProviderTable(base_url="http://169.254.169.254/v1", allow_http=True), "metadata"),
        ("mine", ProviderTable(base_url="https://a/v1", key="env:MINE"), "MINE is not set"),
        ("mine", ProviderTable(base_url="https://a/v1", headers={"x": "a\r\nb: c"}), "header 'x'"),
        ("mine", ProviderTable(base_url="https://a/v1", headers={"x": "a\0"}), "header 'x'"),
        ("mine", ProviderTable(base_url="https://a/v1", headers={"x y": "a"}), "header 'x y'"),
        (
            "mine",
            ProviderTable(base_url="https://a/v1", failures=({"status": 400},)),
            "`kind` of a failure row",
        ),
    ],
)
def test_nothing_is_raised_and_what_is_missing_is_said(
    name: str, table: ProviderTable | None, said: str
) -> None:
    provider = build(name, table, {}, {}, catalogue())
    assert provider.keys == ()
    assert provider.missing is not None
    assert said in provider.missing
    assert "a\r\nb" not in provider.missing


def test_a_table_goes_over_the_preset_of_its_name() -> None:
    table = ProviderTable(base_url="https://relay.example/v1", auth="bearer", key="env:MINE", stream="never")
    provider = build("zen", table, {}, {"MINE": "my-own-key"}, catalogue())
    assert provider.setup.base_url == "https://relay.example/v1"
    assert provider.setup.stream == "never"
    assert provider.keys[0].secret.reveal() == "my-own-key"
    assert provider.setup.failures == catalogue()["zen"].failures
    assert build("zen", ProviderTable(auth="none"), {}, {}, catalogue()).keys[0].id == ""


def test_a_promised_answer_is_not_fetched_elsewhere_than_it_was_promised() -> None:
    """The address of a preset's answers gets no key of another endpoint."""
    assert build("nvidia_nim", None, {}, KEYS, catalogue()).setup.poll is not None
    table = ProviderTable(base_url="https://own.example/v1")
    assert build("nvidia_nim", table, {}, KEYS, catalogue()).setup.poll is None


def test_facts_of_the_file_go_over_those_of_the_preset() -> None:
    models = {
        "zen/kimi-k2.5": ModelTable(context=1000, images=False),
        "zen/new": ModelTable(dialect="gemini"),
        "zen/claude": ModelTable(dialect="anthropic", first_party=True),
    }
    provider = build("zen", None, models, KEYS, catalogue())
    known = provider.profile("kimi-k2.5")
    assert (known.context, known.images, known.replay) == (1000, False, "reasoning_content")
    assert provider.profile("new").dialect == "gemini"
    assert provider.profile("claude").first_party
    assert not provider.profile("new").first_party
    assert provider.profile("kimi-k2").context == 262144
    table = ProviderTable(dialect="openai-chat")
    assert build("zen", table, {}, KEYS, catalogue()).profile("gpt-5").dialect == "openai-chat"


def test_the_same_set_up_is_the_same_provider() -> None:
    one = build("zen", None, {}, KEYS, catalogue())
    assert one.same(build("zen", None, {}, dict(KEYS), catalogue()))
    assert not one.same(build("zen", None, {}, {"OPENCODE_API_KEY": "another-key"}, catalogue()))
    assert not one.same(build("zen", ProviderTable(verify=False), {}, KEYS, catalogue()))
    assert not one.same(build("zen", None, {"zen/a": ModelTable(context=1)}, KEYS, catalogue()))


@pytest.mark.parametrize(
    ("dialect", "header", "value"),
    [
        ("openai-chat", "authorization", f"Bearer {KEY}"),
        ("anthropic", "x-api-key", KEY),
    ],
)
def test_the_key_goes_where_the_dialect_has_it(dialect: str, header: str, value: str) -> None:
    requests, _ = ask(lambda url: provider_at(url, dialect=dialect), answer(500))
    assert requests[0].headers[header] == value
    assert requests[0].path == ("/v1/messages" if dialect == "anthropic" else "/v1/chat/completions")


def test_auth_can_be_said() -> None:
    requests, _ = ask(lambda url: provider_at(url, auth="x-goog-api-key"), answer(500))
    assert requests[0].headers["x-goog-api-key"] == KEY
    requests, _ = ask(lambda url: provider_at(url, key=""), answer(500))
    assert "authorization" not in requests[0].headers


@pytest.mark.parametrize(
    ("mode", "wanted", "asked"),
    [
        (None, True, True),
        (None, False, True),
        ("always", False, True),
        ("as asked", True, True),
        ("as asked", False, False),
        ("never", True, False),
    ],
)
def test_whether_a_stream_is_asked_for(mode: str | None, wanted: bool, asked: bool) -> None:
    requests, outcome = ask(
        lambda url: provider_at(url, stream=mode), openai_answer("hi"), request=request_of(stream=wanted)
    )
    assert json.loads(requests[0].body)["stream"] is asked
    assert outcome.text == "hi"


def test_what_the_step_asks_reaches_the_wire() -> None:
    models = {"w/m": ModelTable(thinking_switch="effort")}

    def provider_of(url: str) -> Provider:
        return build("w", ProviderTable(dialect="openai-chat", base_url=url, key=KEY), models, {}, {})

    requests, _ = ask(provider_of, answer(500), thinking=True, effort="low")
    assert json.loads(requests[0].body)["reasoning_effort"] == "low"
    requests, _ = ask(
        provider_of, answer(500), thinking=True, effort="low", without=frozenset({"reasoning_effort"})
    )
    assert "reasoning_effort" not in json.loads(requests[0].body)


def preset_at(url: str, text: str = "") -> Provider:
    preset = read("w", f'source = "test"\nbase_url = "{url}"\nkey_variables = ["K"]\n{text}'.encode())
    return build("w", None, {}, {"K": KEY}, {"w": preset})


def test_a_conversation_has_one_id_and_the_client_s_stays_here() -> None:
    async def main() -> list[str]:
        async with Upstream(answer(500)) as upstream:
            provider = preset_at(upstream.url, 'session_header = "x-opencode-session"')
            for session, text in [("s-1", "a"), ("s-1", "b"), ("s-2", "a"), ("", "a"), ("", "a"), ("", "b")]:
                request = request_of(text)
                request.headers = {"x-claude-code-session-id": session} if session else {}
                await answered(provider, request)
            await provider.aclose()
            return [one.headers["x-opencode-session"] for one in upstream.requests]

    ids = asyncio.run(main())
    assert ids[0] == ids[1]
    assert ids[3] == ids[4]
    assert len(set(ids)) == 4
    assert not any("s-1" in one for one in ids)


def test_an_answer_that_is_promised_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange_module, "POLL", 0.01)
    promise = answer(202, b"", "nvcf-reqid: 0b1c-2d")
    requests, outcome = ask(
        lambda url: preset_at(url, f'poll = "{url}/status/{{id}}"'), promise, promise, openai_answer("late")
    )
    assert outcome.text == "late"
    assert [(one.method, one.path) for one in requests[1:]] == [("GET", "/v1/status/0b1c-2d")] * 2
    assert requests[2].headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize("promised", ["../../secret", "a b", ""])
def test_a_promise_that_is_none(promised: str) -> None:
    promise = answer(202, b"", f"nvcf-reqid: {promised}")
    requests, outcome = ask(lambda url: preset_at(url, f'poll = "{url}/status/{{id}}"'), promise)
    assert len(requests) == 1
    assert outcome.failure is not None
    assert outcome.failure.kind == "empty"


def test_errors_carry_status_time_and_field() -> None:
    _, outcome = ask(provider_at, answer(429, b'{"error":{"message":"slow"}}', "retry-after: 12"))
    assert outcome.failure is not None
    assert (outcome.failure.kind, outcome.failure.status, outcome.failure.retry_after) == (
        "rate_limit",
        429,
        12.0,
    )
    body = b'{"error":{"message":"Unsupported parameter: \'stream_options\'","param":"stream_options"}}'
    _, outcome = ask(provider_at, answer(400, body))
    assert outcome.failure is not None
    assert (outcome.failure.kind, outcome.failure.field) == ("bad_request", "stream_options")
    assert outcome.failure.unknown


def test_a_field_we_did_not_send_is_not_named() -> None:
    body = b'{"error":{"message":"Unsupported parameter: \'logprobs\'","param":"logprobs"}}'
    _, outcome = ask(provider_at, answer(400, body))
    assert outcome.failure is not None
    assert (outcome.failure.field, outcome.failure.unknown) == (None, False)


def test_a_limit_for_the_answer_that_does_not_fit_beside_the_prompt_is_the_field() -> None:
    said = b"maximum context length is 100 tokens. However, you requested 110 tokens (%s in the completion)"
    for counts, field in ((b"90 in the messages, 20", "max_tokens"), (b"110 in the messages, 0", None)):
        body = b'{"error":{"message":"' + said % counts + b'"}}'
        _, outcome = ask(provider_at, answer(400, body))
        assert outcome.failure is not None
        assert (outcome.failure.kind, outcome.failure.field) == ("overflow", field)
        assert not outcome.failure.unknown


def test_an_error_body_that_stalls_is_not_awaited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("providers.transport.ERROR_TIME", 0.05)

    async def behave(peer: Peer) -> None:
        await peer.head(503, "content-length: 1000", "retry-after: 9")
        await peer.send(b'{"error":')
        await peer.until_gone()

    _, outcome = ask(provider_at, behave)
    assert outcome.failure is not None
    assert (outcome.failure.kind, outcome.failure.retry_after) == ("overloaded", 9.0)


def test_an_error_body_without_end_is_not_read_to_it() -> None:
    async def behave(peer: Peer) -> None:
        await peer.head(500, "transfer-encoding: chunked")
        while True:
            await peer.chunk(b"x" * 10_000)

    _, outcome = ask(provider_at, behave)
    assert outcome.failure is not None
    assert outcome.failure.kind == "server_error"


@pytest.mark.parametrize("how", ["status", "stream"])
def test_no_failure_shows_the_key(how: str) -> None:
    error = json.dumps({"error": {"message": f"Incorrect API key provided: {KEY}", "type": "x"}}).encode()
    behaviour = answer(401, error) if how == "status" else stream([b"data: " + error + b"\n\n"])
    _, outcome = ask(provider_at, behaviour)
    failure = outcome.failure
    assert failure is not None
    for shown in (failure.message, str(failure), repr(failure), *map(str, failure.args)):
        assert KEY not in shown
        assert "***" in shown


def test_content_before_an_error_is_not_lost() -> None:
    first = b'data: {"choices":[{"delta":{"content":"half"}}]}\n\n'
    error = b'data: {"error":{"message":"Overloaded","type":"overloaded_error"}}\n\n'
    _, outcome = ask(provider_at, raw(b"HTTP/1.1 200 OK\r\n\r\n" + first + error))
    assert outcome.text == "half"
    assert outcome.failure is not None
    assert outcome.failure.kind == "overloaded"


def test_reads_are_never_empty_and_end_with_the_finish() -> None:
    async def main() -> list[list[Any]]:
        async with Upstream(
            stream([b": ping\n\n"] * 3 + [openai_chunk("a"), openai_chunk("b"), OPENAI_END], pause=0.005)
        ) as upstream:
            provider = provider_at(upstream.url)
            exchange = provider.open(request_of(), ask_of(provider))
            await exchange.start()
            reads: list[list[Any]] = []
            while not reads or not isinstance(reads[-1][-1], Finish):
                reads.append(await exchange.read())
            await exchange.aclose()
            await provider.aclose()
            return reads

    reads = asyncio.run(main())
    assert all(reads)
    assert sum(isinstance(event, Text) for read in reads for event in read) == 2


def test_reading_before_the_start_is_a_mistake_of_ours() -> None:
    async def main() -> None:
        provider = provider_at("http://127.0.0.1:9/v1")
        with pytest.raises(RuntimeError):
            await provider.open(request_of(), ask_of(provider)).read()

    asyncio.run(main())


def test_presets_can_be_given_by_anyone() -> None:
    preset = Preset("own", "test", "https://own.example/v1")
    provider = build("own", None, {}, {}, {"own": preset})
    assert provider.keys[0].id == ""
    assert provider.limit is None
    assert replace(preset, key_variables=("K",)).models == {}
