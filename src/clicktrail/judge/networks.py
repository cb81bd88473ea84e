"""Which organisation an address belongs to, where that tells scanners from people; read from ``data/networks.toml``."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache
from ipaddress import IPv4Address, ip_address, ip_network

import msgspec

from clicktrail.errors import SettingsError

__all__ = ["Network", "NetworkClass", "Networks", "parse"]

_MAPPED = 0xFFFF << 32
"""IPv4 addresses stand among those of IPv6 at ``::ffff:0:0/96`` (RFC 4291 section 2.5.5.2): one table serves both."""

_REMEMBERED = 16_384
"""Addresses whose network is kept: scanners come back from the same ones."""


class NetworkClass(StrEnum):
    """What comes from a network that is no access network.

    Attributes:
        MAIL_SECURITY: scanners of mail, and people who browse in the isolation of the same company.
        MICROSOFT: Defender, Azure and people at remote desktops there.
        GOOGLE: Google's services and its cloud.
        AWS: Amazon's cloud.
        DATACENTRE: other rented computers.
        SSE_EGRESS: people of companies that browse through a security service.
        CDN_RELAY: people behind private relays, and content delivery networks.
        VPN: people behind VPNs, in networks that rent to few others.
        SOCIAL: social networks' programs.
    """

    MAIL_SECURITY = "mail-security"
    MICROSOFT = "microsoft"
    GOOGLE = "google"
    AWS = "aws"
    DATACENTRE = "datacentre"
    SSE_EGRESS = "sse-egress"
    CDN_RELAY = "cdn-relay"
    VPN = "vpn"
    SOCIAL = "social"


class Network(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Address ranges of one organisation.

    Attributes:
        name: the organisation.
        asn: number of the autonomous system that announces the ranges.
        kind: what comes from there.
        ranges: in CIDR notation (RFC 4632), IPv4 and IPv6.
        source: where the ranges are published.
        date: when that was looked at.
    """

    name: str
    asn: int
    kind: NetworkClass = msgspec.field(name="class")
    ranges: tuple[str, ...]
    source: str
    date: date


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: date
    networks: tuple[Network, ...]


@dataclass(frozen=True, slots=True)
class _Range:
    first: int
    last: int
    network: Network


class Networks:
    """A table of networks.

    The number line of all addresses is cut at every range's ends; each piece knows the narrowest range it lies in,
    so that one bisection finds it.
    """

    def __init__(self, version: date, networks: Iterable[Network]) -> None:
        self.version = version
        ranges = [_range(text, network) for network in networks for text in network.ranges]
        self._starts = sorted({0, *(span.first for span in ranges), *(span.last + 1 for span in ranges)})
        self._owners: list[Network | None] = [None] * len(self._starts)
        for span in sorted(ranges, key=lambda span: span.first - span.last):  # the wide first, the narrow over them
            for piece in range(bisect_left(self._starts, span.first), bisect_left(self._starts, span.last + 1)):
                self._owners[piece] = span.network
        self._remembered = lru_cache(_REMEMBERED)(self._find)

    def find(self, address: str) -> Network | None:
        """The network of an address in text; None where the table has none, or it is no address.

        Of ``192.0.2.0/24``, which is kept of an address in the end, the first address stands for all.
        """
        return self._remembered(address)

    def _find(self, address: str) -> Network | None:
        try:
            number = _number(address.partition("/")[0])
        except ValueError:
            return None
        return self._owners[bisect_right(self._starts, number) - 1]


def parse(text: str) -> Networks:
    """Read a networks file.

    Raises:
        SettingsError: not TOML, an unknown or missing key, or a range that is none.
    """
    try:
        file = msgspec.toml.decode(text, type=_File)
        return Networks(file.version, file.networks)
    except (msgspec.DecodeError, ValueError) as error:
        raise SettingsError(f"networks cannot be read: {error}") from error


def _number(address: str) -> int:
    parsed = ip_address(address)
    return int(parsed) | _MAPPED if isinstance(parsed, IPv4Address) else int(parsed)


def _range(text: str, network: Network) -> _Range:
    block = ip_network(text)
    first = _number(str(block.network_address))
    return _Range(first=first, last=first + block.num_addresses - 1, network=network)
