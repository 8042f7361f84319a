"""The dashboard in headless Chromium: it loads, is live, survives hostile names, and can be used by everybody."""

import asyncio
import re
from collections.abc import Iterator
from typing import Any

import pytest

from fcc.dashboard.addresses import PAGES
from support.browser import Tab, chromium, found, visit
from support.upstream import Upstream, answer, openai_answer, openai_chunk, stall_after
from support.world import TOKEN, World, message, run, until, world

pytestmark = pytest.mark.skipif(
    found() is None, reason="no Chromium on this machine: apt-get install chromium"
)

RULES = "chain main = a/one then b/two\nhealth * 1 failures in 30s, rest 5m\nroute rest use main"
LIVE = "document.getElementById('link').dataset.state === 'on'"
HOSTILE = (
    '<img src=x onerror="document.title=1">',
    "</script><script>document.title='pwned'</script>",
    "{{7*7}}${7*7}<svg/onload=alert(1)>",
    "\u202egnp.exe\u2066 rtl \u05d0\u05d1",
    "javascript:alert(1)//'\"`",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[str]:
    with chromium() as address:
        yield address


def entry(here: World, path: str = "/admin") -> str:
    return f"{here.address}{path}#token={TOKEN}"


def good(**more: Any) -> Any:
    return world(RULES, a=Upstream(openai_answer("hi")), b=Upstream(openai_answer("hi")), **more)


def everything(tab: Tab, here: World) -> None:
    """No complaint, and nothing asked of anybody else."""
    assert tab.errors == []
    assert {address for address in tab.requests if not address.startswith(f"{here.address}/")} == set()


def test_a_person_signs_in_once_with_the_keyboard(browser: str) -> None:
    async def test() -> None:
        async with good() as here, visit(browser, f"{here.address}/admin") as tab:
            await tab.until("document.activeElement.id === 'token'")
            assert "Sign in" in await tab.text()
            assert await tab.run("document.getElementById('main').hidden")
            assert [one for one in tab.requests if "/admin/api" in one] == [], (
                "nothing is asked without a token"
            )
            await tab.type(TOKEN)
            await tab.press("Enter")
            await tab.until(LIVE)
            assert await tab.run("document.getElementById('door').hidden")
            await tab.go(f"{here.address}/admin/policy")
            await tab.until(LIVE)
            assert await tab.run("document.cookie + localStorage.length") == "0"
            everything(tab, here)
            await tab.run("document.getElementById('leave').click()")
            await tab.until("document.activeElement.id === 'token' && sessionStorage.length === 0")

    run(test())


def test_a_wrong_token_is_refused_and_asked_for_again(browser: str) -> None:
    async def test() -> None:
        async with good() as here, visit(browser, f"{here.address}/admin#token=not-the-token") as tab:
            await tab.until("document.getElementById('refused').textContent.includes('not the token')")
            assert await tab.run("document.getElementById('main').hidden && sessionStorage.length === 0")
            assert await tab.run("location.hash") == ""
            await tab.type("with blanks")
            await tab.press("Enter")
            await tab.until("document.getElementById('refused').textContent.includes('blanks')")
            await tab.run("document.getElementById('token').value = ''")
            await tab.type(TOKEN)
            await tab.press("Enter")
            await tab.until(LIVE)

    run(test())


def test_the_live_view_follows_a_request_from_its_start_to_its_end(browser: str) -> None:
    async def test() -> None:
        slow = Upstream(stall_after(openai_chunk("one moment")))
        async with world(RULES, a=Upstream(answer(500)), b=slow) as here, visit(browser, entry(here)) as tab:
            await tab.until(LIVE)
            assert "Nothing is in flight" in await tab.text()
            asked = asyncio.create_task(
                here.post(message(stream=True), **{"x-claude-code-session-id": "a-session"})
            )
            row = "document.querySelector('#flight tbody tr')?.innerText ?? ''"
            await tab.until(f"/b\\/two/.test({row}) && /a\\/one/.test({row}) && /a-session/.test({row})")
            resting = "document.querySelector('#models [data-state=resting]')"
            await tab.until(f"{resting} && /in \\d+ min/.test(document.getElementById('models').innerText)")
            assert "a/one is resting" in await tab.text("#told")
            asked.cancel()
            await asyncio.gather(asked, return_exceptions=True)
            await tab.until("document.querySelectorAll('#latest tbody tr').length === 1")
            await tab.until("!document.getElementById('no-flight').hidden")
            assert "client left" in await tab.text("#latest")
            await tab.run("document.querySelector('#models td.act button').click()")
            await tab.until(f"!{resting}")
            everything(tab, here)

    run(test())


def test_from_a_session_to_why_a_route_took_its_request(browser: str) -> None:
    async def test() -> None:
        rules = "route big when tokens > 100k use a/one\nroute rest use a/one"
        async with world(rules, a=Upstream(openai_answer("hi"))) as here:
            await here.post(message(), **{"x-claude-code-session-id": "a-session"})
            async with visit(browser, entry(here, "/admin/sessions")) as tab:
                await tab.until("document.querySelector('#sessions tbody a')?.textContent === 'a-session'")
                await tab.run("document.querySelector('#sessions tbody a').click()")
                await tab.until("document.querySelector('#decisions tbody a')")
                await tab.run("document.querySelector('#decisions tbody a').click()")
                await tab.until("document.querySelector('#over tbody tr')")
                assert "Taken by route rest, answered by a/one." in await tab.text("#sentence")
                assert re.search(r"big\s+tokens > 100k\s+\d+", await tab.text("#over"))
                assert "answered" in await tab.text("#tried")
                everything(tab, here)

    run(test())


def test_hostile_names_stay_texts(browser: str) -> None:
    async def test() -> None:
        mean = (
            b'{"error":{"message":"<img src=x onerror=alert(1)> out of credit","code":"insufficient_quota"}}'
        )
        async with world(RULES, a=Upstream(answer(402, mean)), b=Upstream(openai_answer("hi"))) as here:
            for text in HOSTILE:
                session = text.encode().decode("latin-1")
                fields: dict[str, Any] = {
                    "model": text,
                    "tools": [{"name": "t", "input_schema": {"type": "object"}}],
                }
                await here.client.post(
                    "/v1/messages",
                    json=message(**fields),
                    headers=[(b"x-claude-code-session-id", session.encode("latin-1"))],
                )
            async with visit(browser, entry(here)) as tab:
                await tab.until(LIVE)
                await tab.until("document.querySelectorAll('#latest tbody tr').length === 5")
                addresses = ["/admin/sessions", "/admin/decision?id=1", "/admin/chains", "/admin/charts"]
                addresses += await tab.run(
                    "[...document.querySelectorAll('#latest a')].map((one) => one.href)"
                )
                for path in addresses:
                    await tab.go(path if path.startswith("http") else here.address + path)
                    await tab.until(LIVE)
                    assert await tab.run("document.title.endsWith('· fcc')")
                    assert (
                        await tab.run(
                            "document.querySelectorAll('main img, main script, main iframe').length"
                        )
                        == 0
                    )
                assert "onerror" in await tab.text("main")
                everything(tab, here)

    run(test())


def test_every_page_fits_a_phone_light_and_dark(browser: str) -> None:
    async def test() -> None:
        async with good() as here:
            session = "an-unusually-long-session-name-" * 4
            await here.post(message(), **{"x-claude-code-session-id": session})
            async with visit(browser, entry(here), width=360, height=740) as tab:
                await tab.until(LIVE)
                for path in PAGES:
                    query = {"/admin/session": f"?id={session}", "/admin/decision": "?id=1"}.get(path, "")
                    await tab.go(here.address + path + query)
                    await tab.until(LIVE)
                    assert await tab.run("document.documentElement.scrollWidth <= innerWidth"), path
                grounds = []
                for dark in (False, True):
                    await tab.look(width=360, height=740, dark=dark)
                    grounds.append(await tab.run("getComputedStyle(document.body).backgroundColor"))
                    assert await tab.run(CONTRAST) >= 4.5
                assert grounds[0] != grounds[1]
                everything(tab, here)

    run(test())


CONTRAST = """(() => {
  const part = (one) => one <= .04 ? one / 12.92 : ((one + .055) / 1.055) ** 2.4;
  const light = (text) => {
    const [r, g, b] = text.match(/[\\d.]+/g).map((one) => part(one / 255));
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const ratio = (one, other) => (Math.max(one, other) + .05) / (Math.min(one, other) + .05);
  const ground = light(getComputedStyle(document.body).backgroundColor);
  const names = ['h1', 'a.brand', '.top nav a', '.bottom p', 'main a', '.state', '.soft', 'dt'];
  const texts = names.map((one) => document.querySelector(one)).filter(Boolean);
  return Math.min(...texts.map((one) => ratio(light(getComputedStyle(one).color), ground)));
})()"""
"""The least contrast of a text to the ground, as WCAG 2.2 measures it (w3.org/TR/WCAG22/#dfn-contrast-ratio)."""


def test_whoever_has_no_mouse_and_no_screen_finds_the_way(browser: str) -> None:
    async def test() -> None:
        async with good() as here, visit(browser, entry(here)) as tab:
            await here.post(message())
            await tab.until(LIVE)
            await tab.until("document.querySelector('#latest tbody a')")
            await tab.press("Tab")
            assert await tab.run("document.activeElement.textContent") == "Skip to content"
            seen = []
            for _ in range(9):
                await tab.press("Tab")
                seen.append(await tab.run("document.activeElement.textContent.trim()"))
                shown = "getComputedStyle(document.activeElement).outlineStyle"
                assert await tab.run(shown) == "solid", seen
            assert seen[:6] == ["fcc", "Live", "Chains", "Sessions", "Charts", "Policy"]
            assert seen[-1] == "Sign out"
            tree = (await tab.send("Accessibility.getFullAXTree"))["nodes"]
            roles = {one["role"]["value"] for one in tree if not one["ignored"]}
            assert {"banner", "navigation", "main", "contentinfo", "status", "table", "heading"} <= roles
            for one in tree:
                if not one["ignored"] and one["role"]["value"] in (
                    "link",
                    "button",
                    "textbox",
                    "table",
                    "image",
                ):
                    assert one.get("name", {}).get("value"), one

    run(test())


def test_the_policy_is_reloaded_compared_and_taken_back(browser: str) -> None:
    async def test() -> None:
        async with good() as here, visit(browser, entry(here, "/admin/policy")) as tab:
            await tab.until("document.querySelectorAll('#history tbody tr').length === 1")
            house, text = here.app.house, here.app.path.read_text()
            assert house.generation is not None
            first = house.generation.id
            here.app.path.write_text(text.replace("rest 5m", "rest 6m"))
            await until(lambda: house.generation is not None and house.generation.id != first)
            await tab.until("document.querySelectorAll('#history tbody tr').length === 2")
            await tab.run("document.querySelectorAll('#history tbody button')[0].click()")
            await tab.until("/\\+ health .* 6m/.test(document.getElementById('changes').textContent)")
            assert "rests 300s after 1 failures" in await tab.text("#meaning")
            await tab.run("document.querySelectorAll('#history tbody button')[1].click()")
            await tab.until("document.getElementById('sure').open")
            assert "Nothing is written" in await tab.text("#sure")
            await tab.press("Escape")
            await tab.until("!document.getElementById('sure').open")
            assert house.generation.id != first
            await tab.run("document.querySelectorAll('#history tbody button')[1].click()")
            await tab.until("document.getElementById('sure').open")
            again = "document.querySelectorAll('#history tbody button')[1].click()"
            # Told of the close when it is open again.
            await tab.run(f"document.getElementById('sure').close(), {again}")
            await tab.run("document.querySelector('#sure button[value=yes]').click()")
            await until(lambda: house.generation is not None and house.generation.id == first)
            await tab.until(f"document.getElementById('told').textContent.includes('{first}')")
            here.app.path.write_text("rules = '''\nroute x use nowhere/\n'''")
            await here.app.follower.load()
            await tab.until("!document.getElementById('refused-part').hidden")
            await tab.until("document.getElementById('problems').textContent.includes('refused')")
            await tab.run("document.getElementById('reset').click()")
            await tab.until("document.getElementById('told').textContent.includes('nothing to forget')")
            everything(tab, here)

    run(test())


def test_charts_and_the_graph_are_drawn_and_told(browser: str) -> None:
    async def test() -> None:
        async with good() as here:
            await here.post(message())
            async with visit(browser, entry(here, "/admin/charts")) as tab:
                await tab.until("document.querySelectorAll('.plot svg').length === 4")
                label = await tab.run("document.querySelector('#requests svg').getAttribute('aria-label')")
                assert re.search(r"Requests from .* to .*: answered at most 1, failed at most 0", label)
                assert await tab.run("document.querySelectorAll('#first tbody tr').length") == 1
                await tab.run("document.querySelector('input[value=\"24\"]').focus()")
                await tab.press("ArrowRight")
                await tab.until("document.querySelector('input[value=\"168\"]').checked")
                await tab.go(f"{here.address}/admin/chains")
                await tab.until("document.querySelectorAll('.steps [data-part=mark] .state').length === 2")
                assert await tab.run("document.querySelectorAll('.wire').length") == 3
                await tab.run("document.querySelector('.chains .steps a').click()")
                assert await tab.run("document.querySelector(':target h3').textContent") == "one"
                everything(tab, here)

    run(test())


def test_a_lost_connection_comes_back_and_the_page_stays_small(browser: str) -> None:
    async def test() -> None:
        async with good() as here, visit(browser, entry(here)) as tab:
            await tab.until(LIVE)
            here.app.books.live.stop()
            await tab.until("document.getElementById('link').dataset.state === 'wait'")
            await tab.until(LIVE)
            for _ in range(40):
                await here.post(message())
            await tab.until("document.querySelectorAll('#latest tbody tr').length === 30")
            nodes = await tab.run("document.querySelectorAll('*').length")
            for _ in range(10):
                newest = (await here.post(message())).headers["request-id"]
            await tab.until(f"document.querySelector('#latest tbody tr').dataset.key === '{newest}'")
            assert await tab.run("document.querySelectorAll('*').length") <= nodes
            assert await tab.run("document.querySelectorAll('#latest tbody tr').length") == 30
            assert len(here.app.books.live.listeners) == 1
            everything(tab, here)

    run(test())


def test_a_decision_that_failed_says_who_was_asked_and_why_it_failed(browser: str) -> None:
    said = b'{"error":{"message":"no <b>such</b> thing","type":"invalid_request_error"}}'

    async def test() -> None:
        async with world("route rest use a/one, retry 0", a=Upstream(answer(400, said))) as here:
            assert (await here.post(message())).status_code == 400
            async with visit(browser, entry(here, "/admin/decision?id=1")) as tab:
                await tab.until(LIVE)
                assert "last asked: a/one" in await tab.text("#sentence")
                assert "400: no <b>such</b> thing" in await tab.text("#tried")
                everything(tab, here)
            async with visit(browser, entry(here, "/admin/decision?id=99")) as tab:
                await tab.until("document.body.innerText.includes('no decision `99`')")
                assert "What the policy saw" not in await tab.text()

    run(test())
