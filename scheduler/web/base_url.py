"""Whether the links in messages lead to where the pages are served."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

_PORTS = {"http": 80, "https": 443}
_LOOPBACK = "localhost"


def misses(base_url: str, host: str, port: int) -> bool:
    """Whether `brand.base_url` names this very machine, and yet another port or address than the one listened at.

    Any other machine may be a proxy that stands before this one: of that nothing can be told.
    """
    try:
        named = urlsplit(base_url)
        named_host, named_port = named.hostname or "", named.port or _PORTS[named.scheme]
    except ValueError:  # it is no address at all, which is not for a hint to say
        return False
    if not _is_loopback(named_host):
        return False
    if named_port != port:
        return True
    addresses = {named_host, host}  # `localhost` may be any of the loopback's
    return _is_loopback(host) and _LOOPBACK not in addresses and len(addresses) > 1


def _is_loopback(host: str) -> bool:
    try:
        return host == _LOOPBACK or ip_address(host).is_loopback
    except ValueError:
        return False
