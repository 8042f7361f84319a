"""Where configuration is found, and how `.env` is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from fcc import environment
from fcc.environment import find_config, parse_env, read_again, shipped_config

TEXT = """\
# a comment
PLAIN=value
export EXPORTED = spaced out \t
EMPTY=
COMMENT=value # not part of it
HASH=val#ue
LITERAL='a "b" \\n # c'
DOUBLE="a \\"b\\"\\nc" # comment
=nothing
1BAD=x
NOT A LINE
DOLLAR=$HOME
TWICE=1
TWICE=2
"""


def test_env_lines() -> None:
    assert parse_env(TEXT) == {
        "PLAIN": "value",
        "EXPORTED": "spaced out",
        "EMPTY": "",
        "COMMENT": "value",
        "HASH": "val#ue",
        "LITERAL": 'a "b" \\n # c',
        "DOUBLE": 'a "b"\nc',
        "DOLLAR": "$HOME",
        "TWICE": "2",
    }


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's configuration folder, empty, and a working directory that must not count."""
    folder = tmp_path / "config"
    folder.mkdir()
    elsewhere = tmp_path / "repository"
    elsewhere.mkdir()
    (elsewhere / "routes.toml").write_text("rules = ''")
    (elsewhere / ".env").write_text("STOLEN=1")
    monkeypatch.chdir(elsewhere)
    monkeypatch.setattr(environment, "config_folder", lambda: folder)
    return folder


def test_the_order_in_which_configuration_is_found(own: Path, tmp_path: Path) -> None:
    assert find_config(None, {}) == shipped_config()
    (own / "routes.toml").write_text("rules = ''")
    assert find_config(None, {}) == own / "routes.toml"
    assert find_config(None, {"FCC_CONFIG": "/from/env.toml"}) == Path("/from/env.toml")
    assert find_config(tmp_path / "given.toml", {"FCC_CONFIG": "/from/env.toml"}) == tmp_path / "given.toml"


def test_the_environment_beats_the_file_beside_the_configuration(own: Path, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("A=file\nB=file\n")
    found = environment.environment(tmp_path / "routes.toml", {"B": "process"})
    assert found == {"A": "file", "B": "process"}


def test_the_shipped_policy_reads_the_users_env(own: Path) -> None:
    (own / ".env").write_text("A=own")
    assert environment.environment(shipped_config(), {}) == {"A": "own"}


def test_the_working_directory_counts_for_nothing(own: Path) -> None:
    assert environment.environment(find_config(None, {}), {}) == {}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1"])
def test_env_of_any_encoding_is_read(tmp_path: Path, encoding: str) -> None:
    (tmp_path / ".env").write_bytes("# für mich\r\nWORK_KEY=abc\r\n".encode(encoding))
    assert environment.environment(tmp_path / "routes.toml", {})["WORK_KEY"] == "abc"


def test_env_is_read_again_in_place_and_the_process_wins(tmp_path: Path) -> None:
    config, process = tmp_path / "routes.toml", {"OURS": "process"}
    (tmp_path / ".env").write_text("OURS=file\nGONE=1\n")
    env = environment.environment(config, process)
    (tmp_path / ".env").write_text("OURS=file\nNEW=2\n")
    read_again(config, env, process)
    assert env == {"OURS": "process", "NEW": "2"}
    (tmp_path / ".env").unlink()
    read_again(config, env, process)
    assert env == {"OURS": "process", "NEW": "2"}


def test_a_folder_that_may_not_be_looked_into_is_not_taken_for_an_empty_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment, "config_folder", lambda: tmp_path)
    assert find_config(None, {}) == shipped_config()
    (tmp_path / "routes.toml").symlink_to("routes.toml")  # as good as forbidden, for root too
    assert find_config(None, {}) == tmp_path / "routes.toml"


def test_what_stands_in_the_place_of_the_users_policy_is_not_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment, "config_folder", lambda: tmp_path)
    own = tmp_path / "routes.toml"
    own.symlink_to("a-disk-that-is-not-there/routes.toml")
    assert find_config(None, {}) == own
    own.unlink()
    own.mkdir()  # what a container makes of a mount whose source is missing
    assert find_config(None, {}) == own
