"""An editor for tests: starts `fcc lsp` and speaks the Language Server Protocol to it, frame by frame.

with Editor() as editor:
    editor.open("file:///x/routes.toml", text)
    editor.ask("textDocument/hover", editor.at(uri, "alias"))
"""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import IO, Any

PATIENCE = 30.0
"""Seconds to wait for an answer."""


class Refused(Exception):  # noqa: N818 - an answer, not a fault of the test
    """The server answered with an error; the text is its message."""


class Editor:
    def __init__(self) -> None:
        command = [sys.executable, "-m", "fcc", "lsp"]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self.said: queue.Queue[dict[str, Any]] = queue.Queue()
        self.texts: dict[str, str] = {}
        self.versions: dict[str, int] = {}
        self.findings: dict[str, list[dict[str, Any]]] = {}
        self.number = 0
        threading.Thread(target=self._listen, daemon=True).start()

    def __enter__(self) -> Editor:
        self.capabilities = self.ask("initialize", {"processId": None, "rootUri": None, "capabilities": {}})
        self.tell("initialized", {})
        return self

    def __exit__(self, *_: object) -> None:
        """Says goodbye as an editor does; the server must end by itself."""
        self.ask("shutdown", None)
        self.tell("exit", None)
        assert self.process.wait(PATIENCE) == 0

    # --- frames ---------------------------------------------------------------------------------------------------

    def _listen(self) -> None:
        for message in frames(self.process.stdout):
            self.said.put(message)

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        stream = self.process.stdin
        assert stream is not None
        stream.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        stream.flush()

    def tell(self, method: str, params: Any) -> None:
        self._send({"method": method, "params": params})

    def ask(self, method: str, params: Any) -> Any:
        """The result of a request. Raises Refused."""
        self.number += 1
        self._send({"id": self.number, "method": method, "params": params})
        while True:
            message = self._next()
            if message.get("id") == self.number:
                if "error" in message:
                    raise Refused(message["error"]["message"])
                return message["result"]

    def _next(self) -> dict[str, Any]:
        message = self.said.get(timeout=PATIENCE)
        if message.get("method") == "textDocument/publishDiagnostics":
            self.findings[message["params"]["uri"]] = message["params"]["diagnostics"]
        return message

    # --- what a person does -----------------------------------------------------------------------------------------

    def open(self, uri: str, text: str) -> list[dict[str, Any]]:
        """Opens a file; the findings."""
        self.texts[uri], self.versions[uri] = text, 1
        document = {"uri": uri, "languageId": "toml", "version": 1, "text": text}
        self.findings.pop(uri, None)
        self.tell("textDocument/didOpen", {"textDocument": document})
        return self.shown(uri)

    def change(self, uri: str, text: str) -> None:
        self.texts[uri] = text
        self.versions[uri] += 1
        self.findings.pop(uri, None)
        document = {"uri": uri, "version": self.versions[uri]}
        self.tell("textDocument/didChange", {"textDocument": document, "contentChanges": [{"text": text}]})

    def shown(self, uri: str) -> list[dict[str, Any]]:
        """The findings that were published last; waits for them."""
        while uri not in self.findings:
            self._next()
        return self.findings[uri]

    def at(self, uri: str, words: str, *, behind: bool = False, **more: Any) -> dict[str, Any]:
        """Parameters of a request about the first place of some words, or the place behind them."""
        offset = self.texts[uri].index(words) + (len(words) if behind else 0)
        return {"textDocument": {"uri": uri}, "position": position(self.texts[uri], offset), **more}

    def apply(self, uri: str, edits: list[dict[str, Any]]) -> str:
        """The text after some edits."""
        text = self.texts[uri]
        places = [
            (offset(text, one["range"]["start"]), offset(text, one["range"]["end"]), one) for one in edits
        ]
        for start, end, one in sorted(places, key=lambda place: place[:2], reverse=True):
            text = text[:start] + one["newText"] + text[end:]
        return text


def frames(stream: IO[bytes] | None) -> Iterator[dict[str, Any]]:
    """The messages of a stream, until it ends."""
    assert stream is not None
    while header := stream.readline():
        size = int(header.split(b":")[1]) if header.lower().startswith(b"content-length") else 0
        while stream.readline().strip():
            pass
        yield json.loads(stream.read(size))


def position(text: str, at: int) -> dict[str, int]:
    """Line and UTF-16 column, from zero."""
    before = text[:at]
    column = before[before.rfind("\n") + 1 :].encode("utf-16-le")
    return {"line": before.count("\n"), "character": len(column) // 2}


def offset(text: str, place: dict[str, int]) -> int:
    lines = text.split("\n")
    if place["line"] >= len(lines):
        return len(text)
    before = sum(len(line) + 1 for line in lines[: place["line"]])
    units = lines[place["line"]].encode("utf-16-le")[: 2 * place["character"]]
    return before + len(units.decode("utf-16-le"))
