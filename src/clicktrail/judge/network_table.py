"""Make tables of networks: from ranges, and from bytes as the package ships them."""

import sys
import zlib
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence

import msgspec

from clicktrail.errors import SettingsError
from clicktrail.judge.addresses import Block
from clicktrail.judge.networks import Network, NetworkTable

__all__ = ["cut", "pack", "unpack"]

_STARTS, _OWNERS = "Q", "H"
"""Item types of the two arrays as packed: 64 bits for a place on the line, 16 for one of at most 65,535 networks."""
_ANY_OWNERS = "L"
"""Of a table that is not packed: an operator may list more."""


class _Packed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the bytes hold: the arrays with little-endian items."""

    version: str
    networks: tuple[Network, ...]
    starts: bytes
    owners: bytes


def cut(version: str, ranges: Iterable[tuple[Block, Network]]) -> NetworkTable:
    """Cut the line at the ends of ranges; of ranges in each other the narrower one owns what they share."""
    known = sorted(ranges, key=_width, reverse=True)
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
        starts=array(_STARTS, (starts[piece] for piece in pieces if starts[piece] < 1 << 64)),
        owners=array(_ANY_OWNERS, (owners[piece] for piece in pieces if starts[piece] < 1 << 64)),
    )


def pack(table: NetworkTable) -> bytes:
    """The bytes of a table; the same for the same table."""
    starts, owners = _bytes(_STARTS, table.starts), _bytes(_OWNERS, table.owners)
    return zlib.compress(msgspec.msgpack.encode(_Packed(table.version, table.networks, starts, owners)), level=9)


def unpack(packed: bytes) -> NetworkTable:
    """Read a table that was packed.

    Raises:
        SettingsError: it was not.
    """
    try:
        read = msgspec.msgpack.decode(zlib.decompress(packed), type=_Packed)
        starts, owners = _items(_STARTS, read.starts), _items(_OWNERS, read.owners)
    except (zlib.error, msgspec.DecodeError, ValueError) as error:
        raise SettingsError(f"networks cannot be read: {error}") from error
    return NetworkTable(version=read.version, networks=read.networks, starts=starts, owners=owners)


def _width(owned: tuple[Block, Network]) -> int:
    block, _ = owned
    return block.last - block.first


def _bytes(kind: str, items: Sequence[int]) -> bytes:
    in_order = array(kind, items)
    if sys.byteorder == "big":
        in_order.byteswap()
    return in_order.tobytes()


def _items(kind: str, packed: bytes) -> Sequence[int]:
    items = array(kind, packed)
    if sys.byteorder == "big":
        items.byteswap()
    return items
