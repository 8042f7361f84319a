"""What `/openapi.json` says of `/v1` holds: requests made from it are answered as it describes, whatever is in them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from fcc import openapi
from fcc.pages import build
from support.model import model
from support.served import served
from support.world import TOKEN, App, application

CHECKS: Any = [
    not_a_server_error,
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
]
EXAMPLES = 100 if os.environ.get("FCC_LONG") == "1" else 4
"""Of each kind for each operation: to make one up takes a quarter of a second, to ask it a hundredth."""
HEADERS = {"x-api-key": TOKEN, "content-type": "application/json"}


def app_at(folder: Path, upstream: str) -> App:
    provider = f'[providers.a]\ndialect = "openai-chat"\nbase_url = "{upstream}/v1"\nkey = ""\n'
    return application(folder, f"rules = '''\nroute rest use a/one\noffer a/one\n'''\n{provider}", [])


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Iterator[schemathesis.BaseSchema]:
    with served(model()) as upstream:
        app = app_at(tmp_path_factory.mktemp("home"), upstream.url)
        with served(app) as found:
            document = openapi.document(build(app))
            del document["security"]  # every request has the token; others are the gate's tests' to make
            schema = schemathesis.openapi.from_dict(document, config=SchemathesisConfig())
            schema.config.update(base_url=found.url)
            yield schema.include(path_regex="^/v1/")


OPERATIONS = [
    ("/v1/messages", "POST"),
    ("/v1/messages/count_tokens", "POST"),
    ("/v1/chat/completions", "POST"),
    ("/v1/responses", "POST"),
    ("/v1/models", "GET"),
    ("/v1/models/{model_id}", "GET"),
]


def test_all_of_v1_is_described(described: schemathesis.BaseSchema) -> None:
    found = {
        (path, method.upper())
        for path, methods in described.raw_schema["paths"].items()
        for method in methods
        if path.startswith("/v1/")
    }
    assert found == set(OPERATIONS)


def answers(described: schemathesis.BaseSchema, path: str, method: str, mode: GenerationMode) -> set[int]:
    """Statuses of the answers to requests made from the description, each answer as described."""
    statuses: set[int] = set()

    @settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(described[path][method].as_strategy(generation_mode=mode))
    def asked(case: schemathesis.Case) -> None:
        statuses.add(case.call_and_validate(headers=HEADERS, checks=CHECKS).status_code)

    asked()
    return statuses


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_requests_as_described_are_answered_as_described(
    described: schemathesis.BaseSchema, path: str, method: str
) -> None:
    found = answers(described, path, method, GenerationMode.POSITIVE)
    assert found & {200, 404}


@pytest.mark.parametrize(("path", "method"), OPERATIONS[:-1])
def test_other_requests_are_refused_as_described(
    described: schemathesis.BaseSchema, path: str, method: str
) -> None:
    """Any text is a model's id, so there is nothing wrong to ask at the last address."""
    found = answers(described, path, method, GenerationMode.NEGATIVE)
    assert any(400 <= status < 500 for status in found)
