"""IP addresses as numbers on one line, and ranges of them.

The line has 64 bits: IPv4 addresses are its first numbers, and of IPv6 addresses the first half counts. The other half
tells the machines of one subnet apart (RFC 4291 section 2.5.4), and no network ends within one. No IPv6 address in use
has a number that small: ``::/8`` is reserved.
"""

from ipaddress import IPv6Address
from typing import Final, NamedTuple

__all__ = ["Block", "block_of", "number_of"]

_IPV4 = 1 << 32
_OCTETS: Final = {str(octet): octet for octet in range(256)}
"""The spellings of an octet: no sign, no space, no zero ahead. Looking them up takes half as long as `ipaddress`."""


class Block(NamedTuple):
    """Addresses that follow each other, by the numbers of both ends, which belong to them."""

    first: int
    last: int


def number_of(address: str) -> int:
    """Where an address stands on the line; an IPv4 address written as one of IPv6 stands where it is.

    Raises:
        ValueError: it is no address, or one that is reserved.
    """
    match address.split("."):
        case [a, b, c, d] if {a, b, c, d} <= _OCTETS.keys():
            return _OCTETS[a] << 24 | _OCTETS[b] << 16 | _OCTETS[c] << 8 | _OCTETS[d]
        case _:
            return _number_of_ipv6(address)


def block_of(text: str) -> Block:
    """A range: ``192.0.2.0/24`` (RFC 4632), ``192.0.2.0-192.0.2.255``, or one address.

    Raises:
        ValueError: it is no range, ends before it begins, or has bits behind its prefix.
    """
    start, dash, end = text.partition("-")
    if dash:
        block = Block(number_of(start.strip()), number_of(end.strip()))
        if block.last < block.first or block.first < _IPV4 <= block.last:
            raise ValueError(f"'{text}' is no range")
        return block
    address, slash, prefix = text.partition("/")
    first, below = number_of(address), _bits_below(address, prefix) if slash else 0
    if first % (1 << below):
        raise ValueError(f"'{text}' has bits behind its prefix")
    return Block(first, first + (1 << below) - 1)


def _number_of_ipv6(address: str) -> int:
    parsed = IPv6Address(address)
    if parsed.ipv4_mapped:
        return int(parsed.ipv4_mapped)
    number = int(parsed) >> 64
    if number < _IPV4:
        raise ValueError(f"'{address}' is a reserved address")
    return number


def _bits_below(address: str, prefix: str) -> int:
    """How many of an address's bits on the line lie behind its prefix."""
    widest, on_line = (128, 64) if ":" in address else (32, 32)
    if not prefix.isdecimal() or int(prefix) > widest or {".", ":"} <= set(address):
        raise ValueError(f"'{address}/{prefix}' is no range")
    return max(0, on_line - int(prefix))
