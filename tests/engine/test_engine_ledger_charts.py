"""What charts are drawn from: percentiles, steps of time, and what came of asking each model."""

import json
import sqlite3
from math import ceil

from hypothesis import given
from hypothesis import strategies as st

from engine.ledger_charts import MOST_MODELS, PERCENTS, Row, charts, percentiles, summed
from engine.ledger_tables import SCHEMA


def row(at: float, *attempts: tuple[str, str | None, float | None], failed: bool = False) -> Row:
    tried = [{"target": target, "failure": why, "first_token_ms": first} for target, why, first in attempts]
    first = next((one for _, why, one in attempts if why is None), None)
    return at, failed, len(attempts) - 1, first, 100.0, json.dumps(tried)


@given(st.lists(st.floats(0, 1e6), min_size=1))
def test_a_percentile_is_the_smallest_value_that_so_many_are_not_above(values: list[float]) -> None:
    found = percentiles(values)
    assert found is not None
    for percent, value in zip(PERCENTS, found, strict=True):
        enough = ceil(len(values) * percent / 100)
        assert sum(one <= value for one in values) >= enough
        assert sum(one < value for one in values) < enough


def test_of_nothing_there_are_no_percentiles() -> None:
    assert percentiles([]) is None
    assert summed([], 0.0, 60.0) == {"steps": [], "models": []}


def test_requests_are_summed_by_step() -> None:
    rows = [
        row(1000.0, ("a/x", None, 50.0)),
        row(1059.9, ("a/x", "timeout", None), ("b/y", None, 70.0)),
        row(1060.0, ("a/x", "timeout", None), failed=True),
    ]
    page = summed(rows, 1000.0, 60.0)
    first, second = page["steps"]
    assert (first["at"], first["requests"], first["errors"], first["failovers"]) == (1000.0, 2, 0, 1)
    assert first["first_token_ms"] == [50.0, 70.0, 70.0]
    assert (second["at"], second["requests"], second["errors"]) == (1060.0, 1, 1)
    assert second["first_token_ms"] is None
    assert page["models"] == [
        {"target": "a/x", "asked": 3, "failures": {"timeout": 2}, "first_token_ms": [50.0, 50.0, 50.0]},
        {"target": "b/y", "asked": 1, "failures": {}, "first_token_ms": [70.0, 70.0, 70.0]},
    ]


def test_the_models_asked_most_are_listed() -> None:
    rows = [row(1.0, *((f"a/{number}", "timeout", None) for number in range(MOST_MODELS + 5)))]
    rows.append(row(2.0, ("a/24", None, 5.0)))
    page = summed(rows, 0.0, 60.0)
    assert len(page["models"]) == MOST_MODELS
    assert page["models"][0]["target"] == "a/24"


def test_the_ledger_is_read_from_the_moment_on() -> None:
    connection = sqlite3.connect(":memory:")
    for statement in SCHEMA:
        connection.execute(statement)
    for at, status, error in ((10.0, 200, None), (20.0, 529, "overloaded_error"), (30.0, 499, "left")):
        attempts = json.dumps([{"target": "a/x", "failure": None, "first_token_ms": 1.0}])
        connection.execute(
            "INSERT INTO decisions (request, at, session, sub_agent, client, route, target, status, error, failovers, "
            "ms, attempts) VALUES ('r', ?, '', '', '', 'rest', 'a/x', ?, ?, 0, 5.0, ?)",
            (at, status, error, attempts),
        )
    (step,) = charts(connection, 15.0, 60.0)["steps"]
    assert (step["requests"], step["errors"]) == (2, 1)
