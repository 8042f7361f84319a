"""The dashboard without a browser: shells, what they may load, and the addresses they ask."""

import asyncio
import re
import time
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from engine.decision import Decision
from engine.ledger_pages import ORDERS
from fcc.auth import Token
from fcc.dashboard import changes
from fcc.dashboard.addresses import FILES, PAGES, STATIC, Page
from fcc.dashboard.past import MOST, Past
from fcc.dashboard.shell import CSP, shell, templates
from fcc.welcome import dashboard, usage
from support.upstream import Upstream, no_answer, openai_answer
from support.world import TOKEN, World, message, run, until, world

RULES = "chain main = a/one then b/two\nroute big when tokens > 100k use b/two\nroute rest use main"
CLIENT = f'[clients.guest]\ntoken = "env:GUEST"\n# {TOKEN}\n'
GUEST = "the-token-of-a-guest-1234"
SCRIPTS = sorted(STATIC.glob("*.js"))


def house(**more: Any) -> Any:
    return world(RULES, CLIENT, a=Upstream(openai_answer("hi")), b=Upstream(openai_answer("hi")), **more)


def test_the_shells_are_read_without_a_token_and_hold_nothing() -> None:
    async def test() -> None:
        async with house() as here:
            await here.post(message("a prompt that nobody may see", model="claude-hidden"))
            for path in PAGES:
                known = await here.client.get(path)
                del here.client.headers["x-api-key"]
                bare = await here.client.get(path)
                here.client.headers["x-api-key"] = TOKEN
                assert (bare.status_code, bare.content) == (200, known.content)
                assert bare.headers["content-type"] == "text/html; charset=utf-8"
                assert not re.search(rb"claude-hidden|a/one|routes\.toml|token-of", bare.content)

    run(test())


def test_the_gate_opens_the_shells_to_nobody_else() -> None:
    async def test() -> None:
        async with house() as here:
            del here.client.headers["x-api-key"]
            asks = [
                ("GET", "/admin/api/state", {}, 401),
                ("GET", "/admin/api/graph", {}, 401),
                ("GET", "/admin/static/../api.py", {}, 401),
                ("GET", "/admin/static/%2e%2e/api.py", {}, 401),
                ("GET", "/admin/nothing", {}, 401),
                ("POST", "/admin", {}, 401),
                ("GET", "/admin", {"host": "evil.example"}, 400),
                ("GET", "/admin", {"sec-fetch-site": "cross-site"}, 403),
                ("GET", "/admin", {"origin": "http://evil.example"}, 403),
                ("HEAD", "/admin", {}, 200),
            ]
            for method, path, headers, status in asks:
                answer = await here.client.request(method, path, headers=headers)
                assert answer.status_code == status, (method, path, headers)

    run(test())


def test_every_page_and_file_is_sent_with_the_policy_that_confines_it() -> None:
    async def test() -> None:
        async with house() as here:
            for path in (*PAGES, *FILES):
                answer = await here.client.get(path)
                assert answer.headers["content-security-policy"] == CSP
                assert answer.headers["x-content-type-options"] == "nosniff"
                assert answer.headers["referrer-policy"] == "no-referrer"
                again = await here.client.get(path, headers={"if-none-match": answer.headers["etag"]})
                assert (again.status_code, again.content) == (304, b"")

    run(test())
    assert "default-src 'none'" in CSP
    assert not re.search(r"unsafe|https?:|\*", CSP)


def test_templates_escape_whatever_they_are_given() -> None:
    made = templates()
    assert made.autoescape is True
    page = Page("live", "<script>alert(1)</script>\"'&")
    said = shell(made, "/admin", page).decode()
    assert "<script>alert" not in said
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&#34;&#39;&amp;" in said


def test_nothing_inline_and_nothing_from_elsewhere() -> None:
    for path, page in PAGES.items():
        said = shell(templates(), path, page).decode()
        assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:|https?://", said), path
        assert re.findall(r"<script[^>]*>", said) == [
            f'<script type="module" src="/admin/static/{page.name}.js">'
        ]
        loaded = re.findall(r'(?:src|href)="(/admin/static/[^"]+)"', said)
        assert set(loaded) <= FILES.keys()


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_scripts_make_no_html_of_texts(path: Any) -> None:
    text = path.read_text()
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacent|document\.write|DOMParser|eval\(|Function\(", text
    )
    assert not re.search(r'https?://(?!www\.w3\.org/2000/svg")', text)
    for name in re.findall(r'from "\./([^"]+)"', text):
        assert (STATIC / name).is_file(), name
    assert len(text.splitlines()) < 320


def test_every_page_has_one_heading_of_its_own_and_names_for_its_parts() -> None:
    for path, page in PAGES.items():
        said = shell(templates(), path, page).decode()
        main = said.partition("<main")[2].partition("</main>")[0]
        assert len(re.findall(r"<h1", main)) == 1, path
        names = re.findall(r'id="([^"]+)"', said)
        assert len(names) == len(set(names)), path
        pointed = [
            *re.findall(r'aria-labelledby="([^"]+)"', said),
            *re.findall(r'<label for="([^"]+)"', said),
        ]
        assert set(pointed) <= set(names), path
        assert said.count('<html lang="en">') == 1
        assert len(re.findall("<table", said)) == len(re.findall("<caption|data-part=.table", said)), path


def test_sessions_are_sorted_by_what_the_ledger_knows() -> None:
    said = shell(templates(), "/admin/sessions", PAGES["/admin/sessions"]).decode()
    assert set(re.findall(r'data-order="([^"]+)"', said)) <= ORDERS.keys()


def test_a_token_of_a_client_opens_nothing_of_it() -> None:
    async def test() -> None:
        async with house() as here:
            here.app.env["GUEST"] = GUEST
            await here.post({}, "/admin/api/reload")
            here.client.headers["x-api-key"] = GUEST
            assert (await here.client.get("/v1/models")).status_code == 200
            for path in ("graph", "charts", "past", "changes?before=0"):
                assert (await here.client.get(f"/admin/api/{path}")).status_code == 403
            assert (await here.post({"generation": "0"}, "/admin/api/rollback")).status_code == 403

    run(test())


def test_the_graph_tells_who_asks_whom() -> None:
    async def test() -> None:
        async with house() as here:
            graph = (await here.client.get("/admin/api/graph")).json()
            assert [one["title"] for one in graph["routes"]] == ["big", "rest"]
            assert graph["routes"][0]["lines"] == ["when tokens > 100k"]
            (main,) = graph["chains"]
            assert [row["target"] for row in main["rows"]] == ["model a/one", "model b/two"]
            assert [one["target"] for one in graph["models"]] == ["a/one", "b/two"]
            state = (await here.client.get("/admin/api/state")).json()
            assert {one["target"] for one in graph["models"]} == {
                one["target"] for one in state["candidates"]
            }

    run(test())


def test_a_variable_that_is_set_names_the_models_of_a_chain() -> None:
    async def test() -> None:
        rules = "chain main = env ORDER else a/one\nroute rest use main"
        async with world(rules, a=Upstream(openai_answer("hi"))) as here:
            here.app.env["ORDER"] = "a/two,a/three"  # ty: ignore[invalid-assignment]
            await here.post({}, "/admin/api/reload")
            graph = (await here.client.get("/admin/api/graph")).json()
            assert [row["target"] for row in graph["chains"][0]["rows"]] == [
                None,
                "model a/two",
                "model a/three",
            ]
            assert [one["target"] for one in graph["models"]] == ["a/two", "a/three"]

    run(test())


def test_charts_count_what_came_of_requests() -> None:
    async def test() -> None:
        async with house() as here:
            for _ in range(3):
                await here.post(message())
            page = (await here.client.get("/admin/api/charts?hours=1")).json()
            assert sum(one["requests"] for one in page["steps"]) == 3
            assert page["models"][0]["target"] == "a/one"
            assert page["models"][0]["asked"] == 3
            assert page["until"] - page["since"] == pytest.approx(3600)
            assert (await here.client.get("/admin/api/charts?hours=0")).status_code == 400

    run(test())


def test_going_back_serves_the_former_text_until_the_file_changes() -> None:
    async def test() -> None:
        async with house() as here:
            first = await generation(here)
            text = here.app.path.read_text()
            second = await replaced(here, text.replace("100k", "90k"))
            assert second != first
            told = (await here.post({"generation": first}, "/admin/api/rollback")).json()
            assert told == {"status": "accepted", "generation": first, "problems": []}
            assert here.app.path.read_text() == text.replace("100k", "90k"), "nothing is written"
            assert await here.app.follower.load() is None, "the file has not changed"
            assert await generation(here) == first
            past = (await here.client.get("/admin/api/past")).json()
            assert past == {"kept": sorted([first, second]), "file": second, "workers": 1}
            third = await replaced(here, text.replace("100k", "80k"))
            assert await generation(here) == third
            page = (await here.client.get("/admin/api/policy")).json()
            assert [one["who"] for one in page["history"]] == [
                "file",
                "roll-back by 127.0.0.1",
                "file",
                "start",
            ]
            assert [row["result"] for row in here.rows if row["event"] == "admin"] == [f"accepted {first}"]

    run(test())


def test_going_back_needs_a_policy_that_is_kept() -> None:
    async def test() -> None:
        async with house() as here:
            for body, status in (
                ({"generation": "0" * 12}, 404),
                ({"generation": "../../token"}, 404),
                ({"generation": 7}, 400),
                (b"\xff", 400),
                ({}, 400),
            ):
                assert (await here.post(body, "/admin/api/rollback")).status_code == status, body
            body = {"generation": await generation(here)}
            plain = await here.post(body, "/admin/api/rollback", **{"content-type": "text/plain"})
            assert plain.status_code == 415
            assert (await here.client.get("/admin/api/rollback")).status_code == 405

    run(test())


def test_changes_are_told_without_the_keys_in_them() -> None:
    async def test() -> None:
        async with house() as here:
            first = await generation(here)
            text = here.app.path.read_text()
            await replaced(here, text.replace("100k", "90k").replace(f"# {TOKEN}", f"#  {TOKEN}"))
            page = (await here.client.get(f"/admin/api/changes?before={first}")).json()
            kinds = [(one["kind"], one["text"]) for one in page["lines"] if one["kind"] in "+-"]
            assert ("-", "route big when tokens > 100k use b/two") in kinds
            assert ("+", "route big when tokens > 90k use b/two") in kinds
            assert ("+", "#  ***") in kinds
            assert "requests with tokens 90001..100001" in page["meaning"]
            assert page["meaning"].endswith("1 class of requests changed")
            assert TOKEN not in str(page)
            here.app.past.keep("0" * 12, f'{text}\n[providers.old]\nkey = "sk-no-longer-known"\n'.encode())
            page = (await here.client.get(f"/admin/api/changes?before={'0' * 12}")).json()
            assert "[providers.old]" in str(page)
            assert "no-longer-known" not in str(page)

    run(test())


def test_lines_of_a_difference() -> None:
    assert changes.lines("a\nb\n", "a\nb\n") == []
    assert [one["kind"] for one in changes.lines("a\n", "b\n")] == ["@", "-", "+"]
    assert changes.lines("-- x\n", "++ y\n")[1:] == [
        {"kind": "-", "text": "-- x"},
        {"kind": "+", "text": "++ y"},
    ]


def test_former_texts_are_few_and_private(tmp_path: Any) -> None:
    past = Past(tmp_path)
    for number in range(MOST + 5):
        past.keep(f"{number:012x}", b"rules = ''")
    assert len(past.names()) == MOST
    assert {path.stat().st_mode & 0o777 for path in past.folder.iterdir()} == {0o600}
    assert past.data("f" * 12) is None
    assert past.data("../token") is None
    Past(tmp_path / "file" / "x").keep("0" * 12, b"")
    (tmp_path / "plain").write_text("")
    Past(tmp_path / "plain").keep("0" * 12, b"")


def test_pages_of_ten_thousand_sessions_come_at_once() -> None:
    """Measured 25 ms for the slowest; a page has 200 ms, and a busy machine ten times that."""

    async def test() -> None:
        async with house() as here:
            await here.post(message())
            made = here.app.books.sessions._decisions[0][1]
            await fill(here, made, 10_000)
            paths = [f"sessions?sort={order}&offset=5000" for order in ("last_seen", "errors")]
            for path in (*paths, "session?name=s-77", "charts?hours=24", "decisions", "history", "state"):
                began = time.perf_counter()
                answer = await here.client.get(f"/admin/api/{path}")
                assert answer.status_code == 200, path
                assert time.perf_counter() - began < 2.0, path
            assert (await here.client.get("/admin/api/sessions")).json()["total"] == 10_001

    run(test())


async def fill(here: World, made: Decision, count: int) -> None:
    ledger = here.app.books.ledger
    assert ledger is not None
    for number in range(count):
        ledger.remember(replace(made, session=f"s-{number}", request=f"req_{number}"))
        if number % 1_000 == 999:
            await ledger.settled()


async def generation(here: World) -> str:
    return (await here.client.get("/health")).json()["generation"]


async def replaced(here: World, text: str) -> str:
    """The id of the policy once the file has this text and is served."""
    before = await generation(here)
    here.app.path.write_text(text)
    await here.app.follower.load()
    house = here.app.house
    await until(lambda: house.generation is not None and house.generation.id != before)
    return await generation(here)


def test_the_graph_does_not_wait_for_an_upstream() -> None:
    async def test() -> None:
        async with world("route rest use a/one", a=Upstream(no_answer)) as here:
            asked = asyncio.create_task(here.post(message(stream=True)))
            await until(lambda: bool(here.app.books.live.requests))
            graph = (await here.client.get("/admin/api/graph")).json()
            assert graph["routes"][0]["rows"][0]["target"] == "model a/one"
            asked.cancel()
            await asyncio.gather(asked, return_exceptions=True)

    run(test())


def test_the_start_page_links_to_the_dashboard() -> None:
    made, said = Token("abc", "made"), Token("abc", "said")
    assert dashboard("http://127.0.0.1:8082", made) == "http://127.0.0.1:8082/admin#token=abc"
    assert dashboard("http://0.0.0.0:8082", said) == "http://127.0.0.1:8082/admin"
    assert f"  browser  {dashboard('http://[::]:1', said)}" in usage("http://[::]:1", said, Path("/x"))
