"""Read the header of the PROXY protocol: a proxy that does not speak HTTP says by it whom it has connected for.

Both of its versions, after https://www.haproxy.org/download/3.2/doc/proxy-protocol.txt, sections 2.1 and 2.2.
"""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

__all__ = ["MAX_HEADER_BYTES", "ProxyHeader", "parse_proxy_header"]

MAX_HEADER_BYTES = 4096
"""Bytes of a header. The second version could tell of 65,551; what may follow the addresses takes some hundred."""

_V1_PREFIX = b"PROXY "
_MAX_V1_BYTES = 107
_V1_LINE = re.compile(rb"PROXY (?:(TCP4|TCP6) ([!-~]+) [!-~]+ [0-9]{1,5} [0-9]{1,5}|UNKNOWN[ -~]*)")
_V2_SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
_V2_FIXED_BYTES = 16
_V2_LOCAL, _V2_PROXY = 0x20, 0x21  # the version, 2, and the command
_V2_FAMILIES = {
    0x1: (IPv4Address, 4, 12),
    0x2: (IPv6Address, 16, 36),
}  # bytes of an address, and of all before the TLVs
_TLV_HEADER_BYTES = 3
_PP2_TYPE_SSL = 0x20
_PP2_CLIENT_SSL = 0x01


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyHeader:
    """What a proxy said before it passed anything on.

    Attributes:
        size: bytes that the header takes.
        client_ip: the address of the client, as text; empty where the proxy speaks for itself, or does not know.
        https: the client came by TLS, which ended at the proxy. Only the second version can tell.
    """

    size: int
    client_ip: str = ""
    https: bool = False


def parse_proxy_header(data: bytes) -> ProxyHeader | None:
    """The header that these bytes begin with; None if they end before it does.

    Raises:
        ValueError: they begin with none.
    """
    if data.startswith(_V2_SIGNATURE):
        return _parse_v2(data)
    if data.startswith(_V1_PREFIX):
        return _parse_v1(data)
    if _V2_SIGNATURE.startswith(data) or _V1_PREFIX.startswith(data):
        return None
    raise ValueError("no header of the PROXY protocol")


def _parse_v1(data: bytes) -> ProxyHeader | None:
    line, end, _ = data[:_MAX_V1_BYTES].partition(b"\r\n")
    if not end and len(data) < _MAX_V1_BYTES:
        return None
    found = _V1_LINE.fullmatch(line)
    if not end or found is None:
        raise ValueError("no header of version 1")
    client = ""
    if found[1]:
        client = str((IPv4Address if found[1] == b"TCP4" else IPv6Address)(found[2].decode()))
    return ProxyHeader(size=len(line) + len(end), client_ip=client)


def _parse_v2(data: bytes) -> ProxyHeader | None:
    if len(data) < _V2_FIXED_BYTES:
        return None
    command, family = data[12], data[13] >> 4
    size = _V2_FIXED_BYTES + int.from_bytes(data[14:16])
    if command not in {_V2_LOCAL, _V2_PROXY} or size > MAX_HEADER_BYTES:
        raise ValueError("no header of version 2 that we take")
    if len(data) < size:
        return None
    if command == _V2_LOCAL or family not in _V2_FAMILIES:
        return ProxyHeader(size=size)
    address, length, end = _V2_FAMILIES[family]
    told = data[_V2_FIXED_BYTES:size]
    if len(told) < end:
        raise ValueError("a header of version 2 without room for its addresses")
    return ProxyHeader(size=size, client_ip=str(address(told[:length])), https=_has_tls_client(told[end:]))


def _has_tls_client(tlvs: bytes) -> bool:
    """Whether one of these type-length-values says so.

    Raises:
        ValueError: one is longer than all of them.
    """
    at, https = 0, False
    while at < len(tlvs):
        value = at + _TLV_HEADER_BYTES
        end = value + int.from_bytes(tlvs[at + 1 : value])
        if end > len(tlvs) or value > len(tlvs):
            raise ValueError("a header of version 2 that ends within what it tells")
        https |= tlvs[at] == _PP2_TYPE_SSL and bool(tlvs[value:end]) and bool(tlvs[value] & _PP2_CLIENT_SSL)
        at = end
    return https
