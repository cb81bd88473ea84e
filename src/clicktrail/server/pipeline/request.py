"""The HTTP request as the pipeline sees it: recorded headers, and the client's IP address behind trusted proxies."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import msgspec

MAX_HEADER_CHARS = 256
"""Characters of a header's value that are recorded."""

_HOP_CACHE_SIZE = 4_096
_MAX_PROXIES = 16
"""Trusted proxies in a row. A client can send thousands of addresses in one header."""
_MAX_ADDRESS_CHARS = 64
"""An IPv6 address with brackets and port has 47 characters. The cache must not hold kilobytes of other text."""

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
        "signature-agent",
        "signature-input",
        "x-moz",
        "x-native-host",
        "x-purpose",
    }
)
"""The headers that the judge reads. No other header is recorded."""

IPAddress = IPv4Address | IPv6Address
IPNetwork = IPv4Network | IPv6Network


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP request.

    Attributes:
        path: path as sent, percent-encoded, without the query.
        query: query as sent, without its question mark.
        peer: IP address at the other end of the connection.
        headers: values by lower-case name; repeated headers are joined by commas.
        https: whether the connection itself uses TLS.
        body: beginning of the body.
        recorded_headers: headers to record; None if not selected yet.
    """

    method: str
    path: str
    query: str = ""
    peer: str
    headers: Mapping[str, str]
    http_version: str = "1.1"
    https: bool = False
    body: bytes = b""
    recorded_headers: dict[str, str] | None = None


def select_recorded_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers to record, with truncated values. Names must be lower-case."""
    return {name: value[:MAX_HEADER_CHARS] for name, value in headers.items() if name in _RECORDED_HEADERS}


class TrustedProxies:
    """Our own TLS proxies, whose ``X-Forwarded-For`` and ``X-Forwarded-Proto`` are trusted.

    Any client can send these headers, so they are ignored in requests from other addresses.
    """

    def __init__(self, networks: Sequence[IPNetwork] = ()) -> None:
        # Parsing addresses would take a quarter of a click's time, and most requests come from the same proxies.
        self._parse_hop = lru_cache(_HOP_CACHE_SIZE)(partial(_parse_hop, proxies=tuple(networks)))

    def is_trusted(self, peer: str) -> bool:
        """Whether this address is a proxy of ours."""
        hop = self._parse_hop(peer)
        return hop is not None and hop.is_trusted

    def resolve_client(self, peer: str, headers: Mapping[str, str], *, https: bool) -> tuple[str, bool]:
        """Return the client's IP address, empty if unknown, and whether the client used TLS.

        Each proxy appends the address it was called from to ``X-Forwarded-For``. So the client is the right-most
        entry that is not a trusted proxy; entries further left are not reliable.
        """
        hop = self._parse_hop(peer)
        if hop is None or not hop.is_trusted:
            return (hop.address if hop else ""), https
        for text in reversed(headers.get("x-forwarded-for", "").rsplit(",", _MAX_PROXIES)):
            previous_hop = self._parse_hop(text) if len(text) <= _MAX_ADDRESS_CHARS else None
            if previous_hop is None:
                break
            hop = previous_hop
            if not hop.is_trusted:
                break
        protocol = headers.get("x-forwarded-proto", "").rpartition(",")[2].strip().lower()
        return hop.address, protocol == "https" if protocol else https


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hop:
    address: str
    is_trusted: bool


def _parse_hop(text: str, *, proxies: tuple[IPNetwork, ...]) -> _Hop | None:
    address = _parse_ip_address(text)
    if address is None:
        return None
    return _Hop(address=str(address), is_trusted=any(address in network for network in proxies))


def _parse_ip_address(text: str) -> IPAddress | None:
    """Parse an IP address with or without a port. IPv4-mapped IPv6 (``::ffff:192.0.2.1``) becomes IPv4."""
    text = text.strip()
    if text.startswith("["):  # [2001:db8::7]:443
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:  # 192.0.2.7:443
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
