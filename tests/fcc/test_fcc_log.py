"""The log: one JSON line a request, and the same for the eye."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fcc.log import Log, fitting
from fcc.terminal import TerminalLog
from rules.policy import Loaded, load

ROW: dict[str, Any] = {
    "request_id": "req_1",
    "client": "",
    "model": "claude-opus-5-5",
    "stream": True,
    "bytes": 10,
    "status": 200,
    "ms": 3100.4,
    "route": "rest",
    "target": "steady/b",
    "first_token_ms": 820.0,
    "attempts": [
        {"target": "quick/a", "failure": "timeout", "ms": 1000.0, "first_token_ms": None},
        {"target": "steady/b", "failure": None, "ms": 2100.0, "first_token_ms": 820.0},
    ],
    "tokens": {"input": 12403, "output": 512, "cache_read": None},
}


@pytest.fixture
def lines() -> list[bytes]:
    return []


def loaded(text: str) -> Loaded:
    return load(text.encode(), path="routes.toml", env={}, catalogue={})


def test_a_request_is_one_line_of_json(lines: list[bytes]) -> None:
    Log(write=lines.append).request(ROW)
    (line,) = lines
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    row = json.loads(line)
    assert ROW.items() <= row.items()
    assert (row["event"], row["level"]) == ("request", "info")


def test_levels(lines: list[bytes]) -> None:
    log = Log("warning", lines.append)
    log.request(ROW)
    assert not lines
    log.request({**ROW, "status": 529})
    assert json.loads(lines[0])["level"] == "warning"


def test_a_refused_file_is_logged_with_its_places(lines: list[bytes]) -> None:
    Log(write=lines.append).policy(loaded("rules = '''\nroute rest use nowhere\n'''\n"), "abc")
    row = json.loads(lines[0])
    assert (row["event"], row["generation"]) == ("policy_refused", "abc")
    assert (row["findings"][0]["line"], row["findings"][0]["severity"]) == (2, "error")


def test_for_the_eye(lines: list[bytes]) -> None:
    TerminalLog(write=lines.append, coloured=False).request(ROW)
    text = lines[0].decode()
    assert text[8:] == ("  rest  quick/a timeout → steady/b  first token 0.82 s, 3.1 s  12,403 in, 512 out\n")


def test_what_failed_says_so(lines: list[bytes]) -> None:
    log = TerminalLog(write=lines.append, coloured=False)
    log.request({**ROW, "status": 429, "error": "rate_limit_error", "attempts": [], "tokens": None})
    assert lines[0].decode().rstrip().endswith("429 rate_limit_error")
    log.request({"model": "a\x1b[2Jb", "status": 400, "error": "invalid_request_error", "ms": 1.0})
    assert b"\x1b" not in lines[1]


def test_a_refused_file_is_shown_as_lint_shows_it(lines: list[bytes]) -> None:
    TerminalLog(write=lines.append, coloured=False).policy(
        loaded("rules = '''\nroute rest use nowhere\n'''\n"), "abc"
    )
    text = b"".join(lines).decode()
    assert "--> routes.toml:2:16" in text
    assert "still served" in text


def test_json_where_nobody_looks() -> None:
    assert type(fitting({})) is Log
    assert type(fitting({}, "text")) is TerminalLog
    assert fitting({}, quiet=True).least > fitting({}).least


def test_an_unknown_level_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert fitting({"FCC_LOG_LEVEL": "loud"}).least == fitting({}).least
    assert "loud" in capsys.readouterr().err
