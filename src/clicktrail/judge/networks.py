"""Look up the network that an IP address belongs to, in a compact table of address ranges.

Theory of operation: IP addresses are mapped to 64-bit integers. An IPv4 address is its own number, below 2**32. An IPv6
address is its first 64 bits; the rest identifies hosts within one subnet (RFC 4291 section 2.5.4), and no network is
smaller than that. The two do not collide, because IPv6 addresses with numbers below 2**32 are reserved (``::/8``).

A `NetworkTable` divides all numbers into segments without gaps, each owned by one network or by none. A lookup is a
binary search for the segment's start. The packed table, ``data/networks.bin``, is zlib-compressed MessagePack, with the
segments as little-endian arrays.
"""

import sys
import zlib
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from ipaddress import IPv6Address
from typing import Final, NamedTuple

import msgspec

from clicktrail.errors import SettingsError

_IPV4_END = 1 << 32
_NUMBERS_END = 1 << 64

_OCTETS: Final = {str(octet): octet for octet in range(256)}
"""Valid octets: no sign, space or leading zero. A dictionary is twice as fast as `ipaddress`."""

_CACHE_SIZE = 16_384
"""Scanners return from the same addresses."""

START_TYPECODE = "Q"
"""64-bit numbers."""

OWNER_TYPECODE = "H"
"""16 bits: a packed table has at most 65,535 networks."""

_UNPACKED_OWNER_TYPECODE = "L"
"""32 bits or more: an operator may list more networks."""


class NetworkClass(StrEnum):
    """What kind of traffic comes from a network; access networks, such as residential connections, have no class.

    Attributes:
        MAIL_SECURITY: mail scanners, and people in the same company's isolated browsers.
        MICROSOFT: Defender, Azure, and people at remote desktops in Azure.
        GOOGLE: Google's services and cloud.
        AWS: Amazon's cloud.
        DATACENTRE: other rented computers.
        SSE_EGRESS: employees who browse through their company's security service edge.
        CDN_RELAY: people behind private relays, and content delivery networks.
        VPN: people behind VPNs, in networks with few other customers.
        SOCIAL: crawlers of social networks.
        OURS: the sender's own proxy or office; says nothing about the visitor.
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
    OURS = "ours"


class Network(msgspec.Struct, frozen=True, kw_only=True):
    """IP addresses of one organisation; ``asn``, the number of its autonomous system, is 0 if unknown."""

    name: str
    asn: int = 0
    network_class: NetworkClass = msgspec.field(name="class")

    def __str__(self) -> str:
        return f"{self.name} AS{self.asn}" if self.asn else self.name


class AddressRange(NamedTuple):
    """A range of address numbers; both ends are included."""

    first: int
    last: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkTable:
    """All address numbers, divided into segments with one owner each.

    Attributes:
        version: differs for tables with different content.
        starts: first number of each segment, ascending, from 0.
        owners: owner of each segment: 0 for none, else index in ``networks`` plus 1.
    """

    version: str
    networks: tuple[Network, ...]
    starts: Sequence[int]
    owners: Sequence[int]

    def find(self, number: int) -> Network | None:
        """Find the network that owns an address number."""
        owner = self.owners[bisect_right(self.starts, number) - 1]
        return self.networks[owner - 1] if owner else None


class Networks:
    """Several tables; the first one that knows an address wins."""

    def __init__(self, *tables: NetworkTable) -> None:
        self.tables = tables
        self.version = "+".join(table.version for table in tables)
        self._find_cached = lru_cache(_CACHE_SIZE)(self._find)

    def find(self, address: str) -> Network | None:
        """Find the network of an IP address; None if it is unknown, or no IP address.

        For an address that was truncated to its network, such as ``192.0.2.0/24``, the first address is looked up.
        """
        return self._find_cached(address)

    def _find(self, address: str) -> Network | None:
        try:
            number = address_to_int(address.partition("/")[0])
        except ValueError:
            return None
        for table in self.tables:
            if network := table.find(number):
                return network
        return None


def address_to_int(address: str) -> int:
    """Convert an IPv4 address, or the first 64 bits of an IPv6 address, to a number.

    An IPv4-mapped IPv6 address has the number of its IPv4 address.

    Raises:
        ValueError: not an IP address, or a reserved one.
    """
    match address.split("."):
        case [a, b, c, d] if {a, b, c, d} <= _OCTETS.keys():
            return _OCTETS[a] << 24 | _OCTETS[b] << 16 | _OCTETS[c] << 8 | _OCTETS[d]
        case _:
            return _convert_ipv6_to_int(address)


def _convert_ipv6_to_int(address: str) -> int:
    parsed = IPv6Address(address)
    if parsed.ipv4_mapped:
        return int(parsed.ipv4_mapped)
    number = int(parsed) >> 64
    if number < _IPV4_END:
        raise ValueError(f"'{address}' is a reserved address")
    return number


def parse_range(text: str) -> AddressRange:
    """Parse ``192.0.2.0/24`` (RFC 4632), ``192.0.2.0-192.0.2.255``, or a single address.

    Raises:
        ValueError: not a range, ends before it begins, or has host bits set.
    """
    start, dash, end = text.partition("-")
    if dash:
        range_ = AddressRange(address_to_int(start.strip()), address_to_int(end.strip()))
        if range_.last < range_.first or range_.first < _IPV4_END <= range_.last:
            raise ValueError(f"'{text}' is not a range of addresses")
        return range_
    address, slash, prefix_length = text.partition("/")
    first = address_to_int(address)
    size = 1 << _count_host_bits(address, prefix_length) if slash else 1
    if first % size:
        raise ValueError(f"'{text}' has host bits set")
    return AddressRange(first, first + size - 1)


def _count_host_bits(address: str, prefix_length: str) -> int:
    """Number of host bits in an address's number, which holds only the first 64 bits of an IPv6 address."""
    address_bits, number_bits = (128, 64) if ":" in address else (32, 32)
    if not prefix_length.isdecimal() or int(prefix_length) > address_bits or {".", ":"} <= set(address):
        raise ValueError(f"'{address}/{prefix_length}' is not a range of addresses")
    return max(0, number_bits - int(prefix_length))


def build_table(version: str, ranges: Iterable[tuple[AddressRange, Network]]) -> NetworkTable:
    """Build a table from ranges; where ranges overlap, the smaller one wins."""
    # Larger ranges first, so that smaller ones overwrite them.
    sorted_ranges = sorted(ranges, key=_get_range_size, reverse=True)
    networks = tuple(dict.fromkeys(network for _, network in sorted_ranges))
    owner_numbers = {network: number for number, network in enumerate(networks, start=1)}
    starts = sorted({0, *(start for range_, _ in sorted_ranges for start in (range_.first, range_.last + 1))})
    owners = [0] * len(starts)
    for range_, network in sorted_ranges:
        first, end = bisect_left(starts, range_.first), bisect_left(starts, range_.last + 1)
        owners[first:end] = [owner_numbers[network]] * (end - first)
    segments = [
        (start, owner)
        for index, (start, owner) in enumerate(zip(starts, owners, strict=True))
        if start < _NUMBERS_END and (index == 0 or owner != owners[index - 1])
    ]
    return NetworkTable(
        version=version,
        networks=networks,
        starts=array(START_TYPECODE, (start for start, _ in segments)),
        owners=array(_UNPACKED_OWNER_TYPECODE, (owner for _, owner in segments)),
    )


def _get_range_size(range_and_network: tuple[AddressRange, Network]) -> int:
    range_, _ = range_and_network
    return range_.last - range_.first


class PackedTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table as it is shipped; bench/networks.py packs it."""

    version: str
    networks: tuple[Network, ...]
    starts: bytes
    owners: bytes


def unpack_table(packed: bytes) -> NetworkTable:
    """Parse a packed table.

    Raises:
        SettingsError: damaged or of another format.
    """
    try:
        table = msgspec.msgpack.decode(zlib.decompress(packed), type=PackedTable)
        starts, owners = _decode_array(START_TYPECODE, table.starts), _decode_array(OWNER_TYPECODE, table.owners)
    except (zlib.error, msgspec.DecodeError, ValueError) as error:
        raise SettingsError(f"networks cannot be read: {error}") from error
    return NetworkTable(version=table.version, networks=table.networks, starts=starts, owners=owners)


def _decode_array(typecode: str, packed: bytes) -> Sequence[int]:
    items = array(typecode, packed)
    if sys.byteorder == "big":
        items.byteswap()
    return items
