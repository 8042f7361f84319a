"""A new file beside the one in force: the same in other words, or held back because too many requests would move."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from typing import Any

import pytest

from engine import generation
from engine.generation import House, generation_id
from engine.router import Router
from rules.policy_types import Policy
from support.world import run

OLD = """rules = '''
alias a = zen/a
alias b = zen/b
chain c = a then b
route small when tokens < 100 use a
route rest use c
'''
[reload]
guard = "20%"
"""
KEYS = {"OPENCODE_API_KEY": "x"}


def house_of(text: str = OLD, recent: Iterable[dict[str, Any]] = ()) -> House:
    house = House(path="routes.toml", env=KEYS)
    assert house.accept(text.encode()).policy is not None
    house.recent.extend(recent)
    return house


def requests(small: int, large: int) -> list[dict[str, Any]]:
    return [{"tokens": 5}] * small + [{"tokens": 5000}] * large


@pytest.mark.parametrize(
    "change",
    [
        ("route rest", "# why\nroute rest"),
        ("alias a = zen/a\n", ""),
        ("use c", "use   c"),
        ("< 100", "<= 99"),
    ],
)
def test_the_same_in_other_words_is_the_same_generation(change: tuple[str, str]) -> None:
    house = house_of()
    before = house.generation
    assert before is not None
    text = OLD.replace(*change)
    if change[1] == "":
        text = text.replace("use a\n", "use zen/a\n").replace("= a then", "= zen/a then")
    house.accept(text.encode())
    assert house.generation is before
    assert before.id == generation_id(OLD.encode())
    assert before.text == house.status()["text"] == generation_id(text.encode())
    assert before.loaded.source.text == text
    assert before.policy.routes[0] is before.router.compiled.routes[0]


@pytest.mark.parametrize("change", [("< 100", "< 101"), ("route rest", "route all"), ('"20%"', '"30%"')])
def test_anything_else_is_another(change: tuple[str, str]) -> None:
    async def test() -> None:
        house = house_of()
        before = house.generation
        house.accept(OLD.replace(*change).encode())
        assert house.generation is not before
        await house.aclose()

    run(test())


SWAPPED = OLD.replace("= a then b", "= b then a")


@pytest.mark.parametrize(
    ("text", "small", "large", "held"),
    [
        (SWAPPED, 8, 2, False),
        (SWAPPED, 79, 21, True),
        (SWAPPED, 0, 0, False),
        (SWAPPED, 5, 0, False),
        (OLD.replace("= a then b", "= b then a then zen/c"), 0, 1, True),
        (OLD.replace("use c", "use c start within 5s"), 0, 9, False),
        (OLD.replace("route rest", "route all"), 0, 9, False),
        (OLD.replace("use c", 'refuse 429 "no"'), 0, 9, True),
        (OLD.replace('"20%"', '"100%"').replace("= a then b", "= b then a"), 0, 9, True),
    ],
)
def test_what_moves_more_than_is_allowed_is_held_back(text: str, small: int, large: int, held: bool) -> None:
    async def test() -> None:
        house = house_of(recent=requests(small, large))
        before, name = house.generation, generation_id(text.encode())
        loaded = await house.accept_async(text.encode())
        assert (loaded.policy is None) is held
        assert (house.generation is before) is held
        assert house.held == (name if held else "")
        if held:
            (finding,) = house.problem
            assert finding.code == "FCC015"
            assert name in (finding.help or "")
            assert finding.witness == {"tokens": 5000}
            status = house.status()
            assert (status["status"], status["held"]) == ("degraded", name)
            (told,) = status["problems"]
            assert (told["code"], told["line"]) == ("FCC015", text[: text.index("guard")].count("\n") + 1)
            await house.accept_async(text.encode(), confirmed=True)
            assert house.generation is not before
            assert (house.problem, house.held) == ((), "")
        await house.aclose()

    run(test())


def test_the_message_says_how_many_and_where() -> None:
    async def test() -> None:
        house = house_of(recent=requests(3, 1))
        house.accept(OLD.replace("route rest", "route far when tokens > 1k use b\nroute rest").encode())
        assert house.problem[0].message == (
            "25% of the last 4 requests would move, most of them from `rest` to `far`; "
            "the policy in force allows 20%"
        )
        await house.aclose()

    run(test())


def test_without_a_guard_nothing_is_held_back() -> None:
    async def test() -> None:
        plain = OLD.replace('guard = "20%"', "")
        house = house_of(plain, requests(0, 9))
        house.accept(SWAPPED.encode())
        assert house.problem == ()
        await house.aclose()

    run(test())


def test_a_file_with_errors_is_refused_before_it_is_measured() -> None:
    house = house_of(recent=requests(0, 9))
    house.accept(SWAPPED.replace("use c", "use nobody").encode())
    assert [one.code for one in house.problem] == ["FCC201"]
    assert house.held == ""
    assert house.status()["problems"][0]["line"] == 6


def test_warnings_are_part_of_the_status() -> None:
    house = house_of(OLD.replace("alias b", "alias unused = zen/x\nalias b"))
    status = house.status()
    assert status["status"] == "ok"
    assert [one["code"] for one in status["warnings"]] == ["FCC210"]


def test_a_thousand_requests_are_measured_quickly() -> None:
    async def test() -> None:
        house = house_of(recent=({"tokens": n, "model": f"m{n}"} for n in range(2000)))
        assert len(house.recent) == 1000
        start = time.process_time()
        await house.accept_async(SWAPPED.encode())
        assert time.process_time() - start < 3
        await house.aclose()

    run(test())


@pytest.mark.parametrize("text", [OLD + "# the same", OLD.replace("use c", "use b")])
def test_a_router_is_made_off_the_loop(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Of a thousand routes it takes long enough for streams to stand still."""
    made: list[bool] = []

    class Watched(Router):
        def __init__(self, policy: Policy) -> None:
            made.append(threading.current_thread() is threading.main_thread())
            super().__init__(policy)

    async def test() -> None:
        house = house_of()
        monkeypatch.setattr(generation, "Router", Watched)
        assert (await house.accept_async(text.encode(), confirmed=True)).policy is not None
        assert isinstance(house.generation.router if house.generation else None, Watched)
        assert made == [False]

    run(test())
