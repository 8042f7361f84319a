"""What lint says of routes, models and times: which finding, where, with which labels and which request."""

from __future__ import annotations

import json

import pytest

from rules.render.json import render as as_json
from rules.render.text import render as as_text

HEAD = """
alias glm = nvidia_nim/z-ai/glm4.7
alias mini = zen/minimax-m2.5-free
alias free = zen/glm-5-free
"""
TAIL = "route last use glm then mini then free\n"


def file(rules: str, tables: str = "") -> str:
    return f"rules = '''{HEAD}{rules}'''\n{tables}"


@pytest.fixture
def findings(read_policy):
    """`findings(rules, tables, prefix)`: (code, severity, marked text, message) of each finding of a family."""

    def found(rules: str, tables: str = "", family: str = "FCC3", **env: str):
        loaded = read_policy(file(rules, tables), **env)
        text = loaded.source.text
        return [
            (one.code, one.severity, text[one.span.start : one.span.end], one)
            for one in loaded.diagnostics
            if one.code.startswith(family)
        ]

    return found


def marked(one, text):
    return [(text[label.span.start : label.span.end], label.text) for label in one.labels]


# --- flow -----------------------------------------------------------------------------------------------------


def test_an_unreachable_route_shows_who_takes_its_requests(read_policy):
    rules = """route vision when images > 0                     use glm
route long   when tokens > 120k                  use mini
route far    when tokens > 200k or images > 2    use free
route last   use glm then mini
"""
    loaded = read_policy(file(rules))
    shown = as_text(loaded.source, [one for one in loaded.diagnostics if one.code == "FCC301"])
    assert (
        shown
        == """\
error[FCC301]: route `far` can never be reached
 --> routes.toml:7:7
  |
5 | route vision when images > 0                     use glm
  |       ------ takes every request with images
6 | route long   when tokens > 120k                  use mini
  |       ---- takes the rest above 120k tokens
7 | route far    when tokens > 200k or images > 2    use free
  |       ^^^ nothing is left for this route
  = help: move it above `vision`

1 error
"""
    )
    assert loaded.policy is None


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ("images > 0", "takes every request with images"),
        ("images = 0", "takes every request without images"),
        ("tokens >= 120k", "takes every request from 120k tokens"),
        ("turns < 3", "takes every request below 3 messages"),
        ("stream", "takes every request with a stream"),
        ("not thinking", "takes every request without thinking"),
        ('model is "*haiku*"', 'takes every request for models like "*haiku*"'),
        ('tool is "WebSearch"', 'takes every request with the tool "WebSearch"'),
        ("task is title", "takes every request of the task title"),
        ("day in (sat, sun)", "takes every request with `day in (sat, sun)`"),
    ],
)
def test_labels_say_in_words_what_a_route_takes(findings, condition, words):
    (found,) = [
        one[3]
        for one in findings(f"route a when {condition} use glm\nroute b when {condition} use mini\n{TAIL}")
    ]
    assert found.code == "FCC301"
    assert found.labels[0].text == words


def test_an_offer_that_is_never_reached_is_a_warning_and_a_second_offer_of_the_same_none(findings):
    late = findings(f'route zen when model is "zen/*" use glm\noffer mini\n{TAIL}')
    assert [one[:3] for one in late] == [("FCC301", "warning", "mini")]
    assert findings(f"offer mini\noffer mini\n{TAIL}") == []
    assert findings(f"offer mini\noffer env MINE\n{TAIL}", MINE="zen/minimax-m2.5-free") == []


def test_a_contradiction_shows_its_parts(findings):
    rules = f"route odd when tokens > 9 and stream and tokens < 4 and images > 0 use glm\n{TAIL}"
    ((code, severity, place, one),) = findings(rules)
    assert (code, severity, place) == ("FCC302", "error", "odd")
    assert marked(one, file(rules)) == [("tokens > 9", "this"), ("tokens < 4", "and this exclude each other")]


@pytest.mark.parametrize(
    "condition",
    [
        "images > 5 and images < 3",
        "time in 12:00..12:00",
        'tools = 0 and tool is "X"',
        'model is "a*" and model is "b*"',
        "not (stream or not stream)",
        "tokens > 0.2 and tokens < 0.9",
        "effort is low and effort is high",
    ],
)
def test_contradictions_of_every_type_of_fact(findings, condition):
    assert [one[0] for one in findings(f"route odd when {condition} use glm\n{TAIL}")] == ["FCC302"]


@pytest.mark.parametrize(
    "condition",
    [
        "tokens >= 0",
        "stream or not stream",
        'model is "*"',
        "time in 00:00..24:00",
        f"task in ({', '.join(['main', 'subagent', 'compact', 'search', 'title', 'suggestion', 'quota_probe'])}"
        ", model_probe, prefix, filepaths, classifier)",
        'tools = 0 or tool is "*"',
    ],
)
def test_conditions_that_are_none(findings, condition):
    found = findings(f"route odd when {condition} use glm\n")
    assert [one[:3] for one in found] == [("FCC303", "warning", condition)]


def test_the_fix_of_a_condition_that_is_none_leaves_a_route_without(findings):
    rules = "route odd when tokens >= 0   use glm\n"
    (found,) = findings(rules)
    text, (edit,) = file(rules), found[3].fix.edits
    assert "route odd use glm" in text[: edit.span.start] + edit.text + text[edit.span.end :]


def test_a_gap_is_a_request(read_policy):
    rules = 'route a when model is "claude-*" use glm\nroute b when tool is "Bash" or time < 12:00 use mini\n'
    loaded = read_policy(file(rules))
    (gap,) = [one for one in loaded.diagnostics if one.code == "FCC304"]
    assert gap.severity == "warning"
    assert gap.witness["time"] == "12:00"
    assert not str(gap.witness["model"]).startswith("claude-")
    assert gap.witness["tool"] == []
    assert "= request: model " in as_text(loaded.source, [gap])
    assert ", no tool, time 12:00" in as_text(loaded.source, [gap])
    assert json.loads(as_json(loaded.source, [gap]))["findings"][0]["witness"] == gap.witness


def test_without_a_route_every_request_falls_through(findings):
    assert [one[0] for one in findings("")] == ["FCC304"]


def test_a_test_without_effect_of_its_own_is_a_warning_and_by_order_a_note(findings):
    own = findings(f"route a when tokens > 9 and tokens > 5 use glm\n{TAIL}")
    assert [one[:3] for one in own] == [("FCC305", "warning", "tokens > 5")]
    order = findings(f"route a when images > 0 use glm\nroute b when images = 0 and stream use mini\n{TAIL}")
    assert [one[:3] for one in order] == [("FCC305", "note", "images = 0")]
    value = findings(
        f"route a when task is title use glm\nroute b when task in (search, title) use mini\n{TAIL}"
    )
    assert [one[:3] for one in value] == [("FCC305", "note", "title")]
    whole = findings("route a when images > 0 use glm\nroute b when images = 0 use mini\n")
    assert [one[:3] for one in whole] == [("FCC305", "note", "images = 0")]


@pytest.mark.parametrize("kind", ["health {} 3 failures in 30s, rest 30s", "limit {} 5 per minute"])
def test_shadowed_patterns_show_the_fewest_that_shadow_them(findings, kind):
    code = "FCC306" if kind.startswith("health") else "FCC307"

    def lines(*globs):
        return "\n".join(kind.format(glob) for glob in globs) + f"\n{TAIL}"

    (found,) = findings(lines("zen/a*", "zen/*", "zen/ab*"))
    assert found[:3] == (code, "warning", "zen/ab*")
    assert [label.text for label in found[3].labels][-1] == "nothing is left for this pattern"
    assert len(found[3].labels) == 2
    assert findings(lines("zen/a*", "zen/*b", "zen/*")) == []
    assert [one[2] for one in findings(lines("*/*", "*"))] == ["*"]
    assert [one[2] for one in findings(lines("z*", "?*", "zen/*"))] in (["zen/*"], ["?*", "zen/*"])


# --- models ---------------------------------------------------------------------------------------------------

BLIND = '[models."zen/minimax-m2.5-free"]\nimages = false\n[models."zen/glm-5-free"]\nimages = false\n'


def test_images_that_nobody_sees(findings):
    (found,) = findings("route small when stream use mini then free\nroute last use glm\n", BLIND, "FCC401")
    assert found[:3] == ("FCC401", "warning", "small")
    assert found[3].witness == {"stream": True, "images": 1}
    assert [label.text for label in found[3].labels] == ["cannot see images"] * 2


@pytest.mark.parametrize(
    "rules",
    [
        "route v when images > 0 use glm\nroute last use mini\n",
        "route last use mini then glm\n",
        "route last use requested then mini\n",
        "route a when images = 0 use mini\nroute last use glm\n",
        f"offer mini\n{TAIL}",
    ],
)
def test_images_that_somebody_sees(findings, rules):
    assert findings(rules, BLIND, "FCC401") == []


def test_steps_that_are_never_asked_are_a_note(findings):
    (found,) = findings("route v when images > 0 use glm then mini\nroute last use glm\n", BLIND, "FCC401")
    assert found[:3] == ("FCC401", "note", "v")
    assert "`zen/minimax-m2.5-free` will never be asked" in found[3].message


def test_tools_and_documents(findings):
    tables = '[models."zen/minimax-m2.5-free"]\ntools = false\n'
    (found,) = findings("route last use mini\n", tables, "FCC403")
    assert found[3].witness == {"tools": 1}
    assert [
        one[:3] for one in findings("route a when stream use mini\nroute last use glm\n", "", "FCC402")
    ] == [("FCC402", "note", "a")]


@pytest.mark.parametrize(
    ("condition", "severity"),
    [
        ("tokens > 250k", "warning"),
        ("tokens > 150k", "note"),
        ("tokens in 150k..160k", None),
        ("stream", None),
    ],
)
def test_prompts_longer_than_every_window(findings, condition, severity):
    found = findings(f"route long when {condition} use mini then free\nroute last use glm\n", "", "FCC404")
    assert [one[1] for one in found] == ([severity] if severity else [])
    assert all(one[3].witness["tokens"] > 200_000 for one in found)


@pytest.mark.parametrize(
    ("option", "thinking", "count"),
    [
        ("without", "always", 1),
        ("with", "never", 1),
        ("without", "never", 0),
        ("with", "always", 0),
        ("with", "switchable", 0),
    ],
)
def test_thinking_that_cannot_be_switched(findings, option, thinking, count):
    tables = f'[models."zen/minimax-m2.5-free"]\nthinking = "{thinking}"\n'
    found = findings(f"chain c = mini {option} thinking then glm\nroute last use c\n", tables, "FCC405")
    assert [one[2] for one in found] == ["mini"] * count


# --- times ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("health", "limit", "trips"),
    [
        ("20 failures in 30s, rest 30s", "zen/* 2 per minute, 4 at once", False),
        ("6 failures in 30s, rest 30s", "zen/* 2 per minute, 4 at once", True),
        ("7 failures in 30s, rest 30s", "zen/* 2 per minute, 4 at once", False),
        ("20 failures in 30s, rest 30s", "zen/* 2 per minute", True),
        ("23 failures in 30s, rest 30s", "zen/* 2 per minute", False),
        ("99 failures in 30s, rest 30s", "zen/* 2 per minute for each session", True),
        ("99 failures in 30s, rest 30s", "zen/* 2 tokens per minute", True),
        ("99 failures in 30s, rest 30s", "nvidia_nim/* 2 per minute", True),
    ],
)
def test_thresholds_that_can_never_trip(findings, health, limit, trips):
    found = findings(f"health * {health}\nlimit {limit}\nroute last use mini\n", "", "FCC501")
    assert [one[0] for one in found] == ([] if trips else ["FCC501"])


@pytest.mark.parametrize(
    ("chain", "late"),
    [
        ("mini start within 60s then free finish within 60s", ["free"]),
        ("mini start within 20s then free finish within 60s", []),
        ("mini then free, finish within 20s", ["free"]),
        ("mini start within 40s then glm start within 40s then free finish within 80s", ["free"]),
        ("least-loaded (mini, glm) then free, finish within 20s", []),
        ("mini then free on overflow, finish within 20s", []),
        ("mini start within 30s then glm on overflow start within 30s then free finish within 60s", []),
        ("mini start within 60s then glm on overflow then free finish within 60s", ["free"]),
    ],
)
def test_steps_without_time(findings, chain, late):
    found = findings(f"chain c = {chain}\nroute last use c\n", "", "FCC502")
    assert [one[2] for one in found] == late


def test_a_step_for_timeouts_alone_can_never_get_time(findings):
    (found,) = findings("route last use mini then free on timeout, finish within 20s\n", "", "FCC502")
    assert "can never get any time" in found[3].message


@pytest.mark.parametrize(
    ("rules", "tables", "count"),
    [
        ("chain c = mini then free\nroute last use c\n", "", 1),
        ("route last use mini then free\n", "", 1),
        ("route last use mini then glm\n", "", 0),
        ("route last use mini\n", "", 0),
        ("route last use mini then free then requested\n", "", 0),
        ("route last use mini then free\n", '[providers.zen]\nkey = ["env:OPENCODE_API_KEY", "env:B"]\n', 0),
    ],
)
def test_chains_behind_one_key(findings, rules, tables, count):
    found = findings(rules, tables, "FCC503", B="b")
    assert [one[1] for one in found] == ["note"] * count


@pytest.mark.parametrize(
    ("limit", "count"), [("0 per minute", 1), ("5 per minute, 0 at once", 1), ("1 at once", 0)]
)
def test_limits_of_zero(findings, limit, count):
    assert [one[1] for one in findings(f"limit zen/* {limit}\n{TAIL}", "", "FCC504")] == ["error"] * count


# --- style ----------------------------------------------------------------------------------------------------


def test_double_negations_go_in_pairs(findings):
    found = findings(f"route a when not not stream and not (not thinking) use glm\n{TAIL}", "", "FCC803")
    assert [(one[2], one[3].fix is not None) for one in found] == [
        ("not not stream", True),
        ("not (not thinking)", False),
    ]


def test_letters_of_another_alphabet_in_latin_text(findings):
    mixed = findings(f'route a when model is "*h\u0430iku*" use glm\n{TAIL}', "", "FCC804")
    assert [(one[2], one[3].help) for one in mixed] == [("\u0430", 'write "*haiku*"')]
    whole = findings(
        f'route a when header.x-a is "\u043f\u0440\u0438\u0432\u0435\u0442" use glm\n{TAIL}', "", "FCC804"
    )
    assert whole == []
