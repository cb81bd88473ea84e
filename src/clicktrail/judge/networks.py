"""Which organisation an address belongs to, where that tells scanners from people."""

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

__all__ = [
    "AddressRange",
    "Network",
    "NetworkClass",
    "NetworkTable",
    "Networks",
    "address_to_int",
    "build_table",
    "pack_table",
    "parse_range",
    "unpack_table",
]

# FOLDED addresses.py: IP addresses as numbers on one line, and ranges of them.
#
# The line has 64 bits: IPv4 addresses are its first numbers, and of IPv6 addresses the first half counts. The
# other half
# tells the machines of one subnet apart (RFC 4291 section 2.5.4), and no network ends within one. No IPv6
# address in use
# has a number that small: ``::/8`` is reserved.

_IPV4_END = 1 << 32
_OCTETS: Final = {str(octet): octet for octet in range(256)}
"""The spellings of an octet: no sign, no space, no zero ahead. Looking them up takes half as long as `ipaddress`."""


class AddressRange(NamedTuple):
    """Addresses that follow each other, by the numbers of both ends, which belong to them."""

    first: int
    last: int


def address_to_int(address: str) -> int:
    """Where an address stands on the line; an IPv4 address written as one of IPv6 stands where it is.

    Raises:
        ValueError: it is no address, or one that is reserved.
    """
    match address.split("."):
        case [a, b, c, d] if {a, b, c, d} <= _OCTETS.keys():
            return _OCTETS[a] << 24 | _OCTETS[b] << 16 | _OCTETS[c] << 8 | _OCTETS[d]
        case _:
            return _ipv6_to_int(address)


def parse_range(text: str) -> AddressRange:
    """A range: ``192.0.2.0/24`` (RFC 4632), ``192.0.2.0-192.0.2.255``, or one address.

    Raises:
        ValueError: it is no range, ends before it begins, or has bits behind its prefix.
    """
    start, dash, end = text.partition("-")
    if dash:
        block = AddressRange(address_to_int(start.strip()), address_to_int(end.strip()))
        if block.last < block.first or block.first < _IPV4_END <= block.last:
            raise ValueError(f"'{text}' is no range")
        return block
    address, slash, prefix = text.partition("/")
    first, below = address_to_int(address), _host_bits(address, prefix) if slash else 0
    if first % (1 << below):
        raise ValueError(f"'{text}' has bits behind its prefix")
    return AddressRange(first, first + (1 << below) - 1)


def _ipv6_to_int(address: str) -> int:
    parsed = IPv6Address(address)
    if parsed.ipv4_mapped:
        return int(parsed.ipv4_mapped)
    number = int(parsed) >> 64
    if number < _IPV4_END:
        raise ValueError(f"'{address}' is a reserved address")
    return number


def _host_bits(address: str, prefix: str) -> int:
    """How many of an address's bits on the line lie behind its prefix."""
    widest, on_line = (128, 64) if ":" in address else (32, 32)
    if not prefix.isdecimal() or int(prefix) > widest or {".", ":"} <= set(address):
        raise ValueError(f"'{address}/{prefix}' is no range")
    return max(0, on_line - int(prefix))


_CACHE_SIZE = 16_384
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
        OURS: the sender's own, such as a proxy or an office; says nothing of who follows a link.
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
    """Addresses of one organisation.

    Attributes:
        name: the organisation.
        asn: number of the autonomous system that announces them; 0 where it is not known.
        network_class: what comes from there.
    """

    name: str
    asn: int = 0
    network_class: NetworkClass = msgspec.field(name="class")

    def __str__(self) -> str:
        """Such as ``Microsoft AS8075``."""
        return f"{self.name} AS{self.asn}" if self.asn else self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkTable:
    """The line of addresses in pieces of which each belongs to one network, or to none.

    Attributes:
        version: changes with anything else here.
        networks: every network there is.
        starts: where each piece begins, ascending, from 0.
        owners: whose each piece is: 0 for nobody's, else the place in ``networks``, from 1.
    """

    version: str
    networks: tuple[Network, ...]
    starts: Sequence[int]
    owners: Sequence[int]

    def find(self, number: int) -> Network | None:
        """The network that a number of the line belongs to."""
        owner = self.owners[bisect_right(self.starts, number) - 1]
        return self.networks[owner - 1] if owner else None


class Networks:
    """Tables of networks; where several know an address, the first says whose it is."""

    def __init__(self, *tables: NetworkTable) -> None:
        self.tables = tables
        self.version = "+".join(table.version for table in tables)
        self._find_cached = lru_cache(_CACHE_SIZE)(self._find)

    def find(self, address: str) -> Network | None:
        """The network of an address in text; None where no table has one, or it is no address.

        Of ``192.0.2.0/24``, which is kept of an address in the end, the first address stands for all.
        """
        return self._find_cached(address)

    def _find(self, address: str) -> Network | None:
        try:
            number = address_to_int(address.partition("/")[0])
        except ValueError:
            return None
        for table in self.tables:
            if found := table.find(number):
                return found
        return None


# FOLDED network_table.py: Make tables of networks: from ranges, and from bytes as the package ships them.

_START_TYPECODE, _OWNER_TYPECODE = "Q", "H"
"""Item types of the two arrays as packed: 64 bits for a place on the line, 16 for one of at most 65,535 networks."""
_UNPACKED_OWNER_TYPECODE = "L"
"""Of a table that is not packed: an operator may list more."""


class _PackedTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the bytes hold: the arrays with little-endian items."""

    version: str
    networks: tuple[Network, ...]
    starts: bytes
    owners: bytes


def build_table(version: str, ranges: Iterable[tuple[AddressRange, Network]]) -> NetworkTable:
    """Cut the line at the ends of ranges; of ranges in each other the narrower one owns what they share."""
    known = sorted(ranges, key=_range_size, reverse=True)
    networks = tuple(dict.fromkeys(network for _, network in known))
    numbers = {network: number for number, network in enumerate(networks, start=1)}
    starts = sorted({0, *(end for block, _ in known for end in (block.first, block.last + 1))})
    owners = [0] * len(starts)
    for block, network in known:
        first, behind = bisect_left(starts, block.first), bisect_left(starts, block.last + 1)
        owners[first:behind] = [numbers[network]] * (behind - first)
    pieces = [piece for piece in range(len(starts)) if not piece or owners[piece] != owners[piece - 1]]
    return NetworkTable(
        version=version,
        networks=networks,
        starts=array(_START_TYPECODE, (starts[piece] for piece in pieces if starts[piece] < 1 << 64)),
        owners=array(_UNPACKED_OWNER_TYPECODE, (owners[piece] for piece in pieces if starts[piece] < 1 << 64)),
    )


def pack_table(table: NetworkTable) -> bytes:
    """The bytes of a table; the same for the same table."""
    starts, owners = _encode_array(_START_TYPECODE, table.starts), _encode_array(_OWNER_TYPECODE, table.owners)
    return zlib.compress(msgspec.msgpack.encode(_PackedTable(table.version, table.networks, starts, owners)), level=9)


def unpack_table(packed: bytes) -> NetworkTable:
    """Read a table that was packed.

    Raises:
        SettingsError: it was not.
    """
    try:
        read = msgspec.msgpack.decode(zlib.decompress(packed), type=_PackedTable)
        starts, owners = _decode_array(_START_TYPECODE, read.starts), _decode_array(_OWNER_TYPECODE, read.owners)
    except (zlib.error, msgspec.DecodeError, ValueError) as error:
        raise SettingsError(f"networks cannot be read: {error}") from error
    return NetworkTable(version=read.version, networks=read.networks, starts=starts, owners=owners)


def _range_size(owned: tuple[AddressRange, Network]) -> int:
    block, _ = owned
    return block.last - block.first


def _encode_array(typecode: str, items: Sequence[int]) -> bytes:
    in_order = array(typecode, items)
    if sys.byteorder == "big":
        in_order.byteswap()
    return in_order.tobytes()


def _decode_array(typecode: str, packed: bytes) -> Sequence[int]:
    items = array(typecode, packed)
    if sys.byteorder == "big":
        items.byteswap()
    return items
