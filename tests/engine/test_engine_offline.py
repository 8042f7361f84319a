"""Two providers without a way within two seconds are our own network."""

from __future__ import annotations

import pytest

from engine.offline import PARDON, TOGETHER, OfflineGuard


@pytest.mark.parametrize(
    ("failures", "down"),
    [
        ([], False),
        ([("a", 0.0)], False),
        ([("a", 0.0), ("a", 1.0)], False),
        ([("a", 0.0), ("b", 0.0)], True),
        ([("a", 5.0), ("b", 5.0 + TOGETHER)], True),
        ([("a", 5.0), ("b", 5.001 + TOGETHER)], False),
        ([("a", 0.0), ("a", 4.0), ("b", 5.0)], True),
        ([("a", 0.0), ("b", 4.0), ("a", 5.0)], True),
        ([("a", 0.0), ("b", 1.0), ("b", 2.0)], True),
    ],
)
def test_two_at_once_are_ours(failures: list[tuple[str, float]], down: bool) -> None:
    guard = OfflineGuard()
    now = 0.0
    for provider, now in failures:
        guard.failed(provider, now)
    assert guard.down(now) == down


def test_it_is_ours_for_a_while() -> None:
    guard = OfflineGuard()
    guard.failed("a", 100.0)
    guard.failed("b", 101.0)
    assert [guard.down(now) for now in (101.0, 100.999 + PARDON, 101.0 + PARDON)] == [True, True, False]
    guard.failed("a", 102.0)
    assert guard.down(101.999 + PARDON), "each of them that fails meanwhile makes it longer"
    assert not guard.down(102.0 + PARDON)
