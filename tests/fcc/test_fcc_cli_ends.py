"""How commands end when the world around them is not as they expect: closed streams, full disks, no home folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fcc import environment
from fcc.cli import main
from fcc.environment import Homeless
from support.process import Start, clean_environment, finished

POLICY = "rules = '''\nroute rest answer \"served\"\n'''\n"
NOTHING = """
import os, sys
for one in (0, 1, 2):
    os.close(one)
os.execv(sys.executable, [sys.executable, "-m", *sys.argv[1:]])
"""
"""Runs a module with all three streams closed, as some supervisors start what they watch."""


def test_no_file_takes_the_number_of_a_stream_that_was_closed(tmp_path: Path) -> None:
    check = "import os, sys; from fcc.cli import main; status = main(['lint'])\n"
    check += "open('found', 'w').write(f'{status} {open(os.devnull).fileno()}')"
    (tmp_path / "routes.toml").write_text(POLICY)
    (tmp_path / "check.py").write_text(check)
    env = {**clean_environment(tmp_path, {}), "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", NOTHING, "check"], env=env, cwd=tmp_path, check=True, timeout=20)
    status, number = map(int, (tmp_path / "found").read_text().split())
    assert (status, number > 2) == (0, True)


@pytest.mark.parametrize("words", [["--help"], ["models"], ["graph", "routes.toml"]])
def test_a_reader_that_has_gone_is_no_failure(words: list[str], tmp_path: Path, start: Start) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "fcc", *words]
    env = clean_environment(tmp_path, {})
    done = subprocess.run(command, env=env, cwd=tmp_path, stdout=writing, stderr=subprocess.PIPE, timeout=20)
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no disk that is always full")
def test_a_full_disk_is_said(tmp_path: Path) -> None:
    env = {**clean_environment(tmp_path, {}), "PYTHONUNBUFFERED": ""}
    with open("/dev/full", "wb") as full:
        command = [sys.executable, "-m", "fcc", "models"]
        done = subprocess.run(command, env=env, stdout=full, stderr=subprocess.PIPE, timeout=20)
    assert (done.returncode, done.stderr) == (2, b"fcc models: cannot write: No space left on device\n")


def test_without_a_home_folder_it_says_what_to_set(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def nowhere(*_: object, **__: object) -> Path:
        raise RuntimeError("could not determine the home directory")

    monkeypatch.setattr("platformdirs.user_config_path", nowhere)
    monkeypatch.delenv("FCC_CONFIG", raising=False)
    assert main(["models"]) == 2
    assert capsys.readouterr().err.startswith("fcc models: this user has no home folder")


@pytest.mark.parametrize(
    "folder", [environment.config_folder, environment.state_folder, environment.data_folder]
)
def test_no_folder_of_the_users_is_looked_for_from_the_working_directory(
    folder: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("user_config_path", "user_state_path", "user_data_path"):
        monkeypatch.setattr(f"platformdirs.{name}", lambda *_, **__: Path("~/.config"))
    assert callable(folder)
    with pytest.raises(Homeless, match="set HOME"):
        folder()


def test_a_token_file_that_holds_none_is_said(start: Start, tmp_path: Path) -> None:
    kept = tmp_path / ".local/state/free-claude-code/token"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"\xff\xfe\x00")
    status, _, err = finished(start("fcc", "serve", "--config", "routes.toml", "--port", "0"))
    assert (status, "it holds no token" in err, "Traceback" in err) == (2, True, False)
    status, out, err = finished(start("fcc", "doctor", "--offline", "--config", "routes.toml"))
    assert (status, err) == (1, "")
    assert f"{kept}: it holds no token  → delete it" in out
