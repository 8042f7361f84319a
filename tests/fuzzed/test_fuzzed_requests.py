"""Requests that fuzzing has found: what once broke a translator is written to every kind of upstream."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest

from support.requests import request
from translators.dialects import speaker
from translators.profile import Dialect, Profile
from translators.wire import Target

HI = [{"role": "user", "content": "hi"}]
FOUND: dict[str, dict[str, Any]] = {
    "a call among the system's blocks": {"system": [{"type": "tool_use", "text": "Yoopp."}]},
    "a kind nobody knows among them": {"system": [{"type": "textme"}, {"type": "text", "text": "Be brief."}]},
}


@pytest.mark.parametrize("dialect", get_args(Dialect))
@pytest.mark.parametrize("name", FOUND)
def test_what_was_found_is_written(name: str, dialect: Dialect) -> None:
    asked = request({"model": "m", "max_tokens": 5, "messages": HI, **FOUND[name]})
    wire = speaker(dialect).write_request(asked, Target("m", Profile(dialect=dialect)))
    assert json.loads(wire.body)
