"""Keys: where they come from, how they rotate, and that nothing ever shows them."""

from __future__ import annotations

import base64
import copy
import json
import pickle
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.keys import NO_KEY, Key, read_keys
from providers.secrets import HIDDEN, Scrubber, Secret

VALUE = "sk-Ab/9+z=canary"


def values(keys: tuple[Key, ...]) -> list[str]:
    return [key.secret.reveal() for key in keys]


def test_a_secret_does_not_show_itself() -> None:
    secret = Secret(VALUE)
    shown = [repr(secret), str(secret), f"{secret}", f"{secret!r}", repr(Key("0", secret)), str([secret])]
    assert not any(VALUE in one for one in shown)
    assert HIDDEN in shown[0]
    assert secret.reveal() == VALUE
    for write in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError):
            write(secret)


def test_secrets_compare_by_value() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a")}) == 1
    assert not Secret("")


@pytest.mark.parametrize(
    "quoted",
    [
        VALUE,
        f"Bearer {VALUE}",
        f"Incorrect API key provided: {VALUE}.",
        quote(VALUE, safe=""),
        json.dumps(VALUE),
        base64.b64encode(VALUE.encode()).decode(),
        base64.urlsafe_b64encode(VALUE.encode()).decode(),
        base64.b64encode(f"user:{VALUE}".encode()).decode(),
        base64.b64encode(f"a{VALUE}b".encode()).decode(),
        base64.b64encode(f"ab{VALUE}".encode()).decode(),
    ],
)
def test_a_secret_is_scrubbed_in_any_form(quoted: str) -> None:
    scrubbed = Scrubber([Secret(VALUE), Secret("other-secret")]).scrub(f"<{quoted}> and other-secret")
    assert HIDDEN in scrubbed
    for part in (VALUE, "canary", "other-secret", base64.b64encode(VALUE.encode()).decode()[4:-4]):
        assert part not in scrubbed


@given(
    st.text(min_size=6, max_size=30, alphabet=st.characters(min_codepoint=33, max_codepoint=126)),
    st.binary(max_size=5),
)
def test_no_alignment_of_base64_hides_a_secret(value: str, before: bytes) -> None:
    encoded = base64.b64encode(before + value.encode() + b"~").decode()
    assert HIDDEN in Scrubber([Secret(value)]).scrub(encoded)


def test_words_are_not_taken_for_secrets() -> None:
    text = "the model EMPTY is not loaded"
    assert Scrubber([Secret("EMPTY"), Secret("")]).scrub(text) == text
    assert Scrubber([]).scrub(text) == text


ENV = {"A": "key-a", "B": " key-b1 , key-b2,,key-a ", "EMPTY": "  ", "BROKEN": "one\ntwo", "WIDE": "clé"}


@pytest.mark.parametrize(
    ("written", "variables", "found"),
    [
        ("env:A", (), ["key-a"]),
        ("env: A ", (), ["key-a"]),
        ("env:B", (), ["key-b1", "key-b2", "key-a"]),
        (("env:A", "env:B"), (), ["key-a", "key-b1", "key-b2"]),
        (("env:NONE", "env:A"), (), ["key-a"]),
        (None, ("NONE", "A"), ["key-a"]),
        (None, ("EMPTY", "A"), ["key-a"]),
        ("env:A", ("B",), ["key-a"]),
        ("literal", (), ["literal"]),
    ],
)
def test_where_keys_come_from(
    written: str | tuple[str, ...] | None, variables: tuple[str, ...], found: list[str]
) -> None:
    keys, missing = read_keys(written, variables, ENV)
    assert values(keys) == found
    assert [key.id for key in keys] == [str(place) for place in range(len(found))]
    assert missing is None


@pytest.mark.parametrize(("written", "variables"), [("", ("A",)), (None, ())])
def test_no_key_is_sent_where_none_is_wanted(written: str | None, variables: tuple[str, ...]) -> None:
    assert read_keys(written, variables, ENV) == ((NO_KEY,), None)
    assert NO_KEY.id == ""


@pytest.mark.parametrize(
    ("written", "variables", "said"),
    [
        ("env:NONE", (), "NONE is not set"),
        ("env:EMPTY", (), "EMPTY is not set"),
        (("env:NONE", "env:EMPTY"), (), "NONE or EMPTY is not set"),
        (None, ("NONE", "EMPTY"), "NONE or EMPTY is not set"),
        ("env:BROKEN", (), "BROKEN holds signs that no key has"),
        ("env:WIDE", (), "WIDE holds signs that no key has"),
    ],
)
def test_what_is_missing_is_said(
    written: str | tuple[str, ...] | None, variables: tuple[str, ...], said: str
) -> None:
    assert read_keys(written, variables, ENV) == ((), said)
