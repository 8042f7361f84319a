"""Headless Chromium, spoken to by its DevTools protocol (chromedevtools.github.io/devtools-protocol).

    async with visit(browser, "http://127.0.0.1:8082/admin") as tab:
        await tab.until("document.title === 'Live · fcc'")
        assert tab.errors == []

Each visit has cookies, storage and cache of its own. Whatever the page asks for is in `requests`, whatever it complains
about in `errors`.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import AsyncGenerator, Generator
from pathlib import Path
from typing import Any

import aiohttp

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    "--remote-debugging-port=0",
)
PATIENCE = 10.0
"""Seconds after which whatever a test waits for has not come."""
START = 30.0
"""Seconds in which the browser must be there: the first start after an installation is slow."""


def found() -> str | None:
    """The browser's program, `$CHROMIUM` first."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


@contextlib.contextmanager
def chromium() -> Generator[str, None, None]:
    """The address of a running browser's DevTools."""
    program = found()
    assert program is not None
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        command = [program, *FLAGS, f"--user-data-dir={folder}", "about:blank"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            yield _address(Path(folder) / "DevToolsActivePort", process)
        finally:
            process.terminate()
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _address(file: Path, process: subprocess.Popen[bytes]) -> str:
    """The browser writes it down once it listens."""
    end = time.monotonic() + START
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError):
            lines = file.read_text().split("\n")
            if len(lines) > 1 and lines[1]:
                return f"ws://127.0.0.1:{lines[0]}{lines[1].strip()}"
        time.sleep(0.02)
    raise AssertionError("the browser did not start")


class Tab:
    """One page in a context of its own."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._number = 0
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self.session: str | None = None
        self.errors: list[str] = []
        self.requests: list[str] = []

    async def listen(self) -> None:
        async for message in self._socket:
            told = json.loads(message.data)
            if "id" in told:
                waiting = self._waiting.pop(told["id"], None)
                if waiting is not None and not waiting.done():
                    waiting.set_result(told)
            else:
                self._hear(told["method"], told["params"])

    def _hear(self, method: str, params: dict[str, Any]) -> None:
        if method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            details = params["exceptionDetails"]
            self.errors.append(details.get("exception", {}).get("description", details["text"]))
        elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning", "assert"):
            self.errors.append(" ".join(str(one.get("value", one)) for one in params["args"]))
        elif method == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            self.errors.append(f"{params['entry']['text']} {params['entry'].get('url', '')}")

    async def send(self, method: str, **params: Any) -> dict[str, Any]:
        """One command. Raises AssertionError when the browser refuses it."""
        self._number += 1
        command: dict[str, Any] = {"id": self._number, "method": method, "params": params}
        if self.session is not None:
            command["sessionId"] = self.session
        waiting = self._waiting[self._number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json(command)
        async with asyncio.timeout(PATIENCE):
            told = await waiting
        assert "error" not in told, (method, told["error"])
        return told["result"]

    async def go(self, address: str) -> None:
        await self.send("Page.navigate", url=address)

    async def run(self, script: str) -> Any:
        """The value of an expression in the page. Raises AssertionError when it throws."""
        told = await self.send(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True, userGesture=True
        )
        assert "exceptionDetails" not in told, (script, told["exceptionDetails"])
        return told["result"].get("value")

    async def until(self, script: str) -> None:
        """Until an expression is true. Raises AssertionError when that does not come."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            with contextlib.suppress(AssertionError):
                if await self.run(f"Boolean({script})"):
                    return
            await asyncio.sleep(0.02)
        raise AssertionError(
            f"never came: {script}; the page says {await self.text()!r}; errors {self.errors}"
        )

    async def text(self, selector: str = "body") -> str:
        return await self.run(f"document.querySelector({json.dumps(selector)})?.innerText ?? ''")

    async def type(self, text: str) -> None:
        await self.send("Input.insertText", text=text)

    async def press(self, key: str) -> None:
        """A key by its name: Tab, Enter, Escape, ArrowRight, Space."""
        code, text = KEYS[key]
        name = " " if key == "Space" else key
        said = {"key": name, "code": key, "windowsVirtualKeyCode": code}
        await self.send("Input.dispatchKeyEvent", type="keyDown", text=text, **said)
        await self.send("Input.dispatchKeyEvent", type="keyUp", **said)

    async def look(
        self, *, width: int = 1280, height: int = 800, dark: bool = False, scale: float = 1
    ) -> None:
        """The size of the window in CSS pixels, and whether the person likes it dark."""
        phone = width < 600
        size: dict[str, Any] = {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": phone}
        await self.send("Emulation.setDeviceMetricsOverride", **size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await self.send("Emulation.setEmulatedMedia", features=[scheme])

    async def picture(self, *, whole: bool = False) -> bytes:
        """A PNG of the window, or of the whole page."""
        told = await self.send("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        return base64.b64decode(told["data"])


KEYS = {"Tab": (9, ""), "Enter": (13, "\r"), "Escape": (27, ""), "ArrowRight": (39, ""), "Space": (32, " ")}


@contextlib.asynccontextmanager
async def visit(browser: str, address: str, **look: Any) -> AsyncGenerator[Tab, None]:
    """A tab that has nothing in common with others, on its way to the address."""
    async with (
        aiohttp.ClientSession() as client,
        client.ws_connect(browser, max_msg_size=0, autoping=True) as socket,
    ):
        tab = Tab(socket)
        listening = asyncio.create_task(tab.listen())
        context = (await tab.send("Target.createBrowserContext"))["browserContextId"]
        try:
            target = await tab.send("Target.createTarget", url="about:blank", browserContextId=context)
            attached = await tab.send("Target.attachToTarget", targetId=target["targetId"], flatten=True)
            tab.session = attached["sessionId"]
            for domain in ("Page", "Runtime", "Network", "Log"):
                await tab.send(f"{domain}.enable")
            await tab.look(**look)
            await tab.go(address)
            yield tab
        finally:
            tab.session = None
            with contextlib.suppress(AssertionError, TimeoutError):
                await tab.send("Target.disposeBrowserContext", browserContextId=context)
            listening.cancel()
