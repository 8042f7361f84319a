"""Model ids in every spelling that clients, pickers and people use."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translators.model_ids import read_model_id

PLAIN = [
    "zen/minimax-m2.5-free",
    "nvidia_nim/z-ai/glm4.7",
    "openrouter/anthropic/claude-x",
    "anthropic/claude-opus-5-5",
]
MARKS = [
    "--no-thinking",
    "--nothinking",
    "--no-think",
    "--nothink",
    "-no-thinking",
    " (no thinking)",
    "(no thinking)",
    "  (No Thinking)",
    "(no-thinking)",
    "_(no_thinking)",
    " (nothink)",
    "+(no+thinking)",
    "%20(no%20thinking)",
    "%20%28no%20thinking%29",
]


@pytest.mark.parametrize("plain", PLAIN)
@pytest.mark.parametrize("prefix", ["", "anthropic/", "claude/"])
@pytest.mark.parametrize("mark", MARKS)
def test_every_spelling_of_no_thinking(plain, prefix, mark):
    assert read_model_id(prefix + plain + mark) == (plain, True)
    assert read_model_id(f"{prefix}{plain}{mark}[1m]") == (plain, True)
    assert read_model_id(f"{prefix}{plain}[1m]{mark}") == (plain, True)
    assert read_model_id(f"claude-3-freecc-no-thinking/{plain}") == (plain, True)


@pytest.mark.parametrize(
    ("asked", "plain"),
    [
        *((one, one) for one in PLAIN),
        *((f"anthropic/{one}", one) for one in PLAIN),
        *((f"{one}[1m]", one) for one in PLAIN),
        ("claude-sonnet-5-5", "claude-sonnet-5-5"),
        ("claude-sonnet-5-5[1M]", "claude-sonnet-5-5"),
        ("claude-3-5-haiku-20241022", "claude-3-5-haiku-20241022"),
        ("anthropic/coding", "coding"),
        ("claude/coding", "coding"),
        ("anthropic/opus", "opus"),
        ("coding", "coding"),
        ("anthropic%2Fzen%2Fbig-pickle", "zen/big-pickle"),
        ("ollama/qwen3-nothink", "ollama/qwen3-nothink"),
        ("ollama/qwen3:8b-thinking", "ollama/qwen3:8b-thinking"),
        ("anthropic/claude-box/x", "claude-box/x"),
        ("anthropic/", "anthropic/"),
        ("claude-3-freecc-no-thinking/", "claude-3-freecc-no-thinking/"),
        ("--no-thinking", "--no-thinking"),
        ("[1m]", "[1m]"),
        (" zen/x ", "zen/x"),
        ("", ""),
        (" ", " "),
    ],
)
def test_an_id_without_that_mark(asked, plain):
    assert read_model_id(asked) == (plain, False)


@given(
    st.text(max_size=40)
    | st.lists(st.sampled_from([*MARKS, *PLAIN, "[1m]", "anthropic/", "%", " "])).map("".join)
)
def test_what_is_left_is_never_empty(asked):
    plain, _ = read_model_id(asked)
    assert bool(plain) == bool(asked)


def test_a_text_too_long_for_an_id_is_left_alone():
    asked = "x" + " " * 100_000 + "(no thinking)"
    assert read_model_id(asked) == (asked, False)
