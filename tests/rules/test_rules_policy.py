"""The one door: all stages report in one run, and a policy comes out when there is no error."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.policy import load

GOOD = """rules = '''
alias minimax = zen/minimax-m2.5-free
chain coding = minimax then nvidia_nim/z-ai/glm4.7
route small when model is "*haiku*" use minimax
route rest use coding
'''
[server]
port = 9000
"""


def codes(loaded):
    return [one.code for one in loaded.diagnostics]


def test_a_good_file_gives_a_policy(read_policy):
    loaded = read_policy(GOOD)
    assert loaded.policy is not None
    assert [one for one in loaded.diagnostics if one.severity != "note"] == []
    assert [route.name for route in loaded.policy.routes] == ["small", "rest"]
    assert loaded.policy.settings.server.port == 9000
    assert loaded.source.path == "routes.toml"


def test_errors_of_all_stages_show_in_one_run_in_the_order_of_their_places(read_policy):
    text = """quux = 1
rules = '''
route a use
route b use nobody
'''
[server]
prt = 1
host = localhost
[providers.work]
"""
    loaded = read_policy(text)
    assert loaded.policy is None
    found = [one for one in codes(loaded) if one < "FCC300"]
    assert found == ["FCC003", "FCC101", "FCC201", "FCC003", "FCC001", "FCC010", "FCC010"]
    starts = [one.span.start for one in loaded.diagnostics]
    assert starts == sorted(starts)


def test_a_statement_that_cannot_be_read_leaves_no_flow_findings(read_policy):
    loaded = read_policy("rules = '''\nroute a when when use zen/x\n'''\n")
    assert [one[:4] for one in codes(loaded)] == ["FCC1"]


def test_an_unknown_key_does_not_hide_what_the_checks_find(read_policy):
    loaded = read_policy("rules = '''\nroute a use zen/x\n'''\n[server]\nprt = 1\nhost = '0.0.0.0'\n")
    assert {"FCC003", "FCC603"} <= set(codes(loaded))


def test_places_hold_with_carriage_returns_and_a_byte_order_mark(read_policy):
    text = "rules = '''\nroute a use nobody\n'''\n[server]\nprt = 1\n"
    plain = read_policy(text)
    windows = read_policy(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    places = [
        [(one.code, one.message, loaded.source.lines.place(one.span.start)) for one in loaded.diagnostics]
        for loaded in (plain, windows)
    ]
    assert places[0] == places[1]
    assert ("FCC201", "there is no alias or chain `nobody`", (2, 13)) in places[0]


@pytest.mark.parametrize("quotes", ['"""', "'''"])
def test_rules_in_double_quotes_are_read_all_the_same(read_policy, quotes):
    loaded = read_policy(f"rules = {quotes}\nroute a use nobody\n{quotes}\n")
    assert "FCC201" in codes(loaded)
    assert ("FCC006" in codes(loaded)) == (quotes == '"""')


# --- secrets ------------------------------------------------------------------------------------------------

OPEN = "rules = '''\nroute rest use zen/minimax-m2.5-free\n'''\n"


def told(loaded, code):
    found = [one for one in loaded.diagnostics if one.code == code]
    return [(one.severity, loaded.source.text[one.span.start : one.span.end], one.message) for one in found]


def test_the_missing_key_of_a_preset_is_a_note_at_its_first_use(read_policy):
    text = OPEN.replace("rest use", "rest use zen/glm-5-free then")
    loaded = read_policy(text, keys={})
    message = "`zen` has no key: OPENCODE_API_KEY is not set"
    assert told(loaded, "FCC601") == [("note", "zen/glm-5-free", message)]
    assert loaded.policy is not None
    helped = [one.help for one in loaded.diagnostics if one.code == "FCC601"]
    assert helped == ["set OPENCODE_API_KEY in the environment or in `.env` beside the file"]


@pytest.mark.parametrize("table", ['key = "env:MINE"', 'key = ""', 'auth = "none"'])
def test_a_preset_whose_key_is_said_otherwise_needs_none_of_its_own(read_policy, table):
    loaded = read_policy(f"{OPEN}[providers.zen]\n{table}\n", keys={}, MINE="x")
    assert told(loaded, "FCC601") == []


@pytest.mark.parametrize(
    ("table", "places"),
    [
        ('[providers.zen]\nkey = "env:A"\n', ['"env:A"']),
        ('[providers.zen]\nkey = ["env:A", "env:SET", "env:B"]\n', ['"env:A"', '"env:B"']),
        ('[server]\ntoken = "env:A"\n', ['"env:A"']),
        ('[clients.c]\ntoken = "env:A"\n', ['"env:A"']),
        ('[state]\nredis = "env:A"\n', ['"env:A"']),
        ('[providers.zen]\nkey = "env:SET"\n', []),
    ],
)
def test_an_unset_variable_of_the_file_is_a_warning(read_policy, table, places):
    found = told(read_policy(OPEN + table, SET="x", EMPTY=""), "FCC601")
    assert [one[:2] for one in found] == [("warning", place) for place in places]


@pytest.mark.parametrize(
    ("table", "place"),
    [
        ('[providers.zen]\nkey = "abc"\n', '"abc"'),
        ('[providers.zen]\nkey = ["env:OPENCODE_API_KEY", "abc"]\n', '"abc"'),
        ('[providers.zen]\nheaders = { Authorization = "Bearer abc" }\n', '"Bearer abc"'),
        ('[providers.zen]\nbase_url = "https://u:p@h.example/v1"\n', '"https://u:p@h.example/v1"'),
        ('[server]\ntoken = "abc"\n', '"abc"'),
        ('[clients.c]\ntoken = "abc"\n', '"abc"'),
        ('[state]\nredis = "redis://:p@127.0.0.1"\n', '"redis://:p@127.0.0.1"'),
    ],
)
def test_a_secret_in_the_file_is_an_error(read_policy, table, place):
    loaded = read_policy(OPEN + table)
    assert [one[:2] for one in told(loaded, "FCC602")] == [("error", place)]
    assert loaded.policy is None


def test_findings_never_print_the_secret(read_policy):
    loaded = read_policy(
        f'{OPEN}[providers.zen]\nkey = "abc-secret"\nheaders = {{ X-Api-Key = "abc-secret" }}\n'
    )
    assert len(told(loaded, "FCC602")) == 2
    assert not any("abc-secret" in f"{one.message} {one.help}" for one in loaded.diagnostics)


@pytest.mark.parametrize(
    ("host", "table", "env", "is_open"),
    [
        ("127.0.0.1", "", {}, False),
        ("localhost", "", {}, False),
        ("::1", "", {}, False),
        ("127.8.0.1", "", {}, False),
        ("0.0.0.0", "", {}, True),
        ("::", "", {}, True),
        ("", "", {}, True),
        ("proxy.example", "", {}, True),
        ("0.0.0.0", "", {"ANTHROPIC_AUTH_TOKEN": "t"}, False),
        ("0.0.0.0", 'token = "env:T"', {}, True),
        ("0.0.0.0", 'token = "env:T"', {"T": "t"}, False),
        ("0.0.0.0", 'token = ""', {}, True),
    ],
)
def test_an_open_server_needs_a_token(read_policy, host, table, env, is_open):
    found = told(read_policy(f'{OPEN}[server]\nhost = "{host}"\n{table}\n', **env), "FCC603")
    assert [one[:2] for one in found] == ([("error", f'"{host}"')] if is_open else [])


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("https://h.example/v1", None),
        ("http://127.0.0.1:9000/v1", None),
        ("http://[::1]:9000/v1", None),
        ("http://localhost/v1", None),
        ("http://h.example/v1", "FCC011"),
        ("ftp://h.example", "FCC011"),
        ("h.example/v1", "FCC011"),
        ("https://", "FCC011"),
        ("https://h:x/", "FCC011"),
        ("https://[h/", "FCC011"),
        ("https://h example/", "FCC011"),
    ],
)
def test_addresses_are_checked(read_policy, address, code):
    loaded = read_policy(f'{OPEN}[providers.w]\ndialect = "anthropic"\nbase_url = "{address}"\n')
    assert [one for one in codes(loaded) if one == "FCC011"] == ([code] if code else [])


def test_http_may_be_allowed(read_policy):
    table = '[providers.w]\ndialect = "anthropic"\nbase_url = "http://h.example"\nallow_http = true\n'
    assert "FCC011" not in codes(read_policy(OPEN + table))


@pytest.mark.parametrize(
    ("table", "missing"),
    [("", 2), ('base_url = "http://[::1]"', 1), ("dialect = 1", 1), ('base_url = ""', 2)],
)
def test_a_provider_of_ones_own_needs_address_and_dialect(read_policy, table, missing):
    loaded = read_policy(f"{OPEN}[providers.w]\n{table}\n[clients.c]\n")
    assert codes(loaded).count("FCC010") == missing + 1


# --- any file -----------------------------------------------------------------------------------------------

PARTS = [
    "rules = '''",
    "'''",
    "route a use zen/x",
    "[server]",
    "port = 1",
    "# fcc: allow unused-name because x",
    "alias a = zen/x",
    '"',
    "\r",
    "\t",
    "é",
    "[[a]]",
    "key = 'env:A'",
    "[providers.zen]",
]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(PARTS), max_size=12), st.sampled_from(["\n", "\r\n", " "]))
def test_any_file_is_read_without_raising(parts, between):
    loaded = load(between.join(parts).encode(), path="x", env={}, catalogue={})
    length = max(len(loaded.source.text), 1)
    assert all(0 <= one.span.start <= one.span.end <= length for one in loaded.diagnostics)
    assert (loaded.policy is None) == any(one.severity == "error" for one in loaded.diagnostics)
