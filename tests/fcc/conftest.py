"""Servers for the tests of the outer room."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.process import Start, starting
from support.served import Served, served


@pytest.fixture
def serve() -> Iterator[Callable[..., Served]]:
    """`serve(app)`: the app behind a real socket until the test is over."""
    with contextlib.ExitStack() as stack:
        yield lambda app, **options: stack.enter_context(served(app, **options))


@pytest.fixture
def home(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A folder with the `POLICY` of the test's file as its routes.toml."""
    (tmp_path / "routes.toml").write_text(request.module.POLICY)
    return tmp_path


@pytest.fixture
def start(home: Path) -> Iterator[Start]:
    """Starts commands in that folder, and ends those that have not ended with the test."""
    with starting(home) as begin:
        yield begin
