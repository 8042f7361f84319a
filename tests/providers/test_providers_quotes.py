"""What is kept of an error never quotes the prompt."""

from __future__ import annotations

import pytest

from providers.quotes import HIDDEN, unquoted
from support.exchanges import request_of

PROMPT = "My password for the bank is hunter2,\nplease remember it for me. " + "x" * 50
REQUEST = request_of(
    PROMPT, system=[{"type": "text", "text": "You are a confidential assistant of Acme Inc."}]
)


@pytest.mark.parametrize(
    ("message", "kept"),
    [
        ("overloaded, try again later", "overloaded, try again later"),
        ("short", "short"),
        ("bad input: My password for the bank is hunter2", f"bad input: {HIDDEN}"),
        (
            "[{'input': 'My password for the bank is hunter2,\\nplease remember'}]",
            f"[{{'input': '{HIDDEN}'}}]",
        ),
        (
            "field `you are` of Acme Inc. is bad, my password",
            "field `you are` of Acme Inc. is bad, my password",
        ),
        ("a confidential assistant of Acme Inc. said no", f"{HIDDEN} said no"),
        (f"{PROMPT[:40]} + {PROMPT[20:]}", f"{HIDDEN} + {HIDDEN}"),
    ],
)
def test_quotations_are_taken_out(message: str, kept: str) -> None:
    assert unquoted(message, REQUEST) == kept


@pytest.mark.parametrize("start", range(0, 30, 3))
def test_wherever_a_quotation_stands_it_is_found(start: int) -> None:
    assert "hunter2" not in unquoted("." * start + PROMPT[:60] + "!", REQUEST)


def test_the_newest_text_is_searched_first() -> None:
    long = request_of("y" * 2_000_000 + "the end of a very long secret story")
    assert unquoted(
        "is the end of a very long secret story ok", request_of("the end of a very long secret story")
    ) == (f"is {HIDDEN} ok")
    assert (
        unquoted("no such thing in there, nowhere at all", long) == "no such thing in there, nowhere at all"
    )
