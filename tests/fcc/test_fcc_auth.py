"""Tokens: where they come from, how they are kept, and when they are too weak for a network."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from engine.generation import House
from fcc.auth import Token, access, is_loopback, kept_token, server_token
from fcc.server import App
from rules.settings import Client, Server, Settings

LONG = "0123456789abcdef"


def test_a_token_is_made_once_and_kept_for_its_owner(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    made = kept_token(folder)
    assert made.origin == "made"
    assert len(made.value) >= 32
    assert stat.S_IMODE((folder / "token").stat().st_mode) == 0o600
    assert kept_token(folder) == Token(made.value, "kept")


def test_an_empty_token_file_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("\n")
    assert kept_token(tmp_path).origin == "made"


def test_of_several_first_starts_one_makes_the_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = os.link

    def slower(own: Path, path: Path) -> None:
        monkeypatch.setattr(os, "link", link)
        assert kept_token(tmp_path).origin == "made"
        link(own, path)

    monkeypatch.setattr(os, "link", slower)
    late = kept_token(tmp_path)
    assert late == kept_token(tmp_path)
    assert late.origin == "kept"
    assert [one.name for one in tmp_path.iterdir()] == ["token"]


def test_a_token_is_made_where_there_are_no_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Path) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", unknown)
    made = kept_token(tmp_path)
    assert made.origin == "made"
    assert kept_token(tmp_path).value == made.value
    assert stat.S_IMODE((tmp_path / "token").stat().st_mode) == 0o600


def test_which_token_counts(tmp_path: Path) -> None:
    said = Settings(server=Server(token="env:MINE"))
    env = {"MINE": "from the policy", "ANTHROPIC_AUTH_TOKEN": "from the environment"}
    assert server_token(said, env, tmp_path) == Token("from the policy", "said")
    assert server_token(Settings(), env, tmp_path) == Token("from the environment", "said")
    assert server_token(Settings(), {}, tmp_path).origin == "made"
    assert server_token(said, {"MINE": ""}, tmp_path).origin == "kept"


def test_blanks_around_a_token_do_not_count(tmp_path: Path) -> None:
    env = {"ANTHROPIC_AUTH_TOKEN": f"{LONG} \r\n", "LAPTOP": f" {LONG}s\n"}
    token = server_token(Settings(), env, tmp_path)
    assert token == Token(LONG, "said")
    door = access(Settings(clients={"laptop": Client(token="env:LAPTOP")}), env, token, "")
    assert door.client(f"Bearer {LONG}".encode(), None) == ""
    assert door.client(None, f"{LONG}s".encode()) == "laptop"
    assert server_token(Settings(), {"ANTHROPIC_AUTH_TOKEN": " "}, tmp_path).origin == "made"


def test_a_token_need_not_be_utf_8(tmp_path: Path) -> None:
    """Python reads such bytes of the environment as halves of surrogate pairs."""
    env = {"ANTHROPIC_AUTH_TOKEN": f"{LONG}\udcff", "LAPTOP": f"{LONG}ä"}
    token = server_token(Settings(), env, tmp_path)
    door = access(Settings(clients={"laptop": Client(token="env:LAPTOP")}), env, token, "")
    assert door.client(b"Bearer " + LONG.encode() + b"\xff", None) == ""
    assert door.client(None, f"{LONG}ä".encode()) == "laptop"


@pytest.mark.parametrize(
    ("token", "client", "weak"),
    [
        (Token(LONG, "said"), "", False),
        (Token(LONG[1:], "said"), "", True),
        (Token(LONG * 2, "made"), "", True),
        (Token(LONG * 2, "kept"), "", True),
        (Token(LONG, "said"), "short", True),
        (Token(LONG, "said"), LONG, False),
    ],
)
def test_what_is_too_weak_for_a_network(token: Token, client: str, weak: bool) -> None:
    settings = Settings(clients={"laptop": Client(token="env:LAPTOP")})
    assert access(settings, {"LAPTOP": client}, token, "").weak is weak


def test_hosts_are_the_loopback_names_and_those_of_the_policy() -> None:
    settings = Settings(server=Server(hosts=("Models.example",)))
    found = access(settings, {}, Token(LONG, "said"), "10.0.0.7").hosts
    assert found == {b"localhost", b"127.0.0.1", b"[::1]", b"models.example", b"10.0.0.7"}


@pytest.mark.parametrize(
    ("address", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("", False),
    ],
)
def test_loopback(address: str, loopback: bool) -> None:
    assert is_loopback(address) is loopback


def test_a_server_keeps_its_token_while_it_runs_whatever_becomes_of_the_file(tmp_path: Path) -> None:
    path, env = tmp_path / "routes.toml", dict[str, str]()
    path.write_text("rules = '''\nroute rest answer \"x\"\n'''\n")
    house = House(path=str(path), env=env)
    house.accept(path.read_bytes())
    app = App(house, path, env, state=tmp_path)
    kept = app.token
    assert kept is not None
    (tmp_path / "token").unlink()
    assert app.access().client(None, kept.value.encode()) == ""
    (tmp_path / "token").write_bytes(b"\xff")
    assert app.access().client(None, kept.value.encode()) == ""
    env["ANTHROPIC_AUTH_TOKEN"] = LONG
    assert app.access().client(None, LONG.encode()) == ""
    assert app.access().client(None, kept.value.encode()) is None
    del env["ANTHROPIC_AUTH_TOKEN"]
    assert app.access().client(None, LONG.encode()) == ""
