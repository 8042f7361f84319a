"""`fcc code` as a process: what Claude Code is started with, what is kept from it, and how it ends."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from fcc import claude
from fcc.cli.code import asked_model
from fcc.opened import Unusable
from support.process import Start, address_of, finished, starting

TOKEN = "a-token-that-is-long-enough"
POLICY = """\
rules = '''
route one when model is "one" use b/small
route rest use a/large then b/small
'''

[providers.a]
dialect = "openai-chat"
base_url = "http://127.0.0.1:9/v1"
key = ""
[providers.b]
dialect = "openai-chat"
base_url = "http://127.0.0.1:9/v1"
key = "env:B_KEY"
[models."a/large"]
context = 200_000
[models."b/small"]
context = 64_000
"""


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where an fcc serves."""
    folder = tmp_path_factory.mktemp("server")
    (folder / "routes.toml").write_text(POLICY)
    with starting(folder) as begin:
        words = ("serve", "--config", "routes.toml", "--port", "0")
        yield address_of(begin("fcc", *words, ANTHROPIC_AUTH_TOKEN=TOKEN)).rpartition(":")[2]


def stand_in(home: Path, ending: str = "exit 7") -> None:
    """A `claude` that writes down what it was given."""
    (home / "bin").mkdir(exist_ok=True)
    program = home / "bin" / "claude"
    written = f'/usr/bin/env > "{home}/env"\nfor word; do echo "$word"; done > "{home}/words"\n'
    program.write_text(f"#!/bin/sh\n{written}{ending}\n")
    program.chmod(0o755)


def code(start: Start, home: Path, port: str, *words: str, **env: str) -> subprocess.Popen[str]:
    said = {"FCC_CONFIG": "routes.toml", "PORT": port, "ANTHROPIC_AUTH_TOKEN": TOKEN, **env}
    return start("fcc", "code", *words, PATH=str(home / "bin"), **said)


def given(home: Path) -> dict[str, str]:
    lines = (home / "env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


def test_claude_is_told_all_it_must_know_and_nothing_that_leads_elsewhere(
    start: Start, home: Path, port: str
) -> None:
    stand_in(home)
    away = {"ANTHROPIC_API_KEY": "sk-of-another", "CLAUDE_CODE_USE_BEDROCK": "1", "NO_PROXY": "example.com"}
    assert finished(code(start, home, port, "--model", "one", **away)) == (7, "", "")
    told = given(home)
    assert told["ANTHROPIC_BASE_URL"] == f"http://127.0.0.1:{port}"
    assert told["ANTHROPIC_AUTH_TOKEN"] == TOKEN
    assert told["CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY"] == "1"
    assert told["CLAUDE_CODE_MAX_CONTEXT_TOKENS"] == "64000"
    assert told["no_proxy"] == told["NO_PROXY"] == "example.com,127.0.0.1"
    assert not told.keys() & set(claude.ELSEWHERE)


@pytest.mark.parametrize("words", [(), ("--verbose", "--help"), ("-ph", "--", "--odd prompt", "", "--model")])
def test_every_word_is_claudes(words: tuple[str, ...], start: Start, home: Path, port: str) -> None:
    stand_in(home)
    assert finished(code(start, home, port, *words)) == (7, "", "")
    assert (home / "words").read_text().splitlines() == list(words)


def test_a_signal_reaches_claude_and_is_its_end(start: Start, home: Path, port: str) -> None:
    stand_in(home, "echo here\nexec /bin/sleep 30")
    process = code(start, home, port)
    assert process.stdout is not None
    assert process.stdout.readline() == "here\n"
    process.send_signal(signal.SIGTERM)
    assert finished(process)[0] == -signal.SIGTERM


def test_a_pipe_that_closes_ends_claude_as_it_would_without_us(start: Start, home: Path, port: str) -> None:
    stand_in(home, "kill -PIPE $$\nexit 3")
    assert finished(code(start, home, port))[0] == -signal.SIGPIPE


def test_what_is_missing_is_said_before_claude_starts(start: Start, home: Path, port: str) -> None:
    (home / "bin").mkdir()
    assert "no `claude` on the PATH" in finished(code(start, home, port))[2]
    stand_in(home)
    status, _, err = finished(code(start, home, port, ANTHROPIC_AUTH_TOKEN="another-token-than-it-has"))
    assert (status, "has another token" in err) == (2, True)
    with socket.create_server(("127.0.0.1", 0)) as free:
        nobody = str(free.getsockname()[1])
    assert "start `fcc serve`" in finished(code(start, home, nobody))[2]
    (home / "bin" / "claude").write_text("\0")
    assert finished(code(start, home, port))[2].startswith(f"fcc code: cannot run {home}/bin/claude: ")
    assert not (home / "words").exists()


def test_a_token_that_cannot_be_read_is_said_and_none_is_made(start: Start, home: Path, port: str) -> None:
    stand_in(home)
    assert "there is no token in" in finished(code(start, home, port, ANTHROPIC_AUTH_TOKEN=""))[2]
    assert not (home / ".local/state/free-claude-code").exists()
    (home / ".local/state/free-claude-code/token").mkdir(parents=True)
    status, _, err = finished(code(start, home, port, ANTHROPIC_AUTH_TOKEN=""))
    assert (status, "cannot read the token" in err) == (2, True)


def test_others_than_fcc_are_not_told_the_token() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"http://127.0.0.1:{other.getsockname()[1]}"
        heard = []

        def answer() -> None:
            line, _ = other.accept()
            with line:
                heard.append(line.recv(65536))
                line.sendall(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n")

        thread = Thread(target=answer)
        thread.start()
        with pytest.raises(Unusable, match="is not fcc"):
            claude.admitted(address, TOKEN)
        thread.join(10)
    assert len(heard) == 1
    assert TOKEN.encode() not in heard[0]


SAID = {"ANTHROPIC_BASE_URL": "http://127.0.0.1:8082", "ANTHROPIC_AUTH_TOKEN": TOKEN}


@pytest.mark.parametrize(
    ("env", "named"),
    [
        ({"ANTHROPIC_BASE_URL": "http://127.0.0.1:3456"}, "ANTHROPIC_BASE_URL"),
        ({"ANTHROPIC_AUTH_TOKEN": "another"}, "ANTHROPIC_AUTH_TOKEN"),
        ({"ANTHROPIC_API_KEY": "sk"}, "ANTHROPIC_API_KEY"),
        ({**SAID, "ANTHROPIC_API_KEY": "", "MAX_THINKING_TOKENS": "1"}, None),
    ],
)
def test_a_settings_file_that_would_win_is_named(
    env: dict[str, str], named: str | None, tmp_path: Path
) -> None:
    places = claude.settings_files({"CLAUDE_CONFIG_DIR": str(tmp_path)})
    assert places[0] == tmp_path / "settings.json"
    assert places[1:] == (Path(".claude/settings.json"), Path(".claude/settings.local.json"))
    claude.overruled(SAID, places[:1])
    places[0].write_text(json.dumps({"env": env}))
    if named is None:
        claude.overruled(SAID, places[:1])
        return
    with pytest.raises(Unusable, match=f"settings.json sets {named}, and Claude Code takes that"):
        claude.overruled(SAID, places[:1])


@pytest.mark.parametrize("text", ["", "[]", "{", '{"env": []}', '{"env": null}'])
def test_a_settings_file_of_another_shape_says_nothing(text: str, tmp_path: Path) -> None:
    odd, last = tmp_path / "settings.json", tmp_path / "settings.local.json"
    odd.write_text(text)
    last.write_text('{"env": {"ANTHROPIC_API_KEY": "sk"}}')
    with pytest.raises(Unusable, match=r"settings\.local\.json sets ANTHROPIC_API_KEY"):
        claude.overruled(SAID, (odd, tmp_path, last))


@pytest.mark.parametrize(("direct", "said"), [("*", "*"), ("127.0.0.1", "127.0.0.1"), ("", "127.0.0.1")])
def test_no_proxy_is_asked_for_fcc(direct: str, said: str) -> None:
    env = claude.surroundings({"no_proxy": direct, "HTTP_PROXY": "http://proxy:1"}, SAID)
    assert (env["no_proxy"], env["NO_PROXY"], env["HTTP_PROXY"]) == (said, said, "http://proxy:1")


@pytest.mark.parametrize(
    ("words", "model"),
    [(("--model", "a"), "a"), (("-p", "x", "--model=b"), "b"), (("--model",), "own"), ((), "own")],
)
def test_the_model_that_is_asked_for(
    words: tuple[str, ...], model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_MODEL", "own")
    assert asked_model(words) == model
