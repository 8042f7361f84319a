"""Which addresses a key may be sent to.

`rules.lint.addresses` says the same of loopback names for `fcc lint`; the two rooms do not know each other, and a test
holds them to one answer.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

from yarl import URL

_METADATA = (
    ip_network("169.254.0.0/16"),  # link-local: AWS, Azure, Google, DigitalOcean, OpenStack
    ip_network("fe80::/10"),
    ip_network("168.63.129.16/32"),  # Azure's wire server
    ip_network("fd00:ec2::/32"),  # AWS over IPv6
    ip_network("fd20:ce::/32"),  # Google over IPv6
    ip_network("fd00:c1::/32"),  # Oracle over IPv6
    ip_network("100.100.100.200/32"),  # Alibaba
    ip_network("192.0.0.192/32"),  # Oracle
)
"""Where clouds keep the credentials of their machines. No model is served there."""

_NAT64 = ip_network("64:ff9b::/96")

_METADATA_NAMES = frozenset({"metadata", "metadata.google.internal", "metadata.goog", "instance-data"})


def is_loopback(host: str) -> bool:
    """Whether a host, by name or number, is this machine itself; an IPv6 number may stand in brackets."""
    if host.lower() == "localhost":
        return True
    address = _address(host)
    return address is not None and address.is_loopback


def is_metadata(host: str) -> bool:
    """Whether a host, by name or number, is a cloud's metadata service."""
    if host.lower().rstrip(".") in _METADATA_NAMES:
        return True
    address = _address(host) or _spelled(host)
    return address is not None and any(
        one in network for one in (address, *_within(address)) for network in _METADATA
    )


def objection(url: str, *, allow_http: bool) -> str | None:
    """Why nothing may be sent to a base address, or None."""
    try:
        parts = urlsplit(url)
        host, port = URL(url).raw_host or "", parts.port  # as the transport will read it
    except ValueError:
        return f"{url!r} is no address"
    if parts.scheme not in ("http", "https") or not host or port == 0 or not url.isprintable() or " " in url:
        return f"{url!r} is no address"
    if parts.username is not None or parts.query or parts.fragment:
        return "its address may hold no credentials, query or fragment"
    if is_metadata(host):
        return f"{host} is a metadata service"
    if parts.scheme == "http" and not allow_http and not is_loopback(host):
        return f"the key would go to {host} in clear: use https://, or say `allow_http = true`"
    return None


def _within(address: IPv4Address | IPv6Address) -> Iterator[IPv4Address]:
    """The IPv4 addresses that an IPv6 one leads to: mapped, 6to4, and NAT64."""
    if isinstance(address, IPv6Address):
        yield from (one for one in (address.ipv4_mapped, address.sixtofour) if one is not None)
        if address in _NAT64:
            yield IPv4Address(int(address) & 0xFFFFFFFF)


def _spelled(host: str) -> IPv4Address | None:
    """What the system takes `2852039166`, `0xa9.0xfe.43518` and the like for (inet_aton(3))."""
    try:
        return IPv4Address(socket.inet_aton(host)) if host[:1].isdigit() else None
    except OSError:
        return None


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host.strip("[]").rstrip(".").partition("%")[0])
    except ValueError:
        return None
