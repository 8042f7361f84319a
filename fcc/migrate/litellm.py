"""The `config.yaml` of the LiteLLM proxy: deployments under model names, fallbacks by name, cool-down, retries."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

from fcc.migrate.draft import (
    CHAINS,
    HEALTH,
    LIMITS,
    OFFERS,
    ROUTES,
    CannotReadError,
    Draft,
    model,
    rows,
    seconds,
    sequence,
    table,
)
from rules.literals import quote

NEEDED = "yaml"
GROUPS = {"simple-shuffle": "rotate", "least-busy": "least-loaded"}
"""What their ways of choosing among deployments of one name come to."""

WINDOW = 60
"""Seconds within which their failures are counted."""


def read(text: str) -> Draft:
    """Raises `CannotReadError`."""
    if find_spec(NEEDED) is None:
        raise CannotReadError("this needs PyYAML; install fcc with the extra `migrate`: fcc[migrate]")
    import yaml

    try:
        config = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise CannotReadError(f"it is no YAML: {error}") from None
    reader = _Reader(table(config))
    if not reader.names:
        raise CannotReadError("it has no model_list with models")
    return reader.read()


class _Reader:
    def __init__(self, config: dict[str, Any]) -> None:
        self.draft = Draft("a config.yaml of LiteLLM")
        self.settings = {**table(config.get("litellm_settings")), **table(config.get("router_settings"))}
        self.config = config
        self.names: dict[str, list[str]] = {}
        """The deployments of each model name, with their options."""
        for one in rows(config.get("model_list")):
            self._deployment(table(one))

    def read(self) -> Draft:
        draft = self.draft
        for name in self.names:
            draft.add(CHAINS, f"chain {draft.name(name)} = {self._chain(name)}")
        plain = [name for name in self.names if draft.name(name) == name]
        if plain:
            draft.add(OFFERS, f"offer {', '.join(plain)}")
        for name in self.names:
            if name != "*" and name not in plain:
                draft.add(
                    ROUTES, f"route {draft.name(name)} when model is {quote(name)} use {draft.name(name)}"
                )
        rest = "*" if "*" in self.names else next(iter(self.names))
        draft.add(ROUTES, f"route rest use {draft.name(rest)}")
        self._health()
        if table(self.config.get("general_settings")).get("master_key"):
            draft.left.append("master_key: put it into `.env` as ANTHROPIC_AUTH_TOKEN")
        self._left()
        return draft

    def _deployment(self, one: dict[str, Any]) -> None:
        said = table(one.get("litellm_params"))
        name, target = str(one.get("model_name") or ""), str(said.get("model") or "")
        if not name or not target:
            self.draft.left.append(f"an entry of model_list without a name or a model: {one}")
            return
        prefix, slash, rest = target.partition("/")
        if not slash:
            prefix, rest = "openai", target
        url = str(said.get("api_base") or "")
        called = (urlsplit(url).hostname or prefix).replace(".", "_") if url else prefix
        dialect = "anthropic" if prefix == "anthropic" else "gemini" if prefix == "gemini" else None
        provider = self.draft.provider(called, url, said.get("api_key"), dialect)
        asked = model(provider, rest)
        self._facts(f"{provider}/{rest}", asked, table(one.get("model_info")), said)
        if asked not in self.names.setdefault(name, []):
            self.names[name].append(asked)

    def _facts(self, plain: str, asked: str, info: dict[str, Any], said: dict[str, Any]) -> None:
        window = info.get("max_input_tokens")
        if isinstance(window, int) and window > 0:
            self.draft.tables.setdefault("models", {})[plain] = {"context": window}
        rates = [(said.get("rpm"), ""), (said.get("tpm"), " tokens")]
        for count, what in rates:
            if isinstance(count, int) and count > 0:
                self.draft.add(LIMITS, f"limit {asked} {count}{what} per minute")
                break
        for key, field in (("timeout", "finish"), ("stream_timeout", "start")):
            length = seconds(said.get(key, ""))
            if length and length != self.draft.tables.get("defaults", {}).get(field):
                if field in self.draft.tables.get("defaults", {}):
                    self.draft.left.append(
                        f"{key} {length} of {plain}: [defaults] has that of the first model"
                    )
                else:
                    self.draft.set("defaults", field, length)

    def _chain(self, name: str) -> str:
        """The deployments, then the names it falls back to; those for long prompts only on overflow."""
        deployments = self.names[name]
        strategy = GROUPS.get(str(self.settings.get("routing_strategy", "simple-shuffle")), "least-loaded")
        first = deployments[0] if len(deployments) == 1 else f"{strategy} ({', '.join(deployments)})"
        retries = self.settings.get("num_retries")
        first += f" retry {retries}" if isinstance(retries, int) and 0 <= retries < 10 else ""
        steps = [first, *self._others("fallbacks", name)]
        steps += [
            f"{one} on overflow" for one in self._others("context_window_fallbacks", name) if one not in steps
        ]
        return sequence(steps)

    def _others(self, key: str, name: str) -> list[str]:
        """What a name falls back to, as its deployments: names may fall back to each other."""
        found = []
        for mapping in rows(self.settings.get(key)):
            for other in rows(table(mapping).get(name)):
                found += self.names.get(str(other), [])
                if str(other) not in self.names:
                    self.draft.left.append(f"{key} of {name}: {other} is not in the model_list")
        return [one for one in dict.fromkeys(found) if one not in self.names[name]]

    def _health(self) -> None:
        fails, rest = self.settings.get("allowed_fails"), seconds(self.settings.get("cooldown_time", ""))
        if rest or isinstance(fails, int):
            count = fails + 1 if isinstance(fails, int) and fails >= 0 else 3
            said = f"health * {count} failures in {WINDOW}s, rest {rest or '5s'}"
            self.draft.add(HEALTH, said)

    def _left(self) -> None:
        known = {"fallbacks", "context_window_fallbacks", "num_retries", "allowed_fails", "cooldown_time"}
        known |= {"routing_strategy", "enable_pre_call_checks", "drop_params"}
        self.draft.left += [f"{name}: fcc has no such setting" for name in self.settings if name not in known]
        tables = {"model_list", "litellm_settings", "router_settings", "general_settings"}
        self.draft.left += [f"{name}: fcc has no such setting" for name in self.config if name not in tables]
