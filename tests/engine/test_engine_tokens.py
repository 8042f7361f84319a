"""Estimates against recorded counts of a real vocabulary, and against what the API documents of images."""

from __future__ import annotations

import base64
import struct
import timeit
from pathlib import Path

import pytest

from engine.image_size import image_size
from engine.text_tokens import PIECE, count_tokens
from engine.tokens import PAGE_TOKENS, estimate, quick_estimate
from support.requests import ask, fixture, request

SAMPLES = Path(__file__).parents[2] / "fixtures" / "tokens"
COUNTED = {
    "code-go": 504,
    "code-python": 694,
    "code-rust": 651,
    "code-shell": 414,
    "code-typescript": 656,
    "data-json": 372,
    "log-terminal": 371,
    "prose-chinese": 267,
    "prose-english": 380,
    "prose-french": 239,
    "prose-german": 248,
    "prose-japanese": 293,
    "prose-korean": 192,
    "prose-markdown": 296,
    "prose-russian": 204,
}
"""Tokens of each sample by the vocabulary o200k_base (package bpe-openai 0.1.4)."""


def sample(name):
    return (SAMPLES / f"{name}.txt").read_text("utf-8")


def test_every_sample_is_counted():
    assert {path.stem for path in SAMPLES.glob("*.txt")} == set(COUNTED)


@pytest.mark.parametrize(("name", "counted"), COUNTED.items())
def test_an_estimate_is_within_a_tenth_of_the_count(name, counted):
    assert count_tokens(sample(name)) == pytest.approx(counted, rel=0.10)


def test_all_samples_together_are_within_a_twentieth():
    assert sum(map(count_tokens, map(sample, COUNTED))) == pytest.approx(sum(COUNTED.values()), rel=0.05)


@pytest.mark.parametrize("text", ["", " ", "\n\n", "\x00", "\ud800", "🙂" * 3, "é", "\u2028", "a" * 10_000])
def test_any_text_has_a_count(text):
    assert 0 <= count_tokens(text) <= 2 * len(text) + 1


SAMPLE = "The quick brown fox — zwölf Boxkämpfer 漢字 — jumps over 12 lazy dogs.\n"


def test_a_long_text_counts_as_its_pieces_do():
    """It is counted in pieces, so that nobody waits for the whole; a cut costs a token or two."""
    page = SAMPLE * (PIECE // len(SAMPLE))
    assert count_tokens(page * 4) == pytest.approx(4 * count_tokens(page), rel=0.001)


def test_a_request_counts_system_tools_and_messages():
    alone = estimate(ask(sample("prose-english")))
    assert alone == pytest.approx(COUNTED["prose-english"], rel=0.10)
    with_system = estimate(ask(sample("prose-english"), system=[{"type": "text", "text": sample("code-go")}]))
    assert with_system - alone == pytest.approx(COUNTED["code-go"], rel=0.10)
    tool = {"name": "Read", "description": sample("prose-english"), "input_schema": {"type": "object"}}
    assert estimate(ask("hi", tools=[tool])) == pytest.approx(COUNTED["prose-english"] + 35, rel=0.15)


@pytest.mark.parametrize(
    "block",
    [
        {"type": "thinking", "thinking": sample("prose-english"), "signature": "x" * 4000},
        {"type": "tool_use", "id": "t", "name": "Say", "input": {"text": sample("prose-english")}},
        {"type": "tool_result", "tool_use_id": "t", "content": sample("prose-english")},
        {
            "type": "tool_result",
            "tool_use_id": "t",
            "content": [{"type": "text", "text": sample("prose-english")}],
        },
        {
            "type": "document",
            "source": {"type": "text", "media_type": "text/plain", "data": sample("prose-english")},
        },
        {"type": "document", "source": {"type": "content", "content": sample("prose-english")}, "title": "a"},
        {"type": "a_new_kind", "text": sample("prose-english"), "encrypted_content": "x" * 4000},
    ],
)
def test_every_kind_of_block_counts_what_the_model_reads(block):
    assert estimate(ask([block])) == pytest.approx(COUNTED["prose-english"], rel=0.12)


def png(width, height):
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", width, height)


def gif(width, height):
    return b"GIF89a" + struct.pack("<HH", width, height)


def jpeg(width, height):
    table = b"\xff\xc4" + struct.pack(">H", 300) + bytes(298)
    frame = b"\xff\xc2" + struct.pack(">HBHH", 11, 8, height, width) + bytes(6)
    return b"\xff\xd8\xff\xe0" + struct.pack(">H", 16) + bytes(14) + b"\xff" + table + frame


def webp_lossy(width, height):
    return b"RIFF\0\0\0\0WEBPVP8 \0\0\0\0" + b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", width, height)


def webp_lossless(width, height):
    return b"RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f" + struct.pack("<I", (width - 1) | (height - 1) << 14)


def webp_extended(width, height):
    sizes = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return b"RIFF\0\0\0\0WEBPVP8X\0\0\0\0\0\0\0\0" + sizes


FORMATS = [png, gif, jpeg, webp_lossy, webp_lossless, webp_extended]


@pytest.mark.parametrize("made", FORMATS)
def test_sizes_are_read_from_the_first_bytes(made):
    data = made(1092, 731)
    assert image_size(data) == (1092, 731)
    for end in range(len(data)):
        assert image_size(data[:end]) in (None, (1092, 731))


@pytest.mark.parametrize(
    "data", [b"", b"BM", b"\xff\xd8", b"\xff\xd8\x00\x00", b"\x89PNG\r\n\x1a\n", b"RIFF....WEBPXXXX"]
)
def test_other_bytes_have_no_size(data):
    assert image_size(data) is None


def image(data):
    return {
        "type": "image",
        "source": {"type": "base64", "media_type": "image/png", "data": base64.b64encode(data).decode()},
    }


@pytest.mark.parametrize(
    ("block", "tokens"),
    [
        (image(png(200, 200)), 54),
        (image(png(1000, 1000)), 1334),
        (image(jpeg(1092, 1092)), 1590),
        (image(png(4000, 4000)), 1600),
        (image(png(15680, 750)), 157),
        (image(b"no image"), 1600),
        (image(png(0, 10)), 1600),
        ({"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}}, 1600),
        ({"type": "image", "source": {"type": "base64", "data": "ä"}}, 1600),
        ({"type": "image"}, 1600),
    ],
)
def test_images_cost_what_is_documented(block, tokens):
    empty = estimate(ask([{"type": "text", "text": ""}]))
    assert estimate(ask([block])) - empty == tokens


def test_a_pdf_costs_by_its_pages():
    made = fixture("pdf_in_tool_result")
    without = fixture("pdf_in_tool_result")
    del without.messages[2]["content"][0]["content"][0]
    assert estimate(made) - estimate(without) == 3 * PAGE_TOKENS


@pytest.mark.parametrize(("size", "pages"), [(10, 1), (400_000, 10), (6_000_000, 150)])
def test_a_pdf_whose_pages_are_packed_costs_by_its_size(size, pages):
    data = base64.b64encode(bytes(size)).decode()
    made = ask([{"type": "document", "source": {"type": "base64", "data": data}}])
    assert estimate(made) == pytest.approx(pages * PAGE_TOKENS, abs=10)


@pytest.mark.parametrize("name", ["main", "compact", "subagent", "tool_reference", "count_tokens"])
def test_the_quick_estimate_is_near_the_careful_one(name):
    made = fixture(name)
    assert quick_estimate(made) == pytest.approx(estimate(made), rel=0.25)


def test_the_quick_estimate_leaves_base64_out():
    small, large = image(png(9, 9)), image(png(9, 9) + bytes(900_000))
    assert quick_estimate(ask([large])) == quick_estimate(ask([small]))
    assert 1600 < quick_estimate(ask([small])) < 1700


def test_the_quick_estimate_knows_a_request_without_a_size():
    made = fixture("main")
    sized = quick_estimate(made)
    made.size = 0
    assert quick_estimate(made) == pytest.approx(sized, rel=0.05)


def large():
    text = "\n".join(map(sample, COUNTED))
    return request({"model": "m", "messages": [{"role": "user", "content": text}] * 5})


def test_the_quick_estimate_costs_microseconds():
    made = large()
    assert min(timeit.repeat(lambda: quick_estimate(made), number=20, repeat=3)) / 20 < 500e-6


def test_a_hundred_kilobytes_are_estimated_in_milliseconds():
    made = large()
    assert 90_000 < made.size < 150_000
    assert min(timeit.repeat(lambda: estimate(made), number=1, repeat=3)) < 0.05
