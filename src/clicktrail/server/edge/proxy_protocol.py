"""Read the header of the PROXY protocol: a proxy that does not speak HTTP says by it whom it has connected for.

Both of its versions, after https://www.haproxy.org/download/3.2/doc/proxy-protocol.txt, sections 2.1 and 2.2.
"""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

__all__ = ["LONGEST", "ProxyHeader", "read_proxy_header"]

LONGEST = 4096
"""Bytes of a header. The second version could tell of 65,551; what may follow the addresses takes some hundred."""

_TEXT = b"PROXY "
_TEXT_LONGEST = 107
_LINE = re.compile(rb"PROXY (?:(TCP4|TCP6) ([!-~]+) [!-~]+ [0-9]{1,5} [0-9]{1,5}|UNKNOWN[ -~]*)")
_BINARY = b"\r\n\r\n\x00\r\nQUIT\n"
_BINARY_HEAD = 16
_LOCAL, _PROXY = 0x20, 0x21  # the version, 2, and the command
_FAMILIES = {0x1: (IPv4Address, 4, 12), 0x2: (IPv6Address, 16, 36)}  # bytes of an address, and of all before the TLVs
_TLV_HEAD = 3
_TLV_SSL = 0x20
_CLIENT_SSL = 0x01


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyHeader:
    """What a proxy said before it passed anything on.

    Attributes:
        size: bytes that the header takes.
        client: the address of the client, as text; empty where the proxy speaks for itself, or does not know.
        https: the client came by TLS, which ended at the proxy. Only the second version can tell.
    """

    size: int
    client: str = ""
    https: bool = False


def read_proxy_header(data: bytes) -> ProxyHeader | None:
    """The header that these bytes begin with; None if they end before it does.

    Raises:
        ValueError: they begin with none.
    """
    if data.startswith(_BINARY):
        return _binary(data)
    if data.startswith(_TEXT):
        return _text(data)
    if _BINARY.startswith(data) or _TEXT.startswith(data):
        return None
    raise ValueError("no header of the PROXY protocol")


def _text(data: bytes) -> ProxyHeader | None:
    line, end, _ = data[:_TEXT_LONGEST].partition(b"\r\n")
    if not end and len(data) < _TEXT_LONGEST:
        return None
    found = _LINE.fullmatch(line)
    if not end or found is None:
        raise ValueError("no header of version 1")
    client = ""
    if found[1]:
        client = str((IPv4Address if found[1] == b"TCP4" else IPv6Address)(found[2].decode()))
    return ProxyHeader(size=len(line) + len(end), client=client)


def _binary(data: bytes) -> ProxyHeader | None:
    if len(data) < _BINARY_HEAD:
        return None
    command, family = data[12], data[13] >> 4
    size = _BINARY_HEAD + int.from_bytes(data[14:16])
    if command not in {_LOCAL, _PROXY} or size > LONGEST:
        raise ValueError("no header of version 2 that we take")
    if len(data) < size:
        return None
    if command == _LOCAL or family not in _FAMILIES:
        return ProxyHeader(size=size)
    address, length, end = _FAMILIES[family]
    told = data[_BINARY_HEAD:size]
    if len(told) < end:
        raise ValueError("a header of version 2 without room for its addresses")
    return ProxyHeader(size=size, client=str(address(told[:length])), https=_came_by_tls(told[end:]))


def _came_by_tls(tlvs: bytes) -> bool:
    """Whether one of these type-length-values says so.

    Raises:
        ValueError: one is longer than all of them.
    """
    at, https = 0, False
    while at < len(tlvs):
        value = at + _TLV_HEAD
        end = value + int.from_bytes(tlvs[at + 1 : value])
        if end > len(tlvs) or value > len(tlvs):
            raise ValueError("a header of version 2 that ends within what it tells")
        https |= tlvs[at] == _TLV_SSL and bool(tlvs[value:end]) and bool(tlvs[value] & _CLIENT_SSL)
        at = end
    return https
