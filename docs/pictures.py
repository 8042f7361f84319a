"""Takes the pictures of the dashboard in docs/images: `python docs/pictures.py`. Needs Chromium; look at each."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
sys.path.insert(0, str(FOLDER.parent / "tests"))

from support.browser import Tab, chromium, visit  # noqa: E402
from support.showcase import showcase  # noqa: E402
from support.world import TOKEN, World  # noqa: E402

WIDE: dict[str, Any] = {"width": 1280, "height": 860}
PHONE: dict[str, Any] = {"width": 390, "height": 800, "scale": 1.5}
LIVE = "document.getElementById('link').dataset.state === 'on'"
SIX_HOURS = "document.querySelector('input[value=\"6\"]').click()"
COMPARE = "document.querySelector('#history tbody button').click()"


async def main() -> None:
    with chromium() as browser:
        async with showcase() as here:
            one = await interesting(here)
            await changed(here)
            shots = [
                ("live", "", "light"),
                ("live", "", "dark"),
                ("live", "", "phone"),
                ("chains", "/chains", "dark"),
                ("chains", "/chains", "phone"),
                ("session", f"/session?id={one['session']}", "light"),
                ("decision", f"/decision?id={one['id']}", "light"),
                ("charts", "/charts", "dark"),
                ("policy", "/policy", "light"),
            ]
            for name, path, look in shots:
                size = PHONE if look == "phone" else WIDE
                async with visit(browser, f"{here.address}/admin{path}#token={TOKEN}", **size) as tab:
                    await tab.look(**size, dark=look == "dark")
                    await tab.until(LIVE)
                    await shoot(tab, name, look)


async def shoot(tab: Tab, name: str, look: str) -> None:
    if name == "charts":
        await tab.run(SIX_HOURS)
    if name == "policy":
        await tab.run(COMPARE)
        await tab.until("!document.getElementById('changes-part').hidden")
        await tab.run("document.activeElement.blur(), scrollTo(0, 0)")
    await asyncio.sleep(0.7)
    path = FOLDER / "images" / f"dashboard-{name}-{look}.png"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(await tab.picture())
    print(f"{path.name}: {path.stat().st_size // 1000} kB")


async def interesting(here: World) -> dict[str, object]:
    """A decision that went on to another model and was answered."""
    page = (await here.client.get("/admin/api/decisions?limit=200")).json()
    good = [
        one for one in page["decisions"] if one["failovers"] and not one["error"] and one["route"] == "rest"
    ]
    return good[1]


async def changed(here: World) -> None:
    """A second generation, to be compared with the first."""
    text = here.app.path.read_text()
    here.app.path.write_text(text.replace("tokens > 120k", "tokens > 90k"))
    await here.app.follower.load()


if __name__ == "__main__":
    asyncio.run(main())
