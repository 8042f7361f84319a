"""Certificates that sign themselves, made by openssl: good ones, old ones, and some of another name."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from pathlib import Path

import pytest

KEY = (
    "req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=localhost"
    " -keyout both.pem -out asked.pem"
)
SIGN = "x509 -req -in asked.pem -signkey both.pem -extfile name -out one.pem"


def certificate(folder: Path, name: str = "IP:127.0.0.1", days: int = 2) -> Path:
    """A certificate and its key in one file. `days`: how long it holds; below 0 it has expired. Skips the test where
    there is no openssl.
    """
    tool = shutil.which("openssl")
    if tool is None:
        pytest.skip("openssl is not installed")
    (folder / "name").write_text(f"subjectAltName={name}")
    for command in (KEY, f"{SIGN} -days {days}"):
        subprocess.run([tool, *command.split()], check=True, capture_output=True, timeout=30, cwd=folder)
    both = folder / "both.pem"
    both.write_bytes(both.read_bytes() + (folder / "one.pem").read_bytes())
    return both


def shown(path: Path) -> ssl.SSLContext:
    """A server's side of TLS that shows the certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


def trust(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls made in this process vouch for the certificate, as far as its name and its time go."""
    context = ssl.create_default_context(cafile=path)
    monkeypatch.setattr("aiohttp.connector._SSL_CONTEXT_VERIFIED", context)
