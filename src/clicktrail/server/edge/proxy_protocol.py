"""Parse headers of the PROXY protocol, with which a TCP proxy names the client of a connection.

Versions 1 and 2 as specified in https://www.haproxy.org/download/3.2/doc/proxy-protocol.txt, sections 2.1 and 2.2.
"""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

MAX_HEADER_BYTES = 4096
"""Version 2 allows 65,551 bytes, but what follows the addresses takes about a hundred."""

_V1_PREFIX = b"PROXY "
_MAX_V1_BYTES = 107
_V1_LINE = re.compile(rb"PROXY (?:(TCP4|TCP6) ([!-~]+) [!-~]+ [0-9]{1,5} [0-9]{1,5}|UNKNOWN[ -~]*)")
_V2_SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
_V2_FIXED_BYTES = 16
_V2_LOCAL, _V2_PROXY = 0x20, 0x21  # version 2 and the command
_V2_FAMILIES = {0x1: (IPv4Address, 4, 12), 0x2: (IPv6Address, 16, 36)}
"""By address family: type of address, its size in bytes, and the size of everything before the TLVs."""
_TLV_HEADER_BYTES = 3
_PP2_TYPE_SSL = 0x20
_PP2_CLIENT_SSL = 0x01


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyHeader:
    """A header of the PROXY protocol.

    Attributes:
        client_ip: IP address of the client, as text; empty if the proxy connects for itself or does not know it.
        https: whether the proxy terminated a TLS connection of the client. Version 1 never says so.
    """

    size: int
    client_ip: str = ""
    https: bool = False


def parse_proxy_header(data: bytes) -> ProxyHeader | None:
    """Parse the header at the start of ``data``; None if it is incomplete.

    Raises:
        ValueError: ``data`` does not start with a valid header.
    """
    if data.startswith(_V2_SIGNATURE):
        return _parse_v2(data)
    if data.startswith(_V1_PREFIX):
        return _parse_v1(data)
    if _V2_SIGNATURE.startswith(data) or _V1_PREFIX.startswith(data):
        return None
    raise ValueError("no PROXY protocol header")


def _parse_v1(data: bytes) -> ProxyHeader | None:
    line, end, _ = data[:_MAX_V1_BYTES].partition(b"\r\n")
    if not end and len(data) < _MAX_V1_BYTES:
        return None
    match = _V1_LINE.fullmatch(line)
    if not end or match is None:
        raise ValueError("invalid PROXY protocol header of version 1")
    client_ip = ""
    if match[1]:
        client_ip = str((IPv4Address if match[1] == b"TCP4" else IPv6Address)(match[2].decode()))
    return ProxyHeader(size=len(line) + len(end), client_ip=client_ip)


def _parse_v2(data: bytes) -> ProxyHeader | None:
    if len(data) < _V2_FIXED_BYTES:
        return None
    command, family = data[12], data[13] >> 4
    size = _V2_FIXED_BYTES + int.from_bytes(data[14:16])
    if command not in {_V2_LOCAL, _V2_PROXY} or size > MAX_HEADER_BYTES:
        raise ValueError("unsupported PROXY protocol header of version 2")
    if len(data) < size:
        return None
    if command == _V2_LOCAL or family not in _V2_FAMILIES:
        return ProxyHeader(size=size)
    address_type, address_bytes, tlv_start = _V2_FAMILIES[family]
    payload = data[_V2_FIXED_BYTES:size]
    if len(payload) < tlv_start:
        raise ValueError("PROXY protocol header of version 2 is too short for its addresses")
    client_ip = str(address_type(payload[:address_bytes]))
    return ProxyHeader(size=size, client_ip=client_ip, https=_has_tls_client(payload[tlv_start:]))


def _has_tls_client(tlvs: bytes) -> bool:
    start, has_tls = 0, False
    while start < len(tlvs):
        value = start + _TLV_HEADER_BYTES
        end = value + int.from_bytes(tlvs[start + 1 : value])
        if end > len(tlvs) or value > len(tlvs):
            raise ValueError("PROXY protocol header of version 2 ends inside a TLV")
        has_tls |= tlvs[start] == _PP2_TYPE_SSL and bool(tlvs[value:end]) and bool(tlvs[value] & _PP2_CLIENT_SSL)
        start = end
    return has_tls
