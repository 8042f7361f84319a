"""Canaries: a secret stands in a file in every way it can, and no renderer and no finding may tell it."""

from __future__ import annotations

import dataclasses
import json
from typing import get_origin

import pytest

from rules.render import FORMATS
from rules.render.json import entry
from rules.settings import Settings
from rules.settings_changes import setting_changes
from rules.settings_reader import hints

CANARY = "q7Zp-canary-42ffe81c"
RULES = "rules = '''\nroute rest use zen/minimax-m2.5-free\n'''\n"
WORK = '[providers.work]\ndialect = "openai-chat"\nbase_url = "https://models.example/v1"\n'


def said(loaded) -> str:
    """All that any renderer prints of a file, and the findings as editor, log and dashboard have them."""
    printed = [render(loaded.source, loaded.diagnostics) for render in FORMATS.values()]
    told = [
        (one.message, one.help, one.labels, one.witness, json.dumps(entry(loaded.source, one)))
        for one in loaded.diagnostics
    ]
    return "\n".join([*printed, repr(told)])


TABLES = {
    "key": f'{WORK}key = "{CANARY}"',
    "literal string": f"{WORK}key = '{CANARY}'",
    "long string": f'{WORK}key = """\n{CANARY}"""',
    "key of a preset": f'[providers.zen]\nkey = "{CANARY}"',
    "list of keys": f'{WORK}key = ["env:A", "{CANARY}"]',
    "list over lines": f'{WORK}key = [\n  "{CANARY}", # one\n]',
    "inline table": f'[providers]\nwork = {{ key = "{CANARY}" }}',
    "dotted key": f'providers.work.key = "{CANARY}"',
    "header": f'{WORK}headers = {{ Authorization = "Bearer {CANARY}" }}',
    "header's table": f'{WORK}[providers.work.headers]\n"x-api-key" = "{CANARY}"',
    "header that cannot be sent": f'{WORK}headers = {{ "x-api-key" = "{CANARY}\\n" }}',
    "token": f'[server]\nhost = "0.0.0.0"\ntoken = "{CANARY}"',
    "client": f'[clients.laptop]\ntoken = "{CANARY}"',
    "two clients": f'[clients.a]\ntoken = "{CANARY}"\n[clients.b]\ntoken = "{CANARY}"',
    "password": f'[state]\nredis = "redis://me:{CANARY}@db.example:6379/0"',
    "password in an address": f'{WORK}\n[providers.w2]\nbase_url = "http://me:{CANARY}@models.example/v1"',
    "key in an address": f'[providers.work]\ndialect = "gemini"\nbase_url = "http://m.example/v1?key={CANARY}"',
    "unknown key": f'{WORK}api_key = "{CANARY}"',
    "unknown key with a bar": f'{WORK}api-key = "{CANARY}"',
    "unknown table": f'[provider.work]\nkey = "{CANARY}"',
    "key at the top": f'key = "{CANARY}"',
    "wrong type": f'[server]\ntoken = ["{CANARY}"]',
    "no variable's name": f'{WORK}key = "env:{CANARY}"',
    "key taken for a variable": f'{WORK}key = "env:q7Zp0canary42ffe81cq7Zp0"',
    "known look, wrong place": f'[server]\nhost = "sk-{CANARY}"',
    "known look, wrong word": f'{WORK}auth = "sk-{CANARY}"',
    "body": f'[models."zen/a"]\nextra = {{ api_key = "{CANARY}", max = "x" }}\ncontext = {{ secret = "{CANARY}" }}',
}
BROKEN = {
    "no quotes": f"{WORK}key = {CANARY}",
    "no end": f'{WORK}key = "{CANARY}',
    "long string without an end": f'{WORK}key = """{CANARY}',
    "odd quotes": f"{WORK}key = “{CANARY}”",
    "behind the end": f'{WORK}key = "{CANARY}" x',
    "twice": f'{WORK}key = "{CANARY}"\nkey = "{CANARY}"',
    "list without an end": f'{WORK}key = ["env:A", "{CANARY}"',
    "list without a comma": f'{WORK}key = [\n"env:A"\n"{CANARY}"\n]',
    "colon": f'{WORK}key: "{CANARY}"',
    "wrong escape": f'{WORK}key = "{CANARY}\\q"',
    "header without an end": f'{WORK}headers = {{ "x-api-key" = "{CANARY}"',
}


@pytest.mark.parametrize("tables", [*TABLES.values(), *BROKEN.values()], ids=[*TABLES, *BROKEN])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_no_finding_tells_a_secret_of_the_tables(read_policy, tables, end):
    text = f"{tables}\n{RULES}" if tables.startswith(("key", "providers")) else f"{RULES}{tables}\n"
    loaded = read_policy(text.replace("\n", end))
    assert loaded.diagnostics
    printed = said(loaded)
    for part in (CANARY, CANARY[:10], CANARY[10:], "q7Zp0canary42"):
        assert part not in printed


@pytest.mark.parametrize(
    "rule",
    [
        f'route a when header.authorization is "Bearer {CANARY}" answer locally',
        f'route a when header.x-api-key is "{CANARY}" and header.x-api-key is "b" answer locally',
        f'route a when not header.x-api-key is "{CANARY}" answer locally',
        f'route a when header.x-api-key in ("b", "{CANARY}") and imagse > 0 answer locally',
        f"route a when header.x-api-key is '{CANARY}' answer locally",
        f'route a when header.x-api-key is "{CANARY}" use nothing',
        f'route a answer locally expect a given header.x-api-key "{CANARY}", imagse 1',
        f'route a when header.x-api-key is "{CANARY}*" answer locally',
        f'route a when header.x-api-key is "{CANARY}" answer locally\nroute b when header.x-api-key is "{CANARY}" '
        "use zen/minimax-m2.5-free",
    ],
)
def test_no_finding_tells_a_header_that_carries_a_key(read_policy, rule):
    loaded = read_policy(f"rules = '''\n{rule}\n'''\n")
    assert loaded.diagnostics
    assert CANARY[:10] not in said(loaded)


def test_every_key_declared_secret_is_masked(read_policy):
    seen = 0
    for name, hint in hints(Settings).items():
        kind = hint.__args__[1] if get_origin(hint) else hint
        for field in dataclasses.fields(kind):
            if field.metadata.get("secret"):
                seen += 1
                table = f"{name}.one" if get_origin(hint) else name
                loaded = read_policy(f'{RULES}[{table}]\n{field.name} = "{CANARY}"\n')
                assert "FCC602" in {one.code for one in loaded.diagnostics}
                assert CANARY not in said(loaded)
    assert seen >= 3


def test_what_is_no_secret_is_shown_and_places_stay(read_policy):
    text = f'{RULES}{WORK}key = "{CANARY}" # mine\n[server]\nhots = "env:KEY"\n'
    loaded = read_policy(text)
    printed = FORMATS["text"](loaded.source, loaded.diagnostics)
    assert f'key = "{"*" * len(CANARY)}" # mine' in printed
    assert 'hots = "env:KEY"' in printed
    assert len(loaded.source.shown.text) == len(loaded.source.text)
    assert loaded.source.shown.starts == loaded.source.lines.starts


def test_a_variable_and_ordinary_keys_are_no_secrets(read_policy):
    text = (
        f'{RULES}{WORK}key = ["env:WORK_API_KEY", ""]\nauth = "bearer"\n'
        '[models."work/a"]\nextra = { max_tokens = 5, keys = 3, token = true }\n'
    )
    assert read_policy(text).source.secrets == []


def test_fixes_that_would_write_a_secret_stay_in_the_process(read_policy):
    loaded = read_policy(f"rules = \"route a when header.x-api-key is '{CANARY}' answer locally\"\n")
    fixes = [one.fix for one in loaded.diagnostics if one.fix is not None]
    assert any(CANARY in edit.text for fix in fixes for edit in fix.edits)
    assert CANARY not in said(loaded)


def test_a_plan_names_the_key_that_changed_and_not_what_it_is(read_policy):
    table = '[models."zen/a"]\nextra = {{ api_key = "{}", top = "{}" }}\n'
    old, new = (read_policy(RULES + table.format(one, one)).policy.settings for one in ("one", CANARY))
    assert [(one.key, one.new) for one in setting_changes(old, new)] == [
        ("models.zen/a.extra.api_key", "(hidden)"),
        ("models.zen/a.extra.top", CANARY),
    ]
