"""The proxy that the environment names for an address (HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY; either case)."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from providers.addresses import is_loopback


def proxy_for(url: str, env: Mapping[str, str]) -> str | None:
    """None: go directly, as always to this machine itself. Raises ValueError for a proxy that is not HTTP."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if is_loopback(host) or _exempt(host, _first(env, "NO_PROXY")[1]):
        return None
    name, proxy = _first(env, f"{parts.scheme.upper()}_PROXY", "ALL_PROXY")
    if proxy and "://" not in proxy:
        proxy = f"http://{proxy}"
    if proxy and not proxy.startswith(("http://", "https://")):
        raise ValueError(f"{name} is not the address of an HTTP proxy")
    return proxy or None


def _first(env: Mapping[str, str], *names: str) -> tuple[str, str]:
    for name in names:
        for spelled in (name, name.lower()):
            if value := env.get(spelled, "").strip():
                return spelled, value
    return "", ""


def _exempt(host: str, listed: str) -> bool:
    entries = [entry.strip().lower().lstrip(".") for entry in listed.split(",")]
    return any(entry == "*" or host == entry or host.endswith(f".{entry}") for entry in entries if entry)
