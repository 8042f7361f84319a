"""The short form of `benchmarks/soak.py`: nothing is left open when a busy server comes to rest."""

from __future__ import annotations

import asyncio
import sys

import pytest
import soak

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the process is looked at in /proc")

SECONDS = 5.0
MOST = 40.0
"""MB in all: so short a run is warm-up for the most part, and only a leak in every request shows."""


def test_a_busy_server_comes_to_rest_as_it_was() -> None:
    result = asyncio.run(asyncio.wait_for(soak.soak(SECONDS, 20), 90))
    assert result.answered > 100
    assert result.left > 0
    assert abs(result.after.tasks - result.before.tasks) <= 2
    assert abs(result.after.descriptors - result.before.descriptors) <= 2
    assert result.after.resident - result.before.resident < MOST


def test_growth_is_told_from_noise() -> None:
    looks = [soak.Look(float(at), 50 + at / 600 + (at % 2) * 0.5, 9, 3, 3) for at in range(1200)]
    assert soak.slope(looks) == pytest.approx(1.0, abs=0.05)
