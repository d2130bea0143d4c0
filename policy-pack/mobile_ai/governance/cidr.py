"""Decides whether address ranges name somebody, or so much of the internet that it is everybody."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Final, TypeAlias

_Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

# Shortest prefix of public addresses, by IP version.
_WIDEST_PREFIX: Final = {4: 16, 6: 32}
# Most public IPv4 addresses that some ranges may hold together: halves of everybody are everybody.
_MOST_ADDRESSES: Final = 2**17
# Never routed on the internet: RFC 1918, 6598 (carrier-grade NAT) and 4193 (unique local).
_PRIVATE: Final = tuple(
    ipaddress.ip_network(text)
    for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
)
# IPv6 forms of IPv4 addresses, whose prefixes say nothing about how many they hold.
_EMBEDDED: Final = tuple(
    ipaddress.ip_network(text) for text in ("::/96", "::ffff:0:0/96", "64:ff9b::/96", "2002::/16")
)


def is_narrow(value: object) -> bool:
    """Return whether a CIDR block is private or narrow; false if it is none."""
    network = _network(value)
    if network is None or _is_in(network, _EMBEDDED):
        return False
    return _is_in(network, _PRIVATE) or network.prefixlen >= _WIDEST_PREFIX[network.version]


def are_narrow(values: Iterable[object]) -> bool:
    """Return whether some CIDR blocks hold few public IPv4 addresses together."""
    public = {
        network
        for network in map(_network, values)
        if isinstance(network, ipaddress.IPv4Network) and not _is_in(network, _PRIVATE)
    }
    held = sum(network.num_addresses for network in ipaddress.collapse_addresses(public))
    return held <= _MOST_ADDRESSES


def _network(value: object) -> _Network | None:
    try:
        return ipaddress.ip_network(str(value), strict=False)
    except ValueError:
        return None


def _is_in(network: _Network, ranges: Iterable[_Network]) -> bool:
    return any(
        network.version == item.version
        and network.network_address in item
        and network.prefixlen >= item.prefixlen
        for item in ranges
    )
