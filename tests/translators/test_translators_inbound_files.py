"""Files and images of OpenAI's clients: what is text stays readable, and what is no address is refused."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from translators import inbound_chat, inbound_responses
from translators.request import RequestError

NOTE = "Zürich:\n1. café"
PDF = b"%PDF-1.4\n\xe2\xe3\xcf\xd3"


def packed(media_type: str, data: bytes) -> str:
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"


def by_chat(kind: str, value: Any) -> dict[str, Any]:
    part = {"image": {"type": "image_url", "image_url": {"url": value}}}
    file = {"type": "file", "file": {"filename": "note", "file_data": value}}
    messages = [{"role": "user", "content": [part.get(kind, file)]}]
    body = {"model": "m", "messages": messages}
    return inbound_chat.read_request(json.dumps(body).encode(), {}).messages[0]["content"][0]


def by_responses(kind: str, value: Any) -> dict[str, Any]:
    part = {"image": {"type": "input_image", "image_url": value}}
    file = {"type": "input_file", "filename": "note", "file_data": value}
    body = {"model": "m", "input": [{"role": "user", "content": [part.get(kind, file)]}]}
    return inbound_responses.read_request(json.dumps(body).encode(), {}).messages[0]["content"][0]


CLIENTS = pytest.mark.parametrize("block_of", [by_chat, by_responses])


@CLIENTS
@pytest.mark.parametrize(
    "address",
    [
        packed("text/plain", NOTE.encode()),
        packed("application/json", NOTE.encode()),
        packed("text/csv;charset=utf-8", b"\xef\xbb\xbf" + NOTE.encode()),
        packed("", NOTE.encode()),
        "data:text/plain,Z%C3%BCrich:%0A1. café",
    ],
)
def test_a_file_that_is_text_becomes_text(block_of, address):
    source = {"type": "text", "media_type": "text/plain", "data": NOTE}
    assert block_of("file", address) == {"type": "document", "source": source, "title": "note"}


@CLIENTS
@pytest.mark.parametrize("media_type", ["application/pdf", "application/octet-stream", ""])
def test_a_pdf_is_one_whatever_it_is_called(block_of, media_type):
    source = block_of("file", packed(media_type, PDF))["source"]
    assert (source["type"], source["media_type"]) == ("base64", "application/pdf")


@CLIENTS
@pytest.mark.parametrize("data", [b"\xff\xfe\x00", b"a\0b"])
def test_what_is_no_text_stays_what_it_was(block_of, data):
    source = block_of("file", packed("application/zip", data))["source"]
    assert (source["type"], source["media_type"]) == ("base64", "application/zip")


@CLIENTS
def test_images_have_the_name_that_all_know(block_of):
    source = block_of("image", packed("image/jpg", b"\xff\xd8"))["source"]
    assert source == {"type": "base64", "media_type": "image/jpeg", "data": "/9g="}


@CLIENTS
@pytest.mark.parametrize("kind", ["image", "file"])
def test_an_address_is_passed_on(block_of, kind):
    url = "https://example.org/a,b?c=data:"
    assert block_of(kind, url)["source"] == {"type": "url", "url": url}


@CLIENTS
@pytest.mark.parametrize("kind", ["image", "file"])
@pytest.mark.parametrize(
    "value", ["", None, 7, "/9g=", "data:image/png;base64", base64.b64encode(PDF).decode()]
)
def test_what_is_no_address_is_refused(block_of, kind, value):
    with pytest.raises(RequestError, match="data URL or an address"):
        block_of(kind, value)
