"""`fcc serve` and `uvicorn fcc.server:app` as processes: how they start, why they do not, and how they stop."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from fcc.cli import main
from support.process import Start, address_of, clean_environment, finished

POLICY = "rules = '''\nroute rest answer \"served\"\n'''\n"
TOKEN = "a-token-that-is-long-enough"
ASKED = {"model": "x", "max_tokens": 10, "messages": [{"role": "user", "content": "hi"}]}
BOUND = 20.0


def ask(address: str, token: str) -> httpx.Response:
    return httpx.post(f"{address}/v1/messages", json=ASKED, headers={"x-api-key": token}, trust_env=False)


def test_it_serves_at_its_first_line_and_stops_when_told(start: Start) -> None:
    process = start("fcc", "serve", "--config", "routes.toml", "--port", "0", ANTHROPIC_AUTH_TOKEN=TOKEN)
    response = ask(address_of(process), TOKEN)
    assert response.status_code == 200
    assert response.json()["content"][0]["text"] == "served"
    process.send_signal(signal.SIGTERM)
    code, out, err = finished(process)
    assert (code, out) == (0, "")
    started, request = [json.loads(line) for line in err.splitlines()]
    assert started["event"] == "start"
    assert (request["event"], request["route"]) == ("request", "rest")
    assert TOKEN not in err


@pytest.mark.skipif(os.name != "posix", reason="there are no terminals that hang up")
def test_it_stops_with_its_terminal_and_not_at_a_signal_alone(home: Path) -> None:
    import fcntl
    import termios

    window, terminal = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "fcc", "serve", "--config", "routes.toml", "--port", "0"],
        env=clean_environment(home, {}),
        cwd=home,
        stdin=terminal,
        stdout=subprocess.PIPE,
        stderr=terminal,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        text=True,
    )
    os.close(terminal)
    try:
        address = address_of(process)
        said = b""
        process.send_signal(signal.SIGHUP)
        while b"routes are served" not in said:
            said += os.read(window, 65536)
        assert httpx.get(f"{address}/health", trust_env=False).status_code == 200
        os.close(window)
        assert process.wait(BOUND) == 0
    finally:
        process.kill()
        process.communicate()


def test_an_fcc_that_has_the_port_is_named(start: Start, home: Path) -> None:
    process = start("fcc", "serve", "--config", "routes.toml", "--port", "0", ANTHROPIC_AUTH_TOKEN=TOKEN)
    port = address_of(process).rpartition(":")[2]
    words = ("serve", "--config", "routes.toml", "--port", port)
    status, _, err = finished(start("fcc", *words, ANTHROPIC_AUTH_TOKEN=TOKEN))
    assert (status, "an fcc has it, and `--takeover` replaces it" in err) == (2, True)
    elsewhere = {"ANTHROPIC_AUTH_TOKEN": TOKEN, "XDG_STATE_HOME": str(home / "elsewhere")}
    assert "it does not hand over" in finished(start("fcc", *words, "--takeover", **elsewhere))[2]


def test_the_first_start_makes_a_token_and_shows_it(start: Start, home: Path) -> None:
    process = start("fcc", "serve", "--config", "routes.toml", "--port", "0")
    address = address_of(process)
    assert process.stdout is not None
    shown = process.stdout.readline().split()[2]
    assert ask(address, shown).status_code == 200
    assert ask(address, "another").status_code == 401
    (kept,) = home.rglob("token")
    assert (kept.read_text().strip(), kept.stat().st_mode & 0o777) == (shown, 0o600)
    process.send_signal(signal.SIGINT)
    assert finished(process)[0] == 0


def test_text_for_people_on_a_network(start: Start) -> None:
    words = ("fcc", "serve", "--config", "routes.toml", "--host", "0.0.0.0", "--log", "text")
    process = start(*words, PORT="0", HOST="127.0.0.4", ANTHROPIC_AUTH_TOKEN=TOKEN)
    port = address_of(process).removeprefix("http://0.0.0.0:")
    assert ask(f"http://127.0.0.1:{port}", TOKEN).status_code == 200
    process.send_signal(signal.SIGTERM)
    _, _, err = finished(process)
    assert f"export ANTHROPIC_BASE_URL=http://127.0.0.1:{port}" in err
    assert "  rest  " in err
    assert TOKEN not in err


def test_what_the_file_says_and_quietly(start: Start, home: Path) -> None:
    (home / "routes.toml").write_text(POLICY + '[server]\nport = 0\nhost = "127.0.0.2"\n')
    process = start("fcc", "serve", "-q", FCC_CONFIG=str(home / "routes.toml"), ANTHROPIC_AUTH_TOKEN=TOKEN)
    address = address_of(process)
    assert address.startswith("http://127.0.0.2:")
    ask(address, TOKEN)
    process.send_signal(signal.SIGTERM)
    assert finished(process) == (0, "", "")


@pytest.mark.parametrize(
    ("words", "env", "said"),
    [
        (("--config", "nowhere.toml"), {}, "there is no file nowhere.toml"),
        (("--config", "."), {}, ". is a folder"),
        (("--config", "broken.toml"), {}, "--> broken.toml:2:16"),
        (("--config", "routes.toml", "--port", "{taken}"), {}, "choose another with --port"),
        (("--config", "routes.toml"), {"HOST": "x86..gnu"}, "is no address of this machine"),
        (("--config", "routes.toml"), {"HOST": "0.0.0.0"}, "or listen on 127.0.0.1 (--host, HOST, "),
        (
            ("--config", "routes.toml", "--host", "no.such.invalid"),
            {"ANTHROPIC_AUTH_TOKEN": TOKEN},
            "is no address of this machine",
        ),
        (
            ("--config", "routes.toml", "--host", "192.0.2.1", "--port", "0"),
            {"ANTHROPIC_AUTH_TOKEN": TOKEN},
            "192.0.2.1",
        ),
        (("--config", "routes.toml"), {"PORT": "many"}, "PORT is `many`"),
        (("--config", "routes.toml", "--host", "0.0.0.0", "--port", "0"), {}, "ANTHROPIC_AUTH_TOKEN"),
        (
            ("--config", "routes.toml", "--host", "0.0.0.0", "--port", "0"),
            {"ANTHROPIC_AUTH_TOKEN": "fifteen-letters"},
            "16 characters",
        ),
        (("--config", "routes.toml", "--port", "70000"), {}, "65535"),
    ],
)
def test_why_it_does_not_start(
    home: Path,
    words: tuple[str, ...],
    env: dict[str, str],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (home / "broken.toml").write_text("rules = '''\nroute rest use nowhere\n'''\n")
    monkeypatch.chdir(home)
    monkeypatch.setattr(os, "environ", {"HOME": str(home), **env})
    monkeypatch.setattr(os, "umask", lambda mask: 0)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code = main(["serve", *(word.replace("{taken}", port) for word in words)])
    told = capsys.readouterr()
    assert (code, told.out) == (2, "")
    assert said in told.err


def test_the_second_signal_is_quick(start: Start, home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        provider = (
            f'[providers.a]\ndialect = "openai-chat"\nbase_url = "http://127.0.0.1:{port}/v1"\nkey = ""\n'
        )
        (home / "routes.toml").write_text(f"rules = '''\nroute rest use a/x\n'''\n{provider}")
        process = start("fcc", "serve", "--config", "routes.toml", "--port", "0", ANTHROPIC_AUTH_TOKEN=TOKEN)
        address = address_of(process)
        with socket.create_connection(
            ("127.0.0.1", int(address.rpartition(":")[2])), timeout=BOUND
        ) as client:
            body = json.dumps(ASKED).encode()
            head = f"POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nx-api-key: {TOKEN}\r\n"
            client.sendall(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
            silent.settimeout(BOUND)
            silent.accept()
            process.send_signal(signal.SIGTERM)
            time.sleep(0.3)
            assert process.poll() is None
            process.send_signal(signal.SIGTERM)
            assert client.recv(65536).startswith(b"HTTP/1.1 529 ")
        assert finished(process)[0] == 0


def test_uvicorn_serves_it_under_the_same_rules(start: Start, home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    env = {"FCC_CONFIG": str(home / "routes.toml"), "ANTHROPIC_AUTH_TOKEN": TOKEN}
    start("uvicorn", "fcc.server:app", "--host", "127.0.0.1", "--port", str(port), **env)
    address = f"http://127.0.0.1:{port}"
    response = patiently(address)
    assert response.status_code == 200
    assert ask(address, "wrong").status_code == 401
    evil = httpx.get(f"{address}/health", headers={"host": "evil.example"}, trust_env=False)
    assert evil.status_code == 400


def patiently(address: str) -> httpx.Response:
    end = time.monotonic() + BOUND
    while True:
        try:
            return ask(address, TOKEN)
        except httpx.ConnectError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


def test_the_demo_ends_well(start: Start) -> None:
    code, out, err = finished(start("fcc", "demo"))
    assert (code, err) == (0, "")
    assert "quick/first-choice timeout → steady/second-choice" in " ".join(out.split())
    assert "a failover nobody saw" in out
    assert "\x1b" not in out


def test_the_demo_stays_when_asked(start: Start) -> None:
    process = start("fcc", "demo", "--keep")
    assert process.stdout is not None
    exported = {}
    for line in process.stdout:
        name, _, value = line.strip().removeprefix("export ").partition("=")
        exported[name] = value
        if line.strip() == "claude":
            break
    response = ask(exported["ANTHROPIC_BASE_URL"], exported["ANTHROPIC_AUTH_TOKEN"])
    assert response.headers["x-fcc-target"] == "steady/second-choice"
    process.send_signal(signal.SIGINT)
    assert finished(process)[0] == 0
