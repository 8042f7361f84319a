"""What lint says of the tables: failure rows, facts of no model, shared tokens, headers and hosts, odd words."""

from __future__ import annotations

import pytest

RULES = "rules = '''\nalias mini = zen/glm-5-free\nroute rest use mini\n'''\n"


def found(read_policy, tables, code, **env):
    loaded = read_policy(RULES + tables, **env)
    text = loaded.source.text
    return [
        (one.message, text[one.span.start : one.span.end], one.help)
        for one in loaded.diagnostics
        if one.code == code
    ]


@pytest.mark.parametrize(
    ("row", "message", "place", "advice"),
    [
        (
            'status = 400, kind = "overlaoded"',
            "there is no failure `overlaoded`",
            '"overlaoded"',
            "`overloaded`",
        ),
        ('status = 400, kind = "tired"', "there is no failure `tired`", '"tired"', "`timeout`, "),
        ('status = "400", kind = "cut"', "`status` of a failure row is a whole number", '"400"', None),
        ('status = true, kind = "cut"', "`status` of a failure row is a whole number", "true", None),
        ('status = 99, kind = "cut"', "there is no HTTP status 99", "99", "from 100 to 599"),
        ('text = 5, kind = "cut"', "`text` of a failure row is text in quotes", "5", None),
        (
            'txt = "a", status = 400, kind = "cut"',
            "a failure row has no `txt`",
            "txt",
            "did you mean `text`?",
        ),
        ("status = 400", "a failure row needs a `kind`", "{ status = 400 }", "`timeout`, "),
        ('kind = "cut", hint = "x"', "a failure row needs a `status`", '{ kind = "cut", hint = "x" }', None),
    ],
)
def test_failure_rows(read_policy, row, message, place, advice):
    tables = f'[providers.zen]\nfailures = [{{ status = 500, kind = "cut" }}, {{ {row} }}]\n'
    ((said, there, told),) = found(read_policy, tables, "FCC012")
    assert said.startswith(message)
    assert there == place
    assert advice is None or advice in (told or "")


def test_what_the_lint_lets_by_can_be_built(read_policy):
    from providers.rows import rows_of

    rows = 'failures = [{ status = 400, text = "X", kind = "overloaded", hint = "y" }, { type = "z", kind = "cut" }]'
    loaded = read_policy(f"{RULES}[providers.zen]\n{rows}\n")
    assert loaded.policy is not None
    assert len(rows_of(loaded.policy.settings.providers["zen"].failures)) == 2


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("mini", '`[models."zen/glm-5-free"]`'),
        ("glm", "provider/model"),
        ("zen/", "provider/model"),
        ("zem/glm", "did you mean `zen`?"),
        ("elsewhere/glm", "`[providers.elsewhere]`"),
    ],
)
def test_facts_of_no_model(read_policy, name, advice):
    ((_, place, told),) = found(read_policy, f'[models."{name}"]\ncontext = 1000\n', "FCC013")
    assert (place, advice in told) == (f'"{name}"', True)


def test_facts_of_models_of_own_providers_are_fine(read_policy):
    own = '[providers.work]\ndialect = "openai-chat"\nbase_url = "https://a.example"\nkey = ""\n'
    assert found(read_policy, f'{own}[models."work/a/b"]\ncontext = 1\n', "FCC013") == []


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ('[clients.a]\ntoken = "env:T"\n[clients.b]\ntoken = "env:T"\n', "`b` has the token of `a`"),
        (
            '[clients.a]\ntoken = "env:ANTHROPIC_AUTH_TOKEN"\n',
            "`a` has the token of the server itself",
        ),
        (
            '[server]\ntoken = "env:T"\n[clients.a]\ntoken = "env:T"\n',
            "`a` has the token of the server itself",
        ),
    ],
)
def test_shared_tokens(read_policy, tables, message):
    ((said, _, _),) = found(read_policy, tables, "FCC014")
    assert said == message


def test_clients_with_tokens_of_their_own_are_fine(read_policy):
    tables = '[clients.a]\ntoken = "env:T"\n[clients.b]\ntoken = "env:U"\n'
    assert found(read_policy, tables, "FCC014") == []
    assert found(read_policy, tables, "FCC014", T="one", U="two") == []


@pytest.mark.parametrize(
    ("tables", "place"),
    [
        ('[server]\nhosts = ["a.example", "b.example:80"]\n', '"b.example:80"'),
        ('[server]\nhosts = ["https://a.example"]\n', '"https://a.example"'),
        ('[providers.zen]\nheaders = { "x y" = "a" }\n', '"x y"'),
        ('[providers.zen]\nheaders = { "x-y" = "a\\nb" }\n', '"a\\nb"'),
        ('[providers.zen]\nheaders = { "x-y" = "€" }\n', '"€"'),
    ],
)
def test_headers_and_hosts(read_policy, tables, place):
    assert [there for _, there, _ in found(read_policy, tables, "FCC016")] == [place]


def test_good_headers_and_hosts_are_fine(read_policy):
    tables = '[server]\nhosts = ["a.example", "::1", "10.0.0.1", "my_box"]\n'
    tables += '[providers.zen]\nheaders = { "X-Title" = "fcc 1.0 (é)" }\n'
    assert found(read_policy, tables, "FCC016") == []


def test_an_odd_way_to_switch_thinking_is_an_odd_word(read_policy):
    ((said, place, told),) = found(
        read_policy, '[models."zen/glm-5-free"]\nthinking_switch = "templat"\n', "FCC009"
    )
    assert (place, told) == ('"templat"', "did you mean `template`?")
    assert "`system-line`" in said
