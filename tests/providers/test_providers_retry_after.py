"""How long to wait: all headers and words in use, and values that are no durations."""

from __future__ import annotations

import math
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.retry_after import LONGEST, SHORTEST, retry_after, retry_after_words

NOW = 1_764_000_000.0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "20"}, 20.0),
        ({"retry-after": " 20 "}, 20.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": "0"}, SHORTEST),
        ({"retry-after": "0.2"}, SHORTEST),
        ({"retry-after": "7200"}, 7200.0),
        ({"retry-after": "200000"}, LONGEST),
        ({"retry-after": formatdate(NOW + 90, usegmt=True)}, 90.0),
        (
            {"retry-after": formatdate(NOW + 3690, usegmt=True), "date": formatdate(NOW + 3600, usegmt=True)},
            90.0,
        ),
        ({"x-ratelimit-reset": f"{NOW + 3690:.0f}000", "date": formatdate(NOW + 3600, usegmt=True)}, 90.0),
        ({"retry-after": formatdate(NOW + 90, usegmt=True), "date": "no date"}, 90.0),
        ({"retry-after": formatdate(NOW + 7 * 86_400, usegmt=True)}, LONGEST),
        ({"retry-after": formatdate(NOW - 90, usegmt=True)}, None),
        ({"retry-after": "Wed, 99 Foo 2026 99:99:99 GMT"}, None),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "NaN"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "1e999"}, None),
        ({"retry-after": "9" * 400}, None),
        ({"retry-after": "999999999"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "\xe9"}, None),
        ({"retry-after": "2m30s"}, 150.0),
        ({"retry-after-ms": "2500"}, 2.5),
        ({"retry-after-ms": "2500", "retry-after": "3"}, 2.5),
        ({"retry-after-ms": "x", "retry-after": "3"}, 3.0),
        ({"x-ms-retry-after-ms": "40000"}, 40.0),
        ({"ratelimit-reset": "30"}, 30.0),
        ({"x-ratelimit-reset": str(int(NOW) + 45)}, 45.0),
        ({"x-ratelimit-reset": str(int((NOW + 45) * 1000))}, 45.0),
        ({"x-ratelimit-reset-requests": "6m0s"}, 360.0),
        ({"x-ratelimit-reset-tokens": "250ms"}, SHORTEST),
        ({"x-ratelimit-reset-tokens": "1h2m3.5s"}, 3723.5),
        ({"x-ratelimit-reset-requests": "6m0s", "x-ratelimit-reset-tokens": "20s"}, 20.0),
        (
            {
                "x-ratelimit-reset-requests": "6m0s",
                "x-ratelimit-remaining-requests": "0",
                "x-ratelimit-reset-tokens": "20s",
                "x-ratelimit-remaining-tokens": "400",
            },
            360.0,
        ),
        ({"retry-after": "7", "x-ratelimit-reset-requests": "6m0s"}, 7.0),
        ({"x-ratelimit-reset-requests": "never"}, None),
        ({"anthropic-ratelimit-requests-reset": "2026-01-01T00:00:00Z"}, None),
    ],
)
def test_headers(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, NOW) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("please try again in 7.66s.", 7.66),
        ("try again in 6m0s", 360.0),
        ("please retry in 34.07s.", 34.07),
        ("retry after 20 seconds", 20.0),
        ("rate limit will reset in 3 days", LONGEST),
        ("quota resets in 2 hours and 5 minutes", 7500.0),
        ("wait 250ms", SHORTEST),
        ('{"retrydelay": "34s"}', 34.0),
        ("try again later", None),
        ("limit of 40 requests", None),
        ("", None),
        ("retry 3 times", None),
    ],
)
def test_words(text: str, seconds: float | None) -> None:
    assert retry_after_words(text) == pytest.approx(seconds)


@given(
    st.dictionaries(
        st.sampled_from(["retry-after", "retry-after-ms", "x-ratelimit-reset"]), st.text(max_size=40)
    )
)
def test_no_header_gives_a_senseless_time(headers: dict[str, str]) -> None:
    seconds = retry_after(headers, NOW)
    assert seconds is None or (math.isfinite(seconds) and SHORTEST <= seconds <= LONGEST)


@given(st.text())
def test_no_text_gives_a_senseless_time(text: str) -> None:
    seconds = retry_after_words(text.lower())
    assert seconds is None or SHORTEST <= seconds <= LONGEST
