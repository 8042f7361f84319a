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
    whole,
)
from rules.literals import quote

NEEDED = "yaml"
GROUPS = {"simple-shuffle": "rotate", "least-busy": "least-loaded"}
"""What their ways of choosing among deployments of one name come to."""

WINDOW = 60
"""Seconds within which their failures are counted."""

DIALECTS = {"anthropic": "anthropic", "gemini": "gemini"}
VERSIONS = {"ollama": "/v1", "ollama_chat": "/v1", "azure": "/openai/v1"}
"""Where an address that they call by an API of its own speaks OpenAI's; of Azure: learn.microsoft.com/azure/ai-foundry
(openai/api-version-lifecycle)."""

CHAT = ("chat", "completion", "responses")
"""Modes of a model that answers in words."""
SETTINGS = {"fallbacks", "default_fallbacks", "context_window_fallbacks", "num_retries", "allowed_fails"}
SETTINGS |= {"cooldown_time", "routing_strategy", "model_group_alias", "timeout", "request_timeout"}
SETTINGS |= {"enable_pre_call_checks", "drop_params"}
PARAMS = {"model", "api_base", "api_key", "rpm", "tpm", "timeout", "stream_timeout", "weight"}
PARAMS |= {"max_parallel_requests", "drop_params"}
"""What is read, or of no matter here; the rest is named as left over."""
MOST_VALUES = 100_000
"""Of a file whose aliases are written out: a few lines of them can stand for more than any memory holds."""
TABLES = {"model_list", "litellm_settings", "router_settings", "general_settings"}


def read(text: str) -> Draft:
    """Raises `CannotReadError`."""
    if find_spec(NEEDED) is None:
        raise CannotReadError("this needs PyYAML; install fcc with the extra `migrate`: fcc[migrate]")
    import yaml

    try:
        config = yaml.safe_load(text)
    except RecursionError:
        raise CannotReadError("it is nested too deep") from None
    except yaml.MarkedYAMLError as error:  # its own words show the line, which may hold a key
        place = error.problem_mark or error.context_mark
        line = f"line {place.line + 1}: " if place is not None else ""
        raise CannotReadError(f"it is no YAML: {line}{error.problem or error.context}") from None
    except (yaml.YAMLError, ValueError) as error:  # such as a date that there is not
        raise CannotReadError(f"it is no YAML: {error}") from None
    if not bounded(config):
        raise CannotReadError(f"it has more than {MOST_VALUES:,} values, aliases unfolded")
    reader = _Reader(table(config))
    if not reader.names:
        raise CannotReadError("it has no model_list with models")
    return reader.read()


def bounded(config: Any) -> bool:
    """Whether it holds no more than `MOST_VALUES`; what stands in several places counts in each."""
    waiting, count = [config], 0
    while waiting and count <= MOST_VALUES:
        one = waiting.pop()
        count += 1
        if isinstance(one, dict):
            waiting += one.values()
        elif isinstance(one, list | set | tuple):
            waiting += one
    return count <= MOST_VALUES


class _Reader:
    def __init__(self, config: dict[str, Any]) -> None:
        self.draft = Draft("a config.yaml of LiteLLM")
        self.settings = {**table(config.get("litellm_settings")), **table(config.get("router_settings"))}
        self.config = config
        self.names: dict[str, list[str]] = {}
        """The deployments of each model name, with their options."""
        self.weights: dict[tuple[str, str], int] = {}
        """Of a deployment of a name."""
        self.typed = False
        """A name stands for all models of a provider."""
        for number, one in enumerate(rows(config.get("model_list")), 1):
            self._deployment(number, table(one))

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
        self._aliases()
        if self.typed:
            draft.add(ROUTES, f'route {draft.name("typed")} when model is "*/*" use requested')
        rest = "*" if "*" in self.names else next(iter(self.names))
        draft.add(ROUTES, f"route {draft.name('rest')} use {draft.name(rest)}")
        self._health()
        for key in ("request_timeout", "timeout"):
            length = seconds(self.settings.get(key, ""))
            if length and "finish" not in draft.tables.get("defaults", {}):
                draft.set("defaults", "finish", length)
        self._left()
        return draft

    def _deployment(self, number: int, one: dict[str, Any]) -> None:
        said, info = table(one.get("litellm_params")), table(one.get("model_info"))
        name, target = str(one.get("model_name") or ""), str(said.get("model") or "")
        if not name or not target:
            self.draft.left.append(f"entry {number} of model_list: it has no name or no model")
            return
        if info.get("mode", "chat") not in CHAT:
            self.draft.left.append(f"{name}: fcc routes conversations, no {info['mode']}")
            return
        prefix, slash, rest = target.partition("/")
        if not slash:
            prefix, rest = "openai", target
        provider = self._provider(prefix, str(said.get("api_base") or ""), said.get("api_key"))
        if "*" in rest:
            self.typed = True
            self.draft.left.append(f"{name}: models of {target} are typed {provider}/NAME with fcc")
            return
        asked = model(provider, rest)
        self._facts(f"{provider}/{rest}", asked, info, said)
        if asked not in self.names.setdefault(name, []):
            self.names[name].append(asked)
        if weight := whole(said.get("weight")):
            self.weights[name, asked] = weight
        self.draft.left += [
            f"{key} of {target}: fcc has no such setting" for key in said if key not in PARAMS
        ]

    def _provider(self, prefix: str, url: str, key: object) -> str:
        url, version = url.rstrip("/"), VERSIONS.get(prefix, "")
        if not url:
            return self.draft.provider(prefix, "", key, DIALECTS.get(prefix))
        host = urlsplit(url).hostname or prefix
        url = url if url.endswith(version) else url + version
        return self.draft.provider(host.replace(".", "_"), url, key, DIALECTS.get(prefix))

    def _facts(self, plain: str, asked: str, info: dict[str, Any], said: dict[str, Any]) -> None:
        known = {
            "context": whole(info.get("max_input_tokens")),
            "output": whole(info.get("max_output_tokens")),
        }
        if isinstance(info.get("supports_vision"), bool):
            known["images"] = info["supports_vision"]
        known = {fact: value for fact, value in known.items() if value is not None}
        if known:
            self.draft.tables.setdefault("models", {})[plain] = known
        self._limit(plain, asked, said)
        for key, field in (("timeout", "finish"), ("stream_timeout", "start")):
            length = seconds(said.get(key, ""))
            if length and length != self.draft.tables.get("defaults", {}).get(field):
                if field in self.draft.tables.get("defaults", {}):
                    self.draft.left.append(
                        f"{key} {length} of {plain}: [defaults] has that of the first model"
                    )
                else:
                    self.draft.set("defaults", field, length)

    def _limit(self, plain: str, asked: str, said: dict[str, Any]) -> None:
        """A limit counts requests or tokens: where both are said, requests."""
        requests, tokens, together = (whole(said.get(key)) for key in ("rpm", "tpm", "max_parallel_requests"))
        parts = [f"{requests} per minute"] if requests else [f"{tokens} tokens per minute"] if tokens else []
        parts += [f"{together} at once"] if together else []
        if parts:
            self.draft.add(LIMITS, f"limit {asked} {', '.join(parts)}")
        if requests and tokens:
            self.draft.left.append(f"tpm of {plain}: a limit counts requests or tokens, and rpm is there")

    def _chain(self, name: str) -> str:
        """The deployments, then the names it falls back to; those for long prompts only on overflow."""
        first = self._group(name)
        retries = self.settings.get("num_retries")
        first += f" retry {retries}" if isinstance(retries, int) and 0 <= retries < 10 else ""
        others = self._others("fallbacks", name)
        default = rows(self.settings.get("default_fallbacks"))
        others += [one for one in self._deployments("default_fallbacks", name, default) if one not in others]
        steps = [first, *others]
        steps += [
            f"{one} on overflow" for one in self._others("context_window_fallbacks", name) if one not in steps
        ]
        return sequence(steps)

    def _group(self, name: str) -> str:
        """The deployments of a name, by their weights, or as all of them are chosen."""
        found = self.names[name]
        if len(found) == 1:
            return found[0]
        weights = [self.weights.get((name, one), 0) for one in found]
        if all(weights):
            return f"split ({', '.join(map(' '.join, zip(shares(weights), found, strict=True)))})"
        strategy = GROUPS.get(str(self.settings.get("routing_strategy", "simple-shuffle")), "least-loaded")
        return f"{strategy} ({', '.join(found)})"

    def _others(self, key: str, name: str) -> list[str]:
        """What a name falls back to, as its deployments: names may fall back to each other."""
        named = [
            other for mapping in rows(self.settings.get(key)) for other in rows(table(mapping).get(name))
        ]
        return self._deployments(key, name, named)

    def _deployments(self, key: str, name: str, others: list[Any]) -> list[str]:
        found = []
        for other in others:
            found += self.names.get(str(other), [])
            if str(other) not in self.names:
                self.draft.left.append(f"{key} of {name}: {other} is not in the model_list")
        return [one for one in dict.fromkeys(found) if one not in self.names[name]]

    def _aliases(self) -> None:
        for alias, target in table(self.settings.get("model_group_alias")).items():
            name = str(table(target).get("model") or target)
            if name in self.names and alias not in self.names:
                asked = f"route {self.draft.name(f'as-{alias}')} when model is {quote(str(alias))}"
                self.draft.add(ROUTES, f"{asked} use {self.draft.name(name)}")
            else:
                self.draft.left.append(f"model_group_alias {alias}: {name} is not in the model_list")

    def _health(self) -> None:
        fails, rest = self.settings.get("allowed_fails"), seconds(self.settings.get("cooldown_time", ""))
        if rest or isinstance(fails, int):
            count = fails + 1 if isinstance(fails, int) and fails >= 0 else 3
            said = f"health * {count} failures in {WINDOW}s, rest {rest or '5s'}"
            self.draft.add(HEALTH, said)

    def _left(self) -> None:
        general = table(self.config.get("general_settings"))
        if general.get("master_key"):
            self.draft.left.append("master_key: put it into `.env` as ANTHROPIC_AUTH_TOKEN")
        named = [name for name in self.settings if name not in SETTINGS]
        named += [name for name in general if name != "master_key"]
        named += [name for name in self.config if name not in TABLES]
        self.draft.left += [f"{name}: fcc has no such setting" for name in named]


def shares(weights: list[int]) -> list[str]:
    """Whole per cent in proportion, each at least 1, 100 together."""
    whole_sum = sum(weights)
    found = [max(1, one * 100 // whole_sum) for one in weights]
    found[found.index(max(found))] += 100 - sum(found)
    return [f"{one}%" for one in found]
