"""Tables to settings: what is declared is read, anything else is told with its place."""

from __future__ import annotations

import dataclasses
from typing import get_args, get_origin, get_type_hints

import pytest

from rules.settings import Defaults, ProviderTable, Settings
from rules.settings_reader import read
from rules.source import read as read_source

RULES = "rules = ''\n"


def settings_of(text, **env):
    source, errors = read_source((RULES + text).encode(), "routes.toml")
    assert errors == []
    found, findings = read(source, env)
    return found, [
        (one.code, source.text[one.span.start : one.span.end], one.message, one.help) for one in findings
    ]


def test_a_file_of_rules_alone_has_all_defaults():
    assert settings_of("") == (Settings(), [])


def test_every_table_is_read():
    found, findings = settings_of(
        """
        [server]
        host = "0.0.0.0"
        port = 0
        token = "env:T"
        hosts = ["a.example", "b.example"]
        public_metrics = true
        [clients.laptop]
        token = "env:LAPTOP"
        [providers.work]
        dialect = "openai-chat"
        base_url = "http://127.0.0.1:9000/v1"
        key = ["env:A", "env:B"]
        headers = { X-Team = "red" }
        failures = [{ status = 400, text = "DEGRADED", kind = "overloaded" }]
        [models."work/a/b"]
        context = 200_000
        price_in = 1
        drop = ["seed"]
        extra = { chat = { thinking = true } }
        [defaults]
        start = "1.5m"
        finish = 90
        thinking = false
        [reload]
        guard = "20%"
        [state]
        redis = "env:REDIS_URL"
        [ledger]
        days = 7
        """
    )
    assert findings == []
    assert (found.server.host, found.server.port, found.server.token) == ("0.0.0.0", 0, "env:T")
    assert found.server.hosts == ("a.example", "b.example")
    assert found.clients["laptop"].token == "env:LAPTOP"
    work = found.providers["work"]
    assert (work.key, work.headers) == (("env:A", "env:B"), {"X-Team": "red"})
    assert work.failures == ({"status": 400, "text": "DEGRADED", "kind": "overloaded"},)
    model = found.models["work/a/b"]
    assert (model.context, model.price_in, model.drop) == (200_000, 1, ("seed",))
    assert model.extra == {"chat": {"thinking": True}}
    assert (found.defaults.start, found.defaults.finish, found.defaults.thinking) == (90.0, 90.0, False)
    assert (found.reload.guard, found.state.redis, found.ledger.days) == (0.2, "env:REDIS_URL", 7)


@pytest.mark.parametrize(
    ("text", "code", "place", "message"),
    [
        ("[servr]\n", "FCC002", "servr", "there is no table `[servr]`"),
        ("[[quux]]\n", "FCC002", "quux", "there is no table `[quux]`"),
        ("port = 1\n", "FCC003", "port", "`port` is no key of the file, but of `[server]`"),
        ("quux = 1\n", "FCC003", "quux", "there is no key `quux` at the top of the file"),
        ("[server]\nprt = 1\n", "FCC003", "prt", "`[server]` has no key `prt`"),
        ("[providers.w]\nurl = ''\n", "FCC003", "url", "`[providers.w]` has no key `url`"),
        ("server = 1\n", "FCC004", "server", "`server` is a table"),
        ("[[server]]\n", "FCC004", "server", "`server` is a table"),
        ("providers = 1\n", "FCC004", "providers", "`providers` is a table"),
        ("[providers]\nwork = 1\n", "FCC004", "work", "`providers.work` is a table"),
        ("[server]\nport = '1'\n", "FCC004", "'1'", "`server.port` is a whole number, not text in quotes"),
        ("[server]\nport = true\n", "FCC004", "true", "`server.port` is a whole number, not true or false"),
        ("[server]\nport = 1.5\n", "FCC004", "1.5", "`server.port` is a whole number, not a number"),
        ("[server]\nhost = 1\n", "FCC004", "1", "`server.host` is text in quotes, not a whole number"),
        ("[server]\nhosts = 'a'\n", "FCC004", "'a'", "`server.hosts` is a list in […], not text in quotes"),
        (
            "[server]\nhosts = ['a', 2]\n",
            "FCC004",
            "2",
            "`server.hosts.1` is text in quotes, not a whole number",
        ),
        (
            "[server]\npublic_metrics = 'true'\n",
            "FCC004",
            "'true'",
            "`server.public_metrics` is true or false, not text in quotes",
        ),
        (
            "[defaults]\nstart = []\n",
            "FCC004",
            "[]",
            '`defaults.start` is a duration such as "30s", not a list in […]',
        ),
        ("[defaults]\nstart = inf\n", "FCC009", "inf", "infinity and `nan` are no amounts"),
        (
            "[defaults]\nstart = 1979-05-27\n",
            "FCC004",
            "1979-05-27",
            '`defaults.start` is a duration such as "30s", not a date or time',
        ),
        (
            "[defaults]\nthinking = 'maybe'\n",
            "FCC004",
            "'maybe'",
            '`defaults.thinking` is true, false or "env:NAME", not text in quotes',
        ),
        (
            "[reload]\nguard = 20\n",
            "FCC004",
            "20",
            '`reload.guard` is a share such as "20%", not a whole number',
        ),
        (
            "[models.'a/b']\nprice_in = nan\n",
            "FCC009",
            "nan",
            "infinity and `nan` are no amounts",
        ),
        (
            "[providers.w]\nheaders = { a = 1 }\n",
            "FCC004",
            "1",
            "`providers.w.headers.a` is text in quotes, not a whole number",
        ),
        (
            "[providers.w]\nkey = 1\n",
            "FCC004",
            "1",
            "`providers.w.key` is text in quotes or a list in […], not a whole number",
        ),
        ("[server]\nport = 65536\n", "FCC009", "65536", "65536 is too large"),
        ("[server]\nport = -1\n", "FCC009", "-1", "-1 is too small"),
        ("[defaults]\nstart = -1\n", "FCC009", "-1", "-1 is too small"),
        ("[defaults]\nstart = '30 s'\n", "FCC009", "'30 s'", '"30 s" is no duration'),
        ("[defaults]\nattempts = 0\n", "FCC009", "0", "0 is too small"),
        ("[reload]\nguard = '101%'\n", "FCC009", "'101%'", "a share is at most 100%"),
        (
            "[server]\nhost = 'env:HOST'\n",
            "FCC009",
            "'env:HOST'",
            "this key is not read from the environment",
        ),
        ("[server]\ntoken = 'env:'\n", "FCC009", "'env:'", "`` is no name of a variable"),
        (
            "[providers.w]\nauth = 'bearr'\n",
            "FCC009",
            "'bearr'",
            "`bearr` is not one of `bearer`, `x-api-key`, `x-goog-api-key`, `none`",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text, code, place, message):
    _, findings = settings_of(text)
    assert [one[:3] for one in findings] == [(code, place, message)]


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("[servr]\n", "did you mean `server`?"),
        ("[server]\nprt = 1\n", "did you mean `port`?"),
        ("port = 1\n", "move it below `[server]`"),
        ("[[server]]\n", "begin it with `[server]`, once"),
        ("[server]\nport = '80'\n", "write 80 without quotes"),
        ("[server]\nhost = 1\n", 'write "1"'),
        ("[server]\npublic_metrics = 'true'\n", "write true without quotes"),
        ("[providers.w]\nauth = 'bearr'\n", "did you mean `bearer`?"),
    ],
)
def test_help_says_what_to_change(text, advice):
    assert settings_of(text)[1][0][3] == advice


def test_what_is_wrong_keeps_its_default_and_the_rest_is_read():
    found, findings = settings_of("[server]\nport = 'x'\nhost = 'localhost'\n")
    assert (found.server.host, found.server.port, len(findings)) == ("localhost", 8082, 1)


def test_rules_are_missed_and_found_in_the_table_they_slipped_into():
    for text, place, advice in [
        ("[server]\nport = 1\n", "[", "begin with rules = '''…'''; it says which model answers what"),
        ("[server]\nrules = '''x'''\n", "rules", "move it above the first table"),
    ]:
        source, _ = read_source(text.encode(), "x")
        (finding,) = read(source, {})[1]
        assert (finding.code, source.text[finding.span.start : finding.span.end], finding.help) == (
            "FCC005",
            place,
            advice,
        )


def test_rules_of_another_type_are_told():
    source, _ = read_source(b"rules = 1\n", "x")
    assert [one.code for one in read(source, {})[1]] == ["FCC004"]


@pytest.mark.parametrize(
    ("said", "thinking"),
    [("true", True), ("0", False), (" No ", False), ("ON", True), ("", True), (None, True)],
)
def test_thinking_may_come_from_the_environment(said, thinking):
    env = {} if said is None else {"ENABLE_MODEL_THINKING": said}
    found, findings = settings_of('[defaults]\nthinking = "env:ENABLE_MODEL_THINKING"\n', **env)
    assert (found.defaults.thinking, findings) == (thinking, [])


def test_a_variable_that_says_neither_true_nor_false_is_told():
    found, findings = settings_of('[defaults]\nthinking = "env:THINK"\n', THINK="perhaps")
    assert found.defaults.thinking is True
    assert [one[0] for one in findings] == ["FCC009"]


def test_every_key_is_declared_with_a_doc_and_a_type_the_reader_knows():
    for hint in get_type_hints(Settings).values():
        kind = get_args(hint)[1] if get_origin(hint) else hint
        for field in dataclasses.fields(kind):
            assert field.metadata["doc"]
            assert "env:" not in field.metadata["doc"] or field.metadata["env"], field.name
    assert get_type_hints(ProviderTable)["verify"] is bool
    assert get_type_hints(Defaults)["start"] is float
