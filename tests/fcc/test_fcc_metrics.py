"""`/metrics`: what Prometheus reads, who may read it, and that labels stay few."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from engine.decision import Tries
from fcc.metrics import METRICS, MOST_NAMES, OTHER, Counts, Reading, exposition, metrics_table
from support.decisions import row
from support.upstream import Upstream, answer, openai_answer
from support.world import World, message, run, world

BOTH = "chain both = a/one then b/two, retry 0\nroute rest use both"
UNWELL = answer(500, b'{"error":{"message":"boom"}}')
DASHBOARD = Path(__file__).parents[2] / "deploy/grafana/fcc.json"

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def samples(text: str) -> Samples:
    return {
        (one.name, tuple(sorted(one.labels.items()))): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


async def scraped(here: World) -> Samples:
    response = await here.client.get("/metrics")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/plain")
    return samples(response.text)


def test_requests_attempts_tokens_and_times_are_counted() -> None:
    async def test() -> None:
        async with world(BOTH, a=Upstream(UNWELL), b=Upstream(openai_answer("fine"))) as here:
            for stream in (True, False):
                await here.post(message(stream=stream))
            await here.post(b"{")
            found = await scraped(here)
            assert found["fcc_requests_total", (("route", "rest"), ("status", "200"))] == 2
            assert found["fcc_requests_total", (("route", ""), ("status", "400"))] == 1
            assert found["fcc_attempts_total", (("outcome", "server_error"), ("target", "a/one"))] == 2
            assert found["fcc_attempts_total", (("outcome", "answered"), ("target", "b/two"))] == 2
            assert found["fcc_failovers_total", (("route", "rest"),)] == 2
            assert found["fcc_tokens_total", (("kind", "tokens_in"), ("target", "b/two"))] == 14
            assert found["fcc_first_token_seconds_count", (("target", "b/two"),)] == 2
            assert found["fcc_request_seconds_bucket", (("le", "+Inf"), ("route", "rest"))] == 2
            assert found["fcc_model_available", (("target", "a/one"),)] == 1
            assert found["fcc_requests_in_flight", ()] == 0
            assert found["fcc_ledger_ok", ()] == 1
            generation = (await here.client.get("/health")).json()["generation"]
            assert found["fcc_policy_info", (("generation", generation),)] == 1

    run(test())


def test_the_token_is_asked_for_unless_the_policy_says_otherwise() -> None:
    async def test() -> None:
        for table, status in (("", 401), ("[server]\npublic_metrics = true\n", 200)):
            async with world('route rest answer "hi"', table) as here:
                del here.client.headers["x-api-key"]
                assert (await here.client.get("/metrics")).status_code == status
                assert (await here.client.get("/admin/api/state")).status_code == 401
                assert (await here.client.post("/metrics")).status_code in (401, 405)

    run(test())


def test_labels_are_bounded() -> None:
    counts = Counts()
    for number in range(5_000):
        tried = [Tries(f"x/{number}", "timeout", 0.0, 1.0, None), Tries(f"y/{number}", None, 0.0, 1.0, 1.0)]
        counts.request(200, row(number, route=f"r{number}", target=f"y/{number}", attempts=tried))
    for counted in (counts.requests, counts.attempts, counts.tokens, counts.first_token, counts.total):
        assert len(counted) <= 3 * MOST_NAMES
    assert counts.requests[OTHER, "200"] == 5_000 - MOST_NAMES


def test_histograms_add_up() -> None:
    counts = Counts()
    for ms in (0.0, 100.0, 100.1, 3_000.0, 999_999.0):
        counts.request(200, row(first_token_ms=ms, ms=ms))
    histogram = counts.first_token["a/one",]
    assert histogram.sum == pytest.approx(1_003.1991)
    assert histogram.cumulative()[0] == ("0.1", 2)
    assert histogram.cumulative()[-1] == ("+Inf", 5)


def test_hostile_names_do_not_break_the_text() -> None:
    counts = Counts()
    counts.request(200, row(target='a/"\\\n} 1\nfcc_fake 7', attempts=[]))
    text, _ = exposition(Reading(counts, [], 0, ("g",), False, None))
    assert ("fcc_fake", ()) not in samples(text.decode())
    assert ("fcc_tokens_total", (("kind", "tokens_in"), ("target", 'a/"\\\n} 1\nfcc_fake 7'))) in samples(
        text.decode()
    )


def test_every_metric_is_documented_and_named_as_it_is_scraped() -> None:
    counts = Counts()
    counts.request(200, row(failovers=1))
    ledger = {"ok": 1, "committed": 2, "lost": 0}
    text, _ = exposition(Reading(counts, [], 0, ("g",), False, ledger))
    scraped_names = {family.name for family in text_string_to_metric_families(text.decode())}
    for one in METRICS:
        assert one.doc
        assert (
            one.name + ("_info" if one.kind == "info" else "") in scraped_names or one.name in scraped_names
        )
    assert len({name for name, *_ in metrics_table()}) == len(METRICS)


def test_the_dashboard_asks_for_metrics_that_exist() -> None:
    text = DASHBOARD.read_text()
    asked = [target["expr"] for panel in json.loads(text)["panels"] for target in panel.get("targets", [])]
    assert len(asked) > 8
    names = [name for name, *_ in metrics_table()]
    for expression in asked:
        assert any(name in expression for name in names), expression
    for name in ("fcc_requests_total", "fcc_first_token_seconds", "fcc_model_blocked_seconds"):
        assert name in text
