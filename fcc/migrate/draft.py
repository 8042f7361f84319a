"""A routes.toml in the making: statements, tables, and what could not be carried over."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import tomli_w

from fcc.auth import is_loopback
from providers.presets import catalogue
from rules.format import CannotFormatError, formatted
from rules.keywords import reserved
from rules.literals import quote

ENDINGS = {"/chat/completions": "openai-chat", "/messages": "anthropic", "/responses": "openai-responses"}
"""Paths that other configurations hold, and the dialect they tell."""

PRESETS = {
    "nim": "nvidia_nim",
    "nvidia": "nvidia_nim",
    "open_router": "openrouter",
    "opencode": "zen",
    "opencode_zen": "zen",
    "google": "gemini",
    "kimi": "moonshot",
    "lm_studio": "lmstudio",
    "llama_cpp": "llamacpp",
    "ollama_chat": "ollama",
    "hosted_vllm": "vllm",
}
"""Names that others have for providers fcc knows."""

TASKS = ("quota_probe", "model_probe", "title", "suggestion", "prefix", "filepaths")

NO_KEYS = frozenset(
    {
        "ollama",
        "lm-studio",
        "lmstudio",
        "none",
        "null",
        "no-key",
        "not-needed",
        "dummy",
        "empty",
        "local",
        "fake",
    }
)
"""What people write where a program wants a key and the server on their machine does not."""

HEALTH = "when a model rests"
LIMITS = "how fast it may be asked"
CHAINS = "who is asked, in which order"
OFFERS = "what the model picker shows"
ROUTES = "which request goes where"
HEADINGS = (HEALTH, LIMITS, CHAINS, OFFERS, ROUTES)
"""In the order of the file. Offers stand before the routes: asking for one asks it, whatever the routes say."""

_MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*/[A-Za-z0-9._:@~+/-]+")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class CannotReadError(Exception):
    """The file is not what it was said to be; the text says why."""


@dataclass(slots=True)
class Draft:
    source: str
    """What was read, for the first line."""
    sections: dict[str, list[str]] = field(default_factory=dict)
    """Statements below their headings."""
    tables: dict[str, Any] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)
    """What could not be carried over, and what is to be done by hand."""
    names: dict[str, str] = field(default_factory=dict)
    """Names that were given out, by what they stand for."""

    def add(self, heading: str, *statements: str) -> None:
        self.sections.setdefault(heading, []).extend(statements)

    def set(self, table: str, key: str, value: Any) -> None:
        self.tables.setdefault(table, {})[key] = value

    def text(self) -> str:
        """The whole file, laid out. Raises CannotReadError."""
        said = [(heading, self.sections[heading]) for heading in HEADINGS if heading in self.sections]
        parts = [f"# {heading}\n" + "\n".join(lines) for heading, lines in said]
        head = f"# Carried over from {self.source} by `fcc migrate`.\n\nrules = '''\n"
        tables = {name: table for name, table in self.tables.items() if table}
        try:
            made = formatted(head + "\n\n".join(parts) + "\n'''\n\n" + tomli_w.dumps(tables))
            made.encode()
            return made
        except (CannotFormatError, UnicodeEncodeError):
            raise CannotReadError("a name in it has signs that no line of a routes.toml can hold") from None

    def name(self, text: str) -> str:
        """A name of the language for any text; the same text, the same name."""
        if text not in self.names:
            plain = re.sub(r"[^A-Za-z0-9_-]+", "-", text).strip("-") or "route"
            plain = f"m-{plain}" if plain[0].isdigit() or plain in reserved() else plain
            taken = set(self.names.values())
            number = next(
                number for number in range(1, len(taken) + 2) if _numbered(plain, number) not in taken
            )
            self.names[text] = _numbered(plain, number)
        return self.names[text]

    def provider(self, name: str, url: str = "", key: object = None, dialect: str | None = None) -> str:
        """The preset of that name or address, else a provider of one's own in the tables."""
        address, told = _address(url)
        local = is_loopback(urlsplit(address).hostname or "")
        if local and isinstance(key, str) and key.strip().lower() in NO_KEYS:
            key = None
        found = preset_of(name, address)
        own = found or re.sub(r"[^A-Za-z0-9_-]+", "_", name.strip().lower()).strip("_-") or "own"
        variable = self._variable(own, key)
        if found is not None:
            if variable and variable not in catalogue()[found].key_variables:
                self._provider(found, {"key": f"env:{variable}"})
            return found
        if address:
            table = {"dialect": dialect or told or "openai-chat", "base_url": address, **_plain(address)}
            self._provider(own, {**table, "key": f"env:{variable}" if variable else ""})
        else:
            self.left.append(f"provider {name}: fcc has no preset of that name; write its [providers.{own}]")
        return own

    def elsewhere(self, provider: str, address: str) -> None:
        """A preset at another address, unless it is its own. Raises CannotReadError."""
        address, _ = _address(address)
        if not _same(catalogue()[provider].base_url, address):
            self._provider(provider, {"base_url": address, **_plain(address)})

    def _provider(self, name: str, table: Mapping[str, Any]) -> None:
        self.tables.setdefault("providers", {}).setdefault(name, {}).update(table)

    def _variable(self, provider: str, key: object) -> str | None:
        """The variable that holds the key. A key in clear is not copied: it belongs into `.env`."""
        if not isinstance(key, str) or not key:
            return None
        name = re.sub(r"^(\$\{?|os\.environ/|env:)|\}$", "", key)
        if name != key and _VARIABLE.fullmatch(name):
            return name
        known = catalogue()[provider].key_variables if provider in catalogue() else ()
        own = re.sub(r"[^A-Z0-9]+", "_", provider.upper()) + "_API_KEY"
        variable = known[0] if known else own if own[0].isalpha() else f"KEY_{own}"
        self.left.append(
            f"key of {provider}: put it into `.env` as {variable}; keys are not written into routes.toml"
        )
        return variable


def preset_of(name: str, address: str) -> str | None:
    """The preset with that address; without an address, the one with that name."""
    presets = catalogue()
    if address:
        host = urlsplit(address).hostname
        same = [one for one, preset in presets.items() if urlsplit(preset.base_url).hostname == host]
        exact = [one for one in presets if _same(presets[one].base_url, address)]
        return exact[0] if exact else None if is_loopback(host or "") else next(iter(same), None)
    plain = name.strip().lower()
    plain = PRESETS.get(plain.replace("-", "_"), plain)
    return plain if plain in presets else None


def _plain(address: str) -> dict[str, bool]:
    """What a table must say for an address without TLS on another machine."""
    away = address.startswith("http:") and not is_loopback(urlsplit(address).hostname or "")
    return {"allow_http": True} if away else {}


def _same(one: str, other: str) -> bool:
    """Whether two addresses are the same; this machine has several names."""
    first, second = urlsplit(one.rstrip("/")), urlsplit(other.rstrip("/"))
    if not (is_loopback(first.hostname or "") and is_loopback(second.hostname or "")):
        return first == second
    return (first.scheme, first.port, first.path) == (second.scheme, second.port, second.path)


def _address(url: str) -> tuple[str, str | None]:
    """The address up to its version part, and the dialect its ending tells. Raises CannotReadError."""
    url = url.strip().rstrip("/")
    try:
        urlsplit(url).port  # noqa: B018 - it is looked at for what it raises
    except ValueError as error:
        raise CannotReadError(f"`{url}` is no address: {error}") from None
    for ending, dialect in ENDINGS.items():
        if url.endswith(ending):
            return url.removesuffix(ending), dialect
    return url, None


def _numbered(name: str, number: int) -> str:
    return name if number == 1 else f"{name}-{number}"


def model(provider: str, name: str) -> str:
    """A model as the language writes it."""
    text = f"{provider}/{name}"
    return text if _MODEL.fullmatch(text) else quote(text)


def table(value: object) -> dict[str, Any]:
    """The value where it is a table, else an empty one: foreign files hold anything anywhere."""
    return value if isinstance(value, dict) else {}


def rows(value: object) -> list[Any]:
    """The value where it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def chores(tasks: Iterable[str] = TASKS) -> str:
    """The route for what needs no model."""
    return f"route chores when task in ({', '.join(tasks)}) answer locally"


def sequence(steps: Iterable[str]) -> str:
    """Each once, in order."""
    return " then ".join(dict.fromkeys(steps))


def whole(value: object) -> int | None:
    """A number above 0, also where it is written as a text."""
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit():
        value = int(value.strip()[:12])
    return value if type(value) is int and value > 0 else None


def seconds(value: object) -> str | None:
    """A duration of the language for a number of seconds."""
    try:
        number = float(str(value))
    except ValueError:
        return None
    if not 0 < number < 10**6:
        return None
    return f"{number:g}s" if number >= 1 else f"{number * 1000:g}ms"
