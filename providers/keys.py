"""Where keys come from, and in which order they are offered.

`"env:NAME"` names a variable; a variable may hold several keys, with commas between them; a table may name several
variables. A key's id is its place, "0", "1", …, so that what is known of it survives a reload without its value.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from providers.secrets import Secret

ENV = "env:"


class Key(msgspec.Struct, frozen=True):
    id: str
    """"0", "1", …, or "" when no key is sent."""
    secret: Secret


NO_KEY = Key("", Secret(""))


def read_keys(
    written: str | tuple[str, ...] | None, variables: tuple[str, ...], env: Mapping[str, str]
) -> tuple[tuple[Key, ...], str | None]:
    """The keys, and what to do when there are none.

    `written` is what routes.toml says (`""`: send none; None: nothing), `variables` where the preset looks, of which
    the first that is set counts; without either no key is sent.
    """
    if (written is None and not variables) or written == "":
        return (NO_KEY,), None
    if written is None:
        sources = [ENV + next((name for name in variables if env.get(name, "").strip()), variables[0])]
    else:
        sources = [written] if isinstance(written, str) else list(written)
    values = list(dict.fromkeys(value for source in sources for value in _values(source, env)))
    names = [source.removeprefix(ENV).strip() for source in sources if source.startswith(ENV)]
    if not values:
        names = list(variables) if written is None else names
        return (), f"{' or '.join(names) or 'its key'} is not set"
    if any(not _sendable(value) for value in values):
        return (), f"{' or '.join(names) or 'its key'} holds signs that no key has"
    return tuple(Key(str(place), Secret(value)) for place, value in enumerate(values)), None


def _values(source: str, env: Mapping[str, str]) -> Iterable[str]:
    text = env.get(source[len(ENV) :].strip(), "") if source.startswith(ENV) else source
    return (value for part in text.split(",") if (value := part.strip()))


def _sendable(value: str) -> bool:
    """Visible ASCII: nothing else can be sent in a header without changing its meaning."""
    return all("!" <= sign <= "~" for sign in value)
