"""Files and commands: what is read and written, and that no address runs or reads anything."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fcc.server import App
from support.process import PATIENCE, address_of, clean_environment
from support.served import Served
from support.world import TOKEN, application, policy

EVIL = policy('route rest answer "stolen"')
SERVED = policy('route rest answer "served"')
KEY = f"X-Api-Key: {TOKEN}"
JSON = "Content-Type: application/json"


def test_neither_policy_nor_env_is_taken_from_the_working_directory(tmp_path: Path) -> None:
    """A cloned repository must not redirect anyone's keys."""
    home, repository = tmp_path / "home", tmp_path / "repository"
    for folder in (home, repository, repository / ".config" / "free-claude-code"):
        folder.mkdir(parents=True)
    for folder in (repository, repository / ".config" / "free-claude-code"):
        (folder / "routes.toml").write_text(EVIL)
        (folder / ".env").write_text(
            "NVIDIA_NIM_API_KEY=stolen\nFCC_CONFIG=routes.toml\nHOST=0.0.0.0\nHTTPS_PROXY=http://evil\n"
        )
    code = (
        "import os; from fcc.environment import *; p = find_config(None, os.environ); e = environment(p);"
        "print(p); print([k for k in e if e[k] != os.environ.get(k)])"
    )
    env = {"PATH": os.environ["PATH"], "HOME": str(home)}
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        cwd=repository,
        env=env,
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    path, added = done.stdout.splitlines()
    assert not Path(path).is_relative_to(repository)
    assert added == "[]"


def test_workers_import_nothing_from_the_working_directory(tmp_path: Path) -> None:
    """`python -m` puts it before everything else."""
    trap, sprung = tmp_path / "repository", tmp_path / "sprung"
    trap.mkdir()
    for name in ("msgspec", "asyncio", "fcc", "uvicorn"):
        (trap / f"{name}.py").write_text(f"open({str(sprung)!r}, 'w')\nraise SystemExit(7)\n")
    config = tmp_path / "routes.toml"
    config.write_text(SERVED + "\n[state]\nlimits_per_worker = true\n")
    server = subprocess.Popen(
        [sys.executable, "-P", "-m", "fcc", "serve", "--config", config, "--port", "0", "--workers", "2"],
        cwd=trap,
        env=clean_environment(tmp_path, {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert address_of(server)
    finally:
        server.terminate()
        server.communicate(timeout=PATIENCE)
    assert not sprung.exists()


def test_files_are_made_for_their_owner_alone(tmp_path: Path, serve: Callable[..., Served]) -> None:
    before = os.umask(0o022)
    try:
        app: App = application(tmp_path, SERVED, [])
        app.env = {}
        app.gate.access = app.access()
        (kept,) = tmp_path.rglob("token")
        assert kept.stat().st_mode & 0o777 == 0o600
    finally:
        os.umask(before)


@pytest.fixture
def fcc(serve: Callable[..., Served], tmp_path: Path) -> Served:
    (tmp_path / "secret.txt").write_text("the content of a file")
    return serve(application(tmp_path, SERVED, []))


TRAVERSALS = (
    "/admin/static/../api.py",
    "/admin/static/%2e%2e/api.py",
    "/admin/static/..%2f..%2fserver.py",
    "/admin/static//etc/passwd",
    "/admin/static/%2fetc%2fpasswd",
    "/../../../../etc/passwd",
    "/routes.toml",
    "/.env",
    "/admin/api/session?name=..%2f..%2fetc%2fpasswd",
    "/admin/api/decisions/..%2f..%2fetc%2fpasswd",
    "/admin/api/changes?before=../../etc/passwd",
    "/admin/api/changes?before=..%2f..%2fsecret.txt",
    "/admin/api/changes?before=%2fetc%2fpasswd%00abcdef012",
)


@pytest.mark.parametrize("path", TRAVERSALS)
def test_no_address_reads_a_file(fcc: Served, path: str) -> None:
    answer = fcc.ask("GET", path, KEY)
    assert answer.status in (400, 404, 422)
    assert b"root:" not in answer.body
    assert b"the content of a file" not in answer.body


@pytest.mark.parametrize("name", ["../../etc/passwd", "../secret", "/etc/passwd", "x" * 12, "", "aa/../aa"])
def test_only_policies_that_were_served_can_be_served_again(fcc: Served, name: str) -> None:
    for body in ({"generation": name}, {"generation": name, "text": EVIL, "path": "/etc/passwd"}):
        answer = fcc.ask("POST", "/admin/api/rollback", KEY, JSON, body=json.dumps(body).encode())
        assert answer.status in (400, 404), answer.body


def test_reload_takes_no_path_and_no_text(fcc: Served) -> None:
    body = json.dumps({"path": "/etc/passwd", "text": EVIL, "config": "/tmp/evil.toml"}).encode()
    for path in ("/admin/reload", "/admin/api/reload", "/admin/reload?path=/etc/passwd"):
        answer = fcc.ask("POST", path, KEY, JSON, body=body)
        assert answer.status == 200
        assert b"passwd" not in answer.body
    said = json.dumps(
        {"model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": "hi"}]}
    ).encode()
    assert b"served" in fcc.ask("POST", "/v1/messages", KEY, JSON, body=said).body


def test_there_is_no_address_for_commands_keys_or_tests_of_connections(tmp_path: Path) -> None:
    """Every address there is, so that a new one is looked at here."""
    from fcc.pages import build

    app = application(tmp_path, SERVED, [])
    pages = build(app)
    paths = {getattr(route, "path", "") for route in pages.routes} | set(listed(pages.openapi()))
    words = "exec run command shell test key token env file upload proxy fetch config"
    for word in words.split():
        assert not [path for path in paths if word in path.lower().replace("count_tokens", "")], word
    described = pages.openapi()["paths"]
    changing = {path for path in described if set(described[path]) - {"get", "head"}} - set(app.hot)
    assert changing <= {"/admin/reload", "/admin/api/reload", "/admin/api/reset", "/admin/api/rollback"}


def test_the_page_about_security_names_tests_that_exist() -> None:
    root = Path(__file__).parents[2]
    text = (root / "docs" / "security.md").read_text("utf-8")
    named = set(re.findall(r"`((?:tests/\w+/)?test_\w+\.py)`", text))
    for name in named:
        assert (root / name if "/" in name else root / "tests" / "fcc" / name).is_file(), name
    assert {path.name for path in Path(__file__).parent.glob("test_security_*.py")} <= named


def listed(described: dict[str, dict[str, object]]) -> list[str]:
    return list(described["paths"])
