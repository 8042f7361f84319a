"""Servers for the tests of the outer room."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import pytest

from support.served import Served, served


@pytest.fixture
def serve() -> Iterator[Callable[..., Served]]:
    """`serve(app)`: the app behind a real socket until the test is over."""
    with contextlib.ExitStack() as stack:
        yield lambda app, **options: stack.enter_context(served(app, **options))
