"""The `.env` of free-claude-code and its forks: a model, models for tiers, fallbacks, a limit, timeouts."""

from __future__ import annotations

from fcc.auth import SHORTEST, is_loopback
from fcc.environment import parse_env
from fcc.migrate.draft import (
    CHAINS,
    LIMITS,
    OFFERS,
    ROUTES,
    TASKS,
    CannotReadError,
    Draft,
    chores,
    model,
    seconds,
    sequence,
)

TIERS = ("fable", "opus", "sonnet", "haiku")
FAST = {
    "FAST_PREFIX_DETECTION": ("prefix",),
    "ENABLE_NETWORK_PROBE_MOCK": ("quota_probe", "model_probe"),
    "ENABLE_TITLE_GENERATION_SKIP": ("title",),
    "ENABLE_SUGGESTION_MODE_SKIP": ("suggestion",),
    "ENABLE_FILEPATH_EXTRACTION_MOCK": ("filepaths",),
}
"""The tasks that each of them answers without a model."""
TIMEOUTS = {
    "HTTP_CONNECT_TIMEOUT": "connect",
    "HTTP_WRITE_TIMEOUT": "write",
    "HTTP_READ_TIMEOUT": "stall",
    "FALLBACK_FIRST_TOKEN_TIMEOUT": "start",
    "FALLBACK_STALL_TIMEOUT": "stall",
    "FALLBACK_TOTAL_TIMEOUT": "finish",
}
"""The later ones, of a fork, win."""
ADDRESSES = {"LM_STUDIO_BASE_URL": "lmstudio", "LLAMACPP_BASE_URL": "llamacpp", "OLLAMA_BASE_URL": "ollama"}
UNITS = {1: "second", 60: "minute", 3600: "hour", 86400: "day"}
OFF = ("false", "0", "no", "off")
STAYS = ("ANTHROPIC_AUTH_TOKEN", "HOST", "PORT", "FCC_LOG_LEVEL", "FCC_CONFIG", "LOG_LEVEL")
"""Read from `.env` by fcc as well, or of no matter for the policy."""


def read(text: str) -> Draft:
    """Raises `CannotReadError` when no model is named."""
    values = {name: value.strip() for name, value in parse_env(text).items() if value.strip()}
    models = _models(values.pop("MODEL", "")) or _models(values.get("AUTO_MODEL_ORDER", ""))
    if not models:
        raise CannotReadError("it sets neither MODEL nor AUTO_MODEL_ORDER")
    draft = Draft("a .env of free-claude-code")
    reader = _Reader(draft, values)
    default = [*reader.asked(models), *reader.fallbacks("MODEL_FALLBACKS")]
    auto = reader.asked(_models(values.pop("AUTO_MODEL_ORDER", "")))
    draft.add(CHAINS, f"chain main = {sequence(default)}")
    if auto:
        draft.add(CHAINS, f"chain auto = {sequence(auto)}")
        draft.add(OFFERS, 'offer auto as "Auto"')
    draft.add(OFFERS, f"offer {', '.join(dict.fromkeys(default))} with and without thinking")
    reader.routes()
    draft.add(ROUTES, f"route rest use main{' then auto' if auto else ''}")
    reader.limits()
    reader.tables()
    reader.addresses()
    reader.door()
    draft.left.append("keys: keep your .env beside routes.toml; fcc reads them from there")
    draft.left += [f"{name}: fcc has no such setting" for name in sorted(reader.unused())]
    return draft


def _models(text: str) -> list[str]:
    return [one.strip() for one in text.split(",") if "/" in one]


class _Reader:
    def __init__(self, draft: Draft, values: dict[str, str]) -> None:
        self.draft = draft
        self.values = values
        self.providers: dict[str, None] = {}

    def asked(self, models: list[str]) -> list[str]:
        """The models as the language writes them."""
        found = []
        for one in models:
            name, _, rest = one.partition("/")
            provider = self.draft.provider(name)
            self.providers.setdefault(provider)
            found.append(model(provider, rest))
        return found

    def fallbacks(self, name: str) -> list[str]:
        return self.asked(_models(self.values.pop(name, "")))

    def off(self, name: str) -> bool:
        return self.values.pop(name, "").lower() in OFF

    def routes(self) -> None:
        off = {task for name, tasks in FAST.items() if self.off(name) for task in tasks}
        if len(off) < len(TASKS):
            self.draft.add(ROUTES, chores(one for one in TASKS if one not in off))
        self.draft.add(ROUTES, 'route typed when model is "*/*" use requested')
        vision = self.fallbacks("MODEL_VISION")
        if vision:
            self.draft.add(ROUTES, f"route vision when images > 0 use {sequence(vision)} then main")
        for tier in TIERS:
            steps = self.fallbacks(f"MODEL_{tier.upper()}") + self.fallbacks(
                f"MODEL_{tier.upper()}_FALLBACKS"
            )
            quiet = ", without thinking" if self.off(f"ENABLE_{tier.upper()}_THINKING") else ""
            if steps or quiet:
                asked = f"{sequence(steps)} then main" if steps else "main"
                self.draft.add(ROUTES, f'route {tier} when model is "*{tier}*" use {asked}{quiet}')

    def limits(self) -> None:
        """One for each provider, as their limiter counts."""
        count, window = (
            self.values.pop(name, "") for name in ("PROVIDER_RATE_LIMIT", "PROVIDER_RATE_WINDOW")
        )
        together = self.values.pop("PROVIDER_MAX_CONCURRENCY", "")
        clauses = []
        if count.isdigit() and int(count):
            clauses.append(self._rate(int(count), window))
        if together.isdigit() and int(together):
            clauses.append(f"{together} at once")
        if clauses:
            lines = [f"limit {provider}/* {', '.join(clauses)}" for provider in self.providers]
            self.draft.add(LIMITS, *lines)

    def _rate(self, count: int, window: str) -> str:
        length = int(window) if window.isdigit() and int(window) else 60
        if length in UNITS:
            return f"{count} per {UNITS[length]}"
        scaled = max(1, round(count * 60 / length))
        self.draft.left.append(f"limit: {count} in {length} seconds became {scaled} per minute")
        return f"{scaled} per minute"

    def tables(self) -> None:
        if "ENABLE_MODEL_THINKING" in self.values:
            self.draft.set("defaults", "thinking", "env:ENABLE_MODEL_THINKING")
            self.values.pop("ENABLE_MODEL_THINKING")
        policy = self.values.get("REASONING_POLICY", "").lower()
        if policy in ("off", "client"):
            self.values.pop("REASONING_POLICY")
        if policy == "off":
            self.draft.set("defaults", "thinking", False)
        for name, key in TIMEOUTS.items():
            said = seconds(self.values.pop(name, ""))
            if said:
                self.draft.set("defaults", key, said)

    def addresses(self) -> None:
        """Of the servers on one's own network, where they are used and not where the preset has them."""
        for name, provider in ADDRESSES.items():
            url = self.values.pop(name, "").rstrip("/")
            if url and provider in self.providers:
                self.draft.elsewhere(provider, url if url.endswith("/v1") else f"{url}/v1")

    def door(self) -> None:
        """What serves without a question there is refused here."""
        host, token = self.values.get("HOST", ""), self.values.get("ANTHROPIC_AUTH_TOKEN", "")
        if host and not is_loopback(host) and len(token) < SHORTEST:
            self.draft.left.append(
                f"HOST={host} lets others in: fcc does that with an ANTHROPIC_AUTH_TOKEN of {SHORTEST} characters or "
                "more, else take HOST out of `.env`"
            )

    def unused(self) -> list[str]:
        return [name for name in self.values if name not in STAYS and not name.endswith("_API_KEY")]
