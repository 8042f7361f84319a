"""The commands that serve nothing: init, models, doctor."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fcc import environment
from fcc.cli import main
from fcc.environment import parse_env
from support.upstream import Behaviour, Upstream, answer, close
from support.world import policy

TOKEN = "a-token-that-is-long-enough"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with nothing on it: no configuration, no keys, an empty PATH."""
    for name in ("config", "state", "bin"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(environment, "config_folder", lambda: tmp_path / "config")
    monkeypatch.setattr(environment, "state_folder", lambda: tmp_path / "state")
    monkeypatch.setattr("fcc.cli.init.config_folder", lambda: tmp_path / "config")
    monkeypatch.setattr(os, "environ", {"PATH": str(tmp_path / "bin"), "ANTHROPIC_AUTH_TOKEN": TOKEN})
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def upstream() -> Iterator[Callable[..., Upstream]]:
    """`upstream(behaviour)`: an upstream on a loop of its own, in a thread."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    opened: list[Upstream] = []

    def begin(*behaviours: Behaviour) -> Upstream:
        one = Upstream(*behaviours)
        asyncio.run_coroutine_threadsafe(one.__aenter__(), loop).result(10)
        opened.append(one)
        return one

    yield begin
    for one in opened:
        asyncio.run_coroutine_threadsafe(one.__aexit__(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


def serves(home: Path, rules: str, tables: str = "", **upstreams: Upstream) -> Path:
    path = home / "config" / "routes.toml"
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    path.write_text(policy(rules, f"{tables}\n[server]\nport = {port}\n", **upstreams))
    return path


def test_init_writes_what_serves(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init"]) == 0
    folder = home / "config"
    assert (folder / "routes.toml").read_bytes() == environment.shipped_config().read_bytes()
    assert stat.S_IMODE((folder / ".env").stat().st_mode) == 0o600
    found = parse_env((folder / ".env").read_text())
    assert found == {"NVIDIA_NIM_API_KEY": "", "OPENCODE_API_KEY": ""}
    assert str(folder / ".env") in capsys.readouterr().out
    assert main(["models"]) == 0


def test_init_never_overwrites(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = home / "elsewhere" / "deep"
    folder.mkdir(parents=True)
    (folder / ".env").write_text("MINE=1")
    assert main(["init", "--dir", str(folder)]) == 0
    assert (folder / ".env").read_text() == "MINE=1"
    told = capsys.readouterr().out
    assert f"kept  {folder / '.env'}" in told
    assert f"--config {folder / 'routes.toml'}" in told


def test_init_says_why_it_cannot(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "file").write_text("")
    assert main(["init", "--dir", str(home / "file")]) == 2
    assert "is a file; name a folder" in capsys.readouterr().err


MODELS = """\
chain coding = a/large then b/small
offer coding as "Auto"
offer b/small with and without thinking
route rest use coding
"""
FACTS = '[models."a/large"]\ncontext = 200_000\nimages = true\n[models."b/small"]\ncontext = 64_000\nimages = false\n'
KEYED = '[providers.b]\ndialect = "openai-chat"\nbase_url = "http://127.0.0.1:9/v1"\nkey = "env:B_KEY"\n'


def test_init_shows_commands_that_can_be_pasted(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", "--dir", "my folder"]) == 0
    assert "fcc serve --config 'my folder/routes.toml'" in capsys.readouterr().out
    Path("a file").write_text("")
    assert main(["init", "--dir", "a file"]) == 2
    assert capsys.readouterr().err == "fcc init: a file is a file; name a folder with --dir\n"


def test_models_for_scripts(
    home: Path, upstream: Callable[..., Upstream], capsys: pytest.CaptureFixture[str]
) -> None:
    serves(home, MODELS, KEYED + FACTS, a=upstream(close))
    assert main(["models", "--format", "json"]) == 0
    auto, small = json.loads(capsys.readouterr().out)["models"]
    assert (auto["id"], auto["name"], auto["models"]) == ("coding", "Auto", ["a/large", "b/small"])
    assert (auto["context"], auto["images"], auto["state"]) == (64_000, True, "ready")
    assert (small["context"], small["state"]) == (64_000, "no key")
    assert small["missing"] == {"b": "B_KEY is not set"}


def test_models_for_people(
    home: Path, upstream: Callable[..., Upstream], capsys: pytest.CaptureFixture[str]
) -> None:
    serves(home, MODELS, KEYED + FACTS, a=upstream(close))
    assert main(["models"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["ID", "NAME", "CONTEXT", "IMAGES", "THINKING", "STATE"]
    assert lines[1].split()[:4] == ["coding", "Auto", "64k", "yes"]
    assert lines[-1] == "b: B_KEY is not set"


LISTED = answer(200, b'{"object":"list","data":[{"id":"large"},{"id":"other"}]}')


def test_doctor_finds_all_well(
    home: Path, upstream: Callable[..., Upstream], capsys: pytest.CaptureFixture[str]
) -> None:
    good = upstream(LISTED)
    serves(home, "route rest use a/large", a=good)
    assert main(["doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in lines] == ["file", "token", "port", "a"]
    assert all(line.startswith("✓") for line in lines)
    assert good.requests[0].path == "/v1/models"


@pytest.mark.parametrize(
    ("behaviour", "sign", "said"),
    [
        (answer(200, b'{"data":[{"id":"other"}]}'), "!", "does not list large"),
        (answer(401, b'{"error":{"message":"who are you"}}'), "✗", "make a new one"),
        (answer(404, b'{"error":{"message":"no such page"}}'), "✓", "lists no models"),
        (answer(200, b"<html>"), "✗", "is base_url right"),
        (answer(500, b"{}"), "✗", "500"),
        (close, "✗", "is it running"),
    ],
)
def test_doctor_says_what_to_do(
    home: Path,
    upstream: Callable[..., Upstream],
    behaviour: Behaviour,
    sign: str,
    said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    serves(home, "route rest use a/large", a=upstream(behaviour))
    assert main(["doctor"]) == int(sign == "✗")
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith(f"{sign} a ")
    assert said in last


def test_doctor_knows_a_missing_key_an_open_env_and_a_taken_port(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = serves(home, "route rest use b/small", KEYED)
    (path.parent / ".env").write_text("A=1")
    (path.parent / ".env").chmod(0o644)
    port = int(path.read_text().split("port = ")[1])
    with socket.create_server(("127.0.0.1", port)):
        assert main(["doctor"]) == 1
    file, env, token, taken, provider = capsys.readouterr().out.splitlines()
    assert (file[0], token[0]) == ("!", "✓")
    assert env.startswith("✗")
    assert "chmod 600" in env
    assert taken.startswith("✗")
    assert "--port" in taken
    assert provider.startswith("✗")
    assert "B_KEY" in provider


def test_doctor_contacts_nobody_offline(
    home: Path, upstream: Callable[..., Upstream], capsys: pytest.CaptureFixture[str]
) -> None:
    alone = upstream(close)
    serves(home, "route rest use a/large", a=alone)
    assert main(["doctor", "--offline"]) == 0
    assert not alone.connections
    assert "needs no key; not asked" in capsys.readouterr().out.splitlines()[-1]


def test_doctor_leaves_the_token_to_the_first_start_that_shows_it(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    serves(home, 'route rest answer "x"')
    del os.environ["ANTHROPIC_AUTH_TOKEN"]
    assert main(["doctor", "--offline"]) == 0
    assert "makes one at its first start" in capsys.readouterr().out
    assert not list((home / "state").iterdir())


def test_doctor_sees_a_missing_key_offline_too(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    serves(home, "route rest use b/small", KEYED)
    assert main(["doctor", "--offline"]) == 1
    assert "B_KEY" in capsys.readouterr().out.splitlines()[-1]


@pytest.mark.parametrize("command", ["models", "doctor"])
def test_a_broken_file_is_shown(home: Path, command: str, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "config" / "routes.toml").write_text("rules = '''\nroute rest use nowhere\n'''\n")
    assert main([command]) == 2
    assert "routes.toml:2:16" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("# keys\n\nexport A=1\nB_KEY: nvapi\n", "line 4 sets nothing"),
        ('A="first\nsecond"\nB_KEY nvapi\n', "lines 2, 3 set nothing"),
        ("A = 1 # one\n  B=\n", "readable by its owner alone"),
    ],
)
def test_doctor_names_lines_of_env_that_set_nothing(
    text: str, said: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    env = serves(home, 'route rest answer "x"').parent / ".env"
    env.write_text(text)
    env.chmod(0o600)
    assert main(["doctor", "--offline"]) == 0
    assert said in capsys.readouterr().out.splitlines()[1]


def test_doctor_knows_that_a_folder_is_no_env(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (serves(home, 'route rest answer "x"').parent / ".env").mkdir()
    assert main(["doctor", "--offline"]) == 1
    assert ".env is a folder, so no keys are read  → put a file in its place" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("serve", ["--port N ", "--host TEXT ", "--log text|json ", "--config PATH "]),
        ("migrate", ["Usage: fcc migrate [OPTIONS] env|ccr|litellm FILE\n", "  FILE "]),
        ("lint", ["Usage: fcc lint [OPTIONS] [PATH]\n", "--format text|json|github|sarif\n", "  [PATH] "]),
        ("code", ["Usage: fcc code [OPTIONS] [ARGS]...\n"]),
    ],
)
def test_help_calls_values_as_the_documentation_does(
    command: str, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):  # naming the values changes what is named
        assert main([command, "--help"]) == 0
        shown = capsys.readouterr().out
        assert [word for word in words if word not in shown] == []


def test_every_command_has_help_with_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("serve", "demo", "init", "models", "doctor", "code"):
        assert main([name, "--help"]) == 0
        assert f"Example: fcc {name}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-v"], "fcc: no option `-v`; options stand behind the command"),
        (["Lint"], "did you mean `fcc lint`?"),
        (["lint", "--explain", "FCC999"], "there is no code FCC999; codes run from FCC001 to FCC"),
        (["lint", "--explain", "gaps"], "did you mean FCC304?"),
        (["serve", "--config", "."], ". is a folder; name the file in it"),
    ],
)
def test_a_slip_is_answered_with_what_may_be_meant(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    assert said in capsys.readouterr().err


def test_help_of_a_command_is_found_where_people_look(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["help", "serve"]) == 0
    asked = capsys.readouterr().out
    assert main(["serve", "--help"]) == 0
    assert capsys.readouterr().out == asked


@pytest.mark.parametrize("command", ["lint", "fmt", "test", "explain", "show", "graph"])
def test_a_file_that_cannot_be_read_is_said_in_the_same_words(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "loop").symlink_to("loop")
    for name, words in (
        ("none", "there is no file {}; name one, or make one with `fcc init`"),
        (".", "{} is a folder; name the file in it"),
        ("loop", "cannot read {}: Too many levels of symbolic links"),
    ):
        path = tmp_path / name
        assert main([command, str(path)]) == 2
        assert capsys.readouterr().err == f"fcc {command}: {words.format(path)}\n"


@pytest.mark.parametrize(("raised", "status"), [(KeyboardInterrupt, 130), (BrokenPipeError, 141)])
def test_an_end_from_outside_is_no_traceback(
    raised: type[BaseException],
    status: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def stopped(words: object) -> int:
        raise raised

    monkeypatch.setattr("fcc.cli.lint.quick", stopped)
    monkeypatch.setattr(os, "dup2", lambda *_: None)
    assert main(["lint"]) == status
    assert capsys.readouterr() == ("", "")


def test_a_file_that_cannot_be_written_is_not_said_to_be_unreadable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "routes.toml"
    path.write_text('rules = """\nroute rest  use zen/a\n"""\n')

    def refused(*_: object) -> int:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "write_bytes", refused)
    assert main(["lint", "--fix", str(path)]) == 2
    assert capsys.readouterr().err == f"fcc lint: cannot write {path}: Permission denied\n"


def test_doctor_says_that_env_cannot_be_read(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (serves(home, 'route rest answer "x"').parent / ".env").touch(0o600)
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert main(["doctor", "--offline"]) == 1
    assert "cannot be read, so its keys are not there" in capsys.readouterr().out
