"""Parse headers of the PROXY protocol."""

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.server.edge.proxy_protocol import MAX_HEADER_BYTES, ProxyHeader, parse_proxy_header

SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"


def make_v2_header(command: int, family: int, payload: bytes) -> bytes:
    return SIGNATURE + bytes([command, family]) + len(payload).to_bytes(2) + payload


def make_tlv(kind: int, value: bytes) -> bytes:
    return bytes([kind]) + len(value).to_bytes(2) + value


IPV4 = bytes([192, 0, 2, 1, 10, 0, 0, 1]) + b"\xd2\x04\x01\xbb"
IPV6 = IPv6Address("2001:db8::1").packed + IPv6Address("2001:db8::2").packed + b"\xd2\x04\x01\xbb"
BY_TLS = make_tlv(0x20, b"\x01\x00\x00\x00\x00" + make_tlv(0x21, b"TLSv1.3"))
NOT_BY_TLS = make_tlv(0x20, b"\x00\x00\x00\x00\x00")


@pytest.mark.parametrize(
    ("data", "client", "https"),
    [
        (b"PROXY TCP4 192.0.2.1 10.0.0.1 53764 443\r\n", "192.0.2.1", False),
        (b"PROXY TCP6 2001:DB8::1 2001:db8::2 53764 443\r\n", "2001:db8::1", False),
        (b"PROXY UNKNOWN\r\n", "", False),
        (b"PROXY UNKNOWN ffff::1 ffff::2 65535 65535\r\n", "", False),
        (make_v2_header(0x21, 0x11, IPV4), "192.0.2.1", False),
        (make_v2_header(0x21, 0x21, IPV6), "2001:db8::1", False),
        (make_v2_header(0x21, 0x11, IPV4 + make_tlv(0x04, b"\0" * 9) + BY_TLS), "192.0.2.1", True),
        (make_v2_header(0x21, 0x21, IPV6 + NOT_BY_TLS), "2001:db8::1", False),
        (make_v2_header(0x21, 0x11, IPV4 + make_tlv(0x20, b"")), "192.0.2.1", False),
        (make_v2_header(0x21, 0x31, b"/run/socket".ljust(216, b"\0")), "", False),
        (make_v2_header(0x21, 0x00, b""), "", False),
        (make_v2_header(0x20, 0x00, b""), "", False),
        (make_v2_header(0x20, 0x11, IPV4), "", False),
    ],
)
def test_valid_headers_are_parsed(data: bytes, client: str, *, https: bool) -> None:
    assert ProxyHeader(size=len(data), client_ip=client, https=https) == parse_proxy_header(
        data + b"GET / HTTP/1.1\r\n"
    )


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n",
        b"PROXY\r\n",
        b"PROXY TCP4 2001:db8::1 10.0.0.1 1 2\r\n",
        b"PROXY TCP6 192.0.2.1 10.0.0.1 1 2\r\n",
        b"PROXY TCP4 192.0.2.1 10.0.0.1 1\r\n",
        b"PROXY TCP4 192.0.2.1 10.0.0.1 1 2\n\r\n",
        b"PROXY UDP4 192.0.2.1 10.0.0.1 1 2\r\n",
        b"PROXY UNKNOWN " + b"x" * 100,
        b"\r\n\r\n\x00\r\nQUIT ",
        make_v2_header(0x11, 0x11, IPV4),
        make_v2_header(0x22, 0x11, IPV4),
        make_v2_header(0x21, 0x11, IPV4[:-1]),
        make_v2_header(0x21, 0x21, IPV4),
        make_v2_header(0x21, 0x11, IPV4 + b"\x20"),
        make_v2_header(0x21, 0x11, IPV4 + b"\x20\x00\x02\x01"),
        make_v2_header(0x21, 0x11, IPV4 + make_tlv(0x04, bytes(MAX_HEADER_BYTES))),
    ],
)
def test_invalid_headers_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_proxy_header(data)


@given(st.ip_addresses(), st.integers(0, 65_535))
def test_v1_header_may_arrive_in_pieces(client: IPv4Address | IPv6Address, port: int) -> None:
    data = f"PROXY TCP{client.version} {client} {type(client)(1)} {port} 443\r\n".encode()
    assert [ProxyHeader(size=len(data), client_ip=str(client))] == parse_every_prefix(data)


@given(st.ip_addresses(), st.booleans(), st.binary(max_size=20))
def test_v2_header_may_arrive_in_pieces(client: IPv4Address | IPv6Address, https: bool, other: bytes) -> None:
    payload = client.packed * 2 + b"\xd2\x04\x01\xbb" + make_tlv(0xEE, other) + (BY_TLS if https else NOT_BY_TLS)
    data = make_v2_header(0x21, 0x11 if client.version == 4 else 0x21, payload)
    assert [ProxyHeader(size=len(data), client_ip=str(client), https=https)] == parse_every_prefix(data)


def parse_every_prefix(data: bytes) -> list[ProxyHeader]:
    """What is read of each beginning, and of the whole."""
    headers = [parse_proxy_header(data[:end]) for end in range(len(data) + 1)]
    return [header for header in headers if header]


@given(
    st.binary(max_size=60), st.sampled_from([b"", b"PROXY ", b"PROXY TCP4 ", SIGNATURE, SIGNATURE + b"\x21\x11\x00"])
)
def test_any_bytes_are_parsed_or_refused(data: bytes, start: bytes) -> None:
    try:
        header = parse_proxy_header(start + data)
    except ValueError:
        return
    assert header is None or 0 < header.size <= len(start + data)
