"""What `fcc serve` says once it listens, so far as it has to be true in another terminal."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.generation import House
from fcc import environment, welcome
from fcc.server import App

POLICY = "rules = '''\nroute rest answer \"x\"\n'''\n[server]\nport = 9001\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(environment, "config_folder", lambda: tmp_path)
    monkeypatch.setattr(welcome, "env_folder", lambda path: path.parent)
    monkeypatch.setattr(environment, "env_folder", lambda path: path.parent)
    return tmp_path


def app(path: Path, bound: str = "127.0.0.1") -> App:
    path.write_text(POLICY)
    house = House(path=str(path), env={})
    house.accept(path.read_bytes())
    return App(house, path, {"ANTHROPIC_AUTH_TOKEN": "0123456789abcdef"}, bound=bound, state=path.parent)


@pytest.mark.parametrize(
    ("name", "env", "bound", "address", "said"),
    [
        ("routes.toml", "", "127.0.0.1", "http://127.0.0.1:9001", "fcc code"),
        ("routes.toml", "", "127.0.0.1", "http://127.0.0.1:50123", "PORT=50123 fcc code"),
        ("routes.toml", "PORT=9000", "127.0.0.1", "http://127.0.0.1:9000", "fcc code"),
        ("routes.toml", "HOST=::1", "::1", "http://[::1]:9001", "fcc code"),
        ("routes.toml", "", "::1", "http://[::1]:9001", "HOST=::1 fcc code"),
        ("routes.toml", "", "0.0.0.0", "http://0.0.0.0:9001", "fcc code"),
        ("my own.toml", "", "127.0.0.1", "http://127.0.0.1:9001", "FCC_CONFIG='{}' fcc code"),
    ],
)
def test_the_command_for_another_terminal_finds_this_server(
    name: str, env: str, bound: str, address: str, said: str, folder: Path
) -> None:
    (folder / ".env").write_text(env)
    path = folder / name
    (folder / "routes.toml").touch()
    assert welcome.client_command(app(path, bound), address) == said.format(path)


def test_nobody_needs_a_home_folder_to_be_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere() -> Path:
        raise environment.Homeless

    path = folder / "routes.toml"
    one = app(path)
    monkeypatch.setattr(environment, "config_folder", nowhere)
    told = welcome.client_command(one, "http://127.0.0.1:9001")
    assert told == f"FCC_CONFIG={path} fcc code"


def test_an_env_that_cannot_be_read_is_said(folder: Path) -> None:
    one = app(folder / "routes.toml")
    assert one.house.generation is not None
    assert not any("unread" in line for line in welcome.about(one.path, one.house.generation, 0))
    (folder / ".env").mkdir()
    lines = welcome.about(one.path, one.house.generation, 0)
    assert f"  unread   {folder / '.env'}: Is a directory" in lines
    assert lines[1].endswith("  1 route")
