"""Which addresses a request may go to whose target somebody has typed: those of the public internet.

Who may set a URL must not reach by it what only this machine can reach: its neighbours, and the services that hand
out a cloud machine's keys. The name is resolved once, and the connection goes to the address that was looked at.
"""

from __future__ import annotations

import socket
from ipaddress import IPv6Address, ip_address, ip_network

from scheduler.errors import ChannelError

_OF_CLOUDS = tuple(map(ip_network, ("192.0.0.0/24", "168.63.129.16/32")))
"""Addresses that look public and are a cloud's own: IETF's special ones, where Oracle keeps metadata; Azure's host."""
_GLOBAL = ip_network("2000::/3")
"""All of IPv6 that is given out for the public internet (IANA)."""
_NAT64 = ip_network("64:ff9b::/96")
"""Holds an IPv4 address in its last 32 bits (RFC 6052)."""


def resolved(host: str, port: int, *, private: bool = False) -> tuple[str, ...]:
    """The IP addresses of a host, in the order to try them (RFC 6724); `private` allows those that are not public.

    Raises `ChannelError` where one of them is not allowed, and `OSError` where the name is not known.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError:
        raise OSError("the host's name is none") from None
    addresses = tuple(dict.fromkeys(str(address[0]) for *_, address in found))
    if not private and not all(map(is_public, addresses)):
        raise ChannelError("its address is not on the public internet")
    return addresses


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet, as is any IPv4 address that it holds.

    Private, loopback, link-local, shared, multicast, reserved and unspecified ones are not (RFC 6890), nor are those
    where clouds tell a machine its secrets, like 169.254.169.254 and fd00:ec2::254.
    """
    ip = ip_address(address)
    if isinstance(ip, IPv6Address):
        if ip.ipv4_mapped is not None:
            return is_public(str(ip.ipv4_mapped))
        if ip in _NAT64:
            return is_public(str(ip_address(int(ip) & 0xFFFFFFFF)))
        if ip not in _GLOBAL or (ip.sixtofour is not None and not is_public(str(ip.sixtofour))):
            return False
    return ip.is_global and not ip.is_multicast and not any(ip in network for network in _OF_CLOUDS)
