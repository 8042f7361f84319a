"""Who is put aside: the ladder of blocks, a key that is limited as a whole, verdicts, and what is forgotten when."""

from __future__ import annotations

import asyncio

import pytest

from engine.blocks import KEY_WINDOW, LADDER, LONGEST, SHORTEST, Aside, Blocks
from engine.generation import House

KEY, MODEL = ("p", "k"), ("p", "k", "m")


def block(
    blocks: Blocks, now: float, model: str = "m", retry_after: float | None = None, key: str = "k"
) -> float:
    return blocks.block(now, "p", key, model, retry_after, "slow down")


def until(blocks: Blocks, now: float, model: str = "m") -> float | None:
    """When the model behind the key may be asked again."""
    aside = blocks.aside(now, "p", "k", model)
    return aside.until if aside is not None else None


def test_the_ladder() -> None:
    blocks, now = Blocks(), 0.0
    for seconds in (*LADDER, LADDER[-1], LADDER[-1]):
        assert block(blocks, now) == seconds
        assert until(blocks, now) == now + seconds
        now += seconds
        assert until(blocks, now) is None


def test_what_was_under_way_is_the_same_strike() -> None:
    blocks = Blocks()
    assert [block(blocks, now) for now in (0.0, 1.0, 9.999)] == [10.0, 10.0, 10.0]
    assert blocks.strikes == {MODEL: 1}
    assert block(blocks, 20.0) == 20.0
    assert block(blocks, 21.0) == 20.0


def test_a_success_ends_the_ladder_of_its_model() -> None:
    blocks = Blocks()
    block(blocks, 0.0)
    block(blocks, 10.0)
    blocks.answered("p", "k", "other")
    blocks.answered("p", "other", "m")
    assert blocks.strikes == {MODEL: 2}
    blocks.answered("p", "k", "m")
    blocks.answered("p", "k", "m")
    assert block(blocks, 40.0) == LADDER[0]


@pytest.mark.parametrize(
    ("asked", "seconds"), [(0.0, SHORTEST), (0.999, SHORTEST), (7.5, 7.5), (LONGEST, LONGEST), (1e9, LONGEST)]
)
def test_a_time_that_is_named_holds_within_bounds(asked: float, seconds: float) -> None:
    blocks = Blocks()
    assert block(blocks, 100.0, retry_after=asked) == seconds
    assert until(blocks, 100.0) == 100.0 + seconds


def test_a_block_only_grows_until_it_is_over() -> None:
    blocks = Blocks()
    block(blocks, 0.0, retry_after=30.0)
    block(blocks, 1.0, retry_after=5.0)
    assert until(blocks, 1.0) == 30.0
    block(blocks, 2.0, retry_after=40.0)
    assert until(blocks, 2.0) == 42.0
    block(blocks, 42.0, retry_after=1.0)
    assert until(blocks, 42.0) == 43.0


def test_of_two_reasons_that_end_together_the_first_is_kept() -> None:
    blocks = Blocks()
    blocks.condemn(0.0, MODEL, 10.0, "not_found", "first")
    blocks.condemn(0.0, MODEL, 10.0, "not_found", "second")
    assert blocks.asides == {MODEL: Aside(10.0, "first", "not_found")}


@pytest.mark.parametrize(("after", "whole"), [(0.0, True), (KEY_WINDOW, True), (KEY_WINDOW + 0.001, False)])
def test_two_models_of_a_key_are_the_key(after: float, whole: bool) -> None:
    blocks = Blocks()
    block(blocks, 100.0)
    block(blocks, 100.0 + after, "n", retry_after=50.0)
    assert until(blocks, 100.0 + after, "third") == (150.0 + after if whole else None)
    assert blocks.last_block == {KEY: (100.0 + after, "n")}


def test_one_model_twice_is_not_the_key_and_no_key_is_none() -> None:
    blocks = Blocks()
    block(blocks, 0.0)
    block(blocks, 1.0)
    assert until(blocks, 1.0, "n") is None
    for model in ("m", "n"):
        block(blocks, 2.0, model, key="")
    assert ("p", "") not in blocks.asides


def test_of_key_and_model_the_longer_holds() -> None:
    blocks = Blocks()
    blocks.condemn(0.0, KEY, 20.0, "auth", "the key")
    blocks.condemn(0.0, MODEL, 10.0, "not_found", "the model")
    assert blocks.aside(0.0, "p", "k", "m") == Aside(20.0, "the key", "auth")
    blocks.condemn(0.0, MODEL, 20.0, "not_found", "the model")
    assert blocks.aside(0.0, "p", "k", "m") == Aside(20.0, "the model", "not_found"), "what is nearer is said"
    blocks.condemn(0.0, MODEL, 30.0, "not_found", "the model")
    assert blocks.aside(0.0, "p", "k", "m") == Aside(30.0, "the model", "not_found")
    assert blocks.aside(0.0, "p", "other", "m") is None
    assert blocks.aside(20.0, "p", "k", "n") is None
    assert KEY not in blocks.asides, "what is over is forgotten when it is looked at"


def test_what_others_have_put_aside() -> None:
    blocks = Blocks()
    blocks.heard(5.0, KEY, 10.0, "credit", "pay")
    blocks.heard(5.0, MODEL, 2.0, None, "slow")
    assert blocks.asides == {KEY: Aside(15.0, "pay", "credit"), MODEL: Aside(7.0, "slow", None)}


def test_a_new_policy_voids_verdicts_and_no_block() -> None:
    blocks = Blocks()
    block(blocks, 0.0)
    blocks.condemn(0.0, KEY, 10.0, "auth", "the key")
    blocks.pardon()
    assert blocks.asides == {MODEL: Aside(10.0, "slow down")}


def test_a_verdict_is_no_block_that_was_under_way() -> None:
    blocks = Blocks()
    block(blocks, 0.0)
    blocks.condemn(0.0, MODEL, 100.0, "not_found", "gone")
    block(blocks, 20.0)
    assert blocks.strikes == {MODEL: 2}


def test_what_is_over_is_swept_away() -> None:
    blocks = Blocks()
    block(blocks, 0.0, retry_after=5.0)
    blocks.sweep(4.999)
    assert set(blocks.asides) == {MODEL}
    blocks.sweep(5.0)
    assert (blocks.asides, blocks.strikes, set(blocks.last_block)) == ({}, {MODEL: 1}, {KEY})
    blocks.sweep(LADDER[-1])
    assert blocks.strikes == {MODEL: 1}, "the ladder holds as long as its last step"
    blocks.sweep(LADDER[-1] + 0.001)
    assert blocks == Blocks()


def test_a_strike_is_kept_as_long_as_its_block() -> None:
    blocks = Blocks()
    block(blocks, 0.0, retry_after=500.0)
    blocks.sweep(400.0)
    assert (blocks.strikes, blocks.last_block) == ({MODEL: 1}, {})


@pytest.mark.parametrize(("keys", "held"), [("a,b", ["0", "1"]), ("c,b", ["1"]), ("a", ["0"]), ("", [])])
def test_a_key_that_is_replaced_takes_its_blocks_with_it(keys: str, held: list[str]) -> None:
    """Whoever has put a new key in the place of one that is used up wants it to be used."""
    text = """
rules = '''
route rest use a/m
'''
[providers.a]
dialect = "openai-chat"
base_url = "http://127.0.0.1:9"
key = "env:A_KEYS"
"""

    async def main() -> None:
        env = {"A_KEYS": "a,b"}
        house = House("routes.toml", env)
        house.accept(text.encode())
        blocks = house.state.blocks
        for key in ("0", "1"):
            blocks.block(0.0, "a", key, "m", 80_000.0, "quota")
        env["A_KEYS"] = keys
        await house.accept_async(text.encode() + b"# saved")
        assert [key for key in ("0", "1") if blocks.aside(1.0, "a", key, "m")] == held
        assert sorted(subject[1] for subject in blocks.strikes) == held

    asyncio.run(main())
