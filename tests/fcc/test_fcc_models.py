"""The model list: ids for the picker, pages, and single models in every spelling."""

from __future__ import annotations

import pytest

from fcc import models
from rules.policy_types import Offered

OFFERS = (
    Offered("auto", "Auto", "client", ()),
    Offered("zen/minimax-m2.5-free", None, "client", ()),
    Offered("zen/minimax-m2.5-free", None, "without", ()),
    Offered("nvidia_nim/z-ai/glm4.7", "GLM", "client", ()),
    Offered("auto", "Auto again", "client", ()),
)
IDS = [
    "anthropic/auto",
    "anthropic/zen/minimax-m2.5-free",
    "anthropic/zen/minimax-m2.5-free--no-thinking",
    "anthropic/nvidia_nim/z-ai/glm4.7",
]
ENTRIES = models.entries(OFFERS)


def ids(page: dict[str, object]) -> list[str]:
    data = page["data"]
    assert isinstance(data, list)
    return [one["id"] for one in data]


def test_every_offer_once_in_file_order() -> None:
    assert [one["id"] for one in ENTRIES] == IDS
    assert [one["display_name"] for one in ENTRIES] == [
        "Auto",
        "zen/minimax-m2.5-free",
        "zen/minimax-m2.5-free (no thinking)",
        "GLM",
    ]
    assert {(one["type"], one["object"]) for one in ENTRIES} == {("model", "model")}


def test_ids_are_kept_by_old_and_new_pickers() -> None:
    assert all(one["id"].startswith("anthropic/") for one in ENTRIES)


@pytest.mark.parametrize(
    ("limit", "after", "before", "expected", "more"),
    [
        (1000, None, None, IDS, False),
        (4, None, None, IDS, False),
        (2, None, None, IDS[:2], True),
        (2, IDS[1], None, IDS[2:], False),
        (1, IDS[1], None, IDS[2:3], True),
        (2, IDS[3], None, [], False),
        (2, None, IDS[3], IDS[1:3], True),
        (2, None, IDS[1], IDS[:1], False),
        (2, None, IDS[0], [], False),
        (2, "unknown", None, IDS[:2], True),
    ],
)
def test_pages(limit: int, after: str | None, before: str | None, expected: list[str], more: bool) -> None:
    page = models.page(ENTRIES, limit, after, before)
    assert ids(page) == expected
    assert page["has_more"] is more
    assert page["first_id"] == (expected[0] if expected else None)
    assert page["last_id"] == (expected[-1] if expected else None)


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ("anthropic/auto", "Auto"),
        ("auto", "Auto"),
        ("zen/minimax-m2.5-free", "zen/minimax-m2.5-free"),
        ("claude/zen/minimax-m2.5-free", "zen/minimax-m2.5-free"),
        ("anthropic/zen/minimax-m2.5-free--no-thinking", "zen/minimax-m2.5-free (no thinking)"),
        ("zen/minimax-m2.5-free (no thinking)", "zen/minimax-m2.5-free (no thinking)"),
        ("nvidia_nim/z-ai/glm4.7--no-thinking", "GLM (no thinking)"),
        ("claude-opus-5-5", "claude-opus-5-5"),
        ("claude-haiku-4-5-20251001", "claude-haiku-4-5-20251001"),
        ("sonnet", "sonnet"),
        ("zen/not-listed", "zen/not-listed"),
    ],
)
def test_a_model_in_any_spelling(asked: str, name: str) -> None:
    found = models.find(OFFERS, {"zen"}, asked)
    assert found is not None
    assert (found["id"], found["display_name"]) == (asked, name)


@pytest.mark.parametrize("asked", ["gpt-5", "elsewhere/model", "zen/", "minimax"])
def test_what_means_nothing_is_not_found(asked: str) -> None:
    assert models.find(OFFERS, {"zen"}, asked) is None
