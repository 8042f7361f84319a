"""The schema of the TOML part says what the reader of the settings says."""

from __future__ import annotations

import dataclasses
import json
import tomllib
from pathlib import Path
from typing import get_args, get_origin

import pytest
from jsonschema import Draft202012Validator

from rules.schema import schema, text
from rules.settings import Settings
from rules.settings_reader import hints

ROOT = Path(__file__).parents[2]
VALIDATOR = Draft202012Validator(schema())
RULES = "rules = '''\nroute rest use zen/minimax-m2.5-free\n'''\n"


def test_the_file_that_ships_is_up_to_date():
    """Else: `python -m rules.schema docs/routes.schema.json`."""
    assert (ROOT / "docs/routes.schema.json").read_text(encoding="utf-8") == text()


def test_it_is_a_schema():
    Draft202012Validator.check_schema(schema())


def test_every_key_is_in_it_with_its_doc():
    for table, hint in hints(Settings).items():
        named = get_origin(hint) is not None
        made = schema()["properties"][table]
        keys = (made["additionalProperties"] if named else made)["properties"]
        for field in dataclasses.fields(get_args(hint)[1] if named else hint):
            assert keys[field.name]["description"] == field.metadata["doc"]


def test_the_shipped_policy_is_valid():
    assert VALIDATOR.is_valid(tomllib.loads((ROOT / "routes.toml").read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    "tables",
    [
        "[server]\nport = 0\nhosts = ['a', 'b']\ntoken = 'env:TOKEN'",
        "[server]\nport = 65536",
        "[server]\nport = '80'",
        "[server]\nprt = 80",
        "[serve]\nport = 80",
        "[clients.laptop]\ntoken = 'env:LAPTOP'",
        "[clients]\nlaptop = 'env:LAPTOP'",
        "[providers.work]\ndialect = 'openai-chat'\nkey = ''\nheaders = { a = 'b' }",
        "[providers.work]\nkey = ['env:A', 'env:B']",
        "[providers.work]\ndialect = 'openai'",
        "[providers.work]\nheaders = { a = 1 }",
        "[providers.work]\nfailures = [{ status = 400, kind = 'overloaded' }]",
        "[models.'a/b']\ncontext = 200_000\nthinking = 'never'\nprice_in = 1",
        "[models.'a/b']\ncontext = 0",
        "[models.'a/b']\nimages = 'yes'",
        "[models.'a/b']\ncontext = 1.5",
        "[defaults]\nstart = '20s'\nstall = 1.5\nthinking = 'env:X'",
        "[defaults]\nstart = '20 s'",
        "[defaults]\nstart = -1",
        "[defaults]\nretry = true",
        "[reload]\nguard = '20%'",
        "[reload]\nguard = 0.2",
        "[state]\nredis = 'env:REDIS_URL'",
        "[ledger]\ndays = 0",
    ],
)
def test_it_accepts_what_the_reader_accepts(tables, read_policy):
    document = RULES + tables
    found = [one.code for one in read_policy(document).diagnostics if one.severity == "error"]
    assert VALIDATOR.is_valid(tomllib.loads(document)) == (set(found) <= {"FCC010", "FCC202"}), found


def test_a_key_in_clear_is_no_key():
    assert not VALIDATOR.is_valid(tomllib.loads(RULES + "[providers.zen]\nkey = 'not-a-real-key'"))


def test_it_is_json_without_surprises():
    assert json.loads(text()) == schema()
