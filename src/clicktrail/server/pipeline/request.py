"""What is recorded of a request's headers: those that the judge reads. All else is none of our business."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import msgspec

__all__ = ["MAX_HEADER_CHARS", "IPNetwork", "Request", "TrustedProxies", "select_recorded_headers"]

MAX_HEADER_CHARS = 256
"""Characters that are kept of a value."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP request, as it came in.

    Attributes:
        method: such as ``GET``.
        path: the target's path as it was sent, percent-encoding and all, without the query.
        peer: the address that the connection came from, as text.
        headers: lower-case names; the values of a header that came several times joined by a comma.
        http_version: such as ``1.1``.
        https: whether this connection itself is TLS.
        body: the beginning of what came behind the head.
        recorded_headers: those of the headers that are recorded; None where nobody has chosen them before.
    """

    method: str
    path: str
    peer: str
    headers: Mapping[str, str]
    http_version: str = "1.1"
    https: bool = False
    body: bytes = b""
    recorded_headers: dict[str, str] | None = None


_RECORDED_HEADERS = frozenset(
    {
        "accept",
        "accept-encoding",
        "accept-language",
        "dnt",
        "purpose",
        "referer",
        "sec-ch-ua",
        "sec-ch-ua-arch",
        "sec-ch-ua-bitness",
        "sec-ch-ua-form-factors",
        "sec-ch-ua-full-version-list",
        "sec-ch-ua-mobile",
        "sec-ch-ua-model",
        "sec-ch-ua-platform",
        "sec-ch-ua-platform-version",
        "sec-fetch-dest",
        "sec-fetch-mode",
        "sec-fetch-site",
        "sec-fetch-user",
        "sec-gpc",
        "sec-purpose",
        "x-moz",
        "x-native-host",
        "x-purpose",
    }
)


def select_recorded_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The few that are recorded, of all of a request's headers by their lower-case names."""
    return {name: value[:MAX_HEADER_CHARS] for name, value in headers.items() if name in _RECORDED_HEADERS}


# FOLDED proxies.py: Tell who a request came from, when it came through our own proxies.

IPAddress = IPv4Address | IPv6Address
IPNetwork = IPv4Network | IPv6Network

_HOP_CACHE_SIZE = 4096


class TrustedProxies:
    """Our own TLS proxies. Only what they say in ``X-Forwarded-For`` and ``X-Forwarded-Proto`` counts.

    Anybody can write those headers.

    Args:
        networks: where our proxies are.
    """

    def __init__(self, networks: Sequence[IPNetwork] = ()) -> None:
        # Reading addresses would be a quarter of a click's decision, and the same proxies come with every request.
        self._parse_hop = lru_cache(_HOP_CACHE_SIZE)(partial(_parse_hop, proxies=tuple(networks)))

    def resolve_client(self, peer: str, headers: Mapping[str, str], *, https: bool) -> tuple[str, bool]:
        """The client's address, empty where nobody knows it, and whether it came by TLS.

        Each proxy appends to ``X-Forwarded-For`` whom it was called by, so the list is true from its end up to the
        first entry that none of ours wrote: the right-most one that is no trusted proxy.

        Args:
            peer: the address that the connection came from.
            headers: lower-case names; the values of a header that came several times joined by a comma.
            https: whether the connection itself is TLS.
        """
        hop = self._parse_hop(peer)
        if hop is None or not hop.is_trusted:
            return (hop.address if hop else ""), https
        for text in reversed(headers.get("x-forwarded-for", "").split(",")):
            caller = self._parse_hop(text)
            if caller is None:
                break
            hop = caller
            if not hop.is_trusted:
                break
        protocol = headers.get("x-forwarded-proto", "").rpartition(",")[2].strip().lower()
        return hop.address, protocol == "https" if protocol else https


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hop:
    """Somebody on a request's way to us.

    Attributes:
        address: in its usual spelling.
        is_trusted: whether it is a proxy of ours.
    """

    address: str
    is_trusted: bool


def _parse_hop(text: str, *, proxies: tuple[IPNetwork, ...]) -> _Hop | None:
    address = _parse_ip_address(text)
    if address is None:
        return None
    return _Hop(address=str(address), is_trusted=any(address in network for network in proxies))


def _parse_ip_address(text: str) -> IPAddress | None:
    """Read an address, with or without a port; IPv4 in IPv6 (``::ffff:192.0.2.1``) is IPv4."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
