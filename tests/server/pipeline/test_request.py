from ipaddress import ip_network

import pytest

from clicktrail.server.pipeline.request import MAX_HEADER_CHARS, TrustedProxies, select_recorded_headers


def test_only_headers_for_the_judge_are_recorded() -> None:
    headers = {"cookie": "a=b", "authorization": "Basic", "x": "y", "sec-fetch-mode": "navigate"}

    assert {"sec-fetch-mode": "navigate"} == select_recorded_headers(headers)


def test_header_values_are_truncated() -> None:
    assert {"referer": "r" * MAX_HEADER_CHARS} == select_recorded_headers({"referer": "r" * 9_000})


PROXIES = TrustedProxies([ip_network("127.0.0.0/8"), ip_network("10.1.0.0/16"), ip_network("fd00::/8")])


@pytest.mark.parametrize(
    ("peer", "forwarded", "ip"),
    [
        ("198.51.100.7", "203.0.113.9", "198.51.100.7"),
        ("127.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("127.0.0.1", "6.6.6.6, 203.0.113.9", "203.0.113.9"),
        ("127.0.0.1", "6.6.6.6, 203.0.113.9, 10.1.2.3", "203.0.113.9"),
        ("127.0.0.1", "6.6.6.6,203.0.113.9 , 10.2.2.3", "10.2.2.3"),
        ("127.0.0.1", "10.1.0.1, 10.1.0.2", "10.1.0.1"),
        ("127.0.0.1", "203.0.113.9, nonsense", "127.0.0.1"),
        ("127.0.0.1", "203.0.113.9, nonsense, 10.1.0.2", "10.1.0.2"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("::ffff:127.0.0.1", "203.0.113.9:51234", "203.0.113.9"),
        ("fd00::1", "2001:DB8::7", "2001:db8::7"),
        ("fd00::1", "[2001:db8::7]:443", "2001:db8::7"),
        ("fd00::1", "::ffff:203.0.113.9", "203.0.113.9"),
        ("", "203.0.113.9", ""),
    ],
)
def test_client_is_right_most_address_that_is_not_a_trusted_proxy(peer: str, forwarded: str, ip: str) -> None:
    assert (ip, False) == PROXIES.resolve_client(peer, {"x-forwarded-for": forwarded}, https=False)


@pytest.mark.parametrize(
    ("peer", "protocol", "https"),
    [
        ("127.0.0.1", "https", True),
        ("127.0.0.1", "http, HTTPS", True),
        ("127.0.0.1", "https, http", False),
        ("127.0.0.1", "", False),
        ("198.51.100.7", "https", False),
    ],
)
def test_forwarded_protocol_is_used_from_trusted_proxy_only(peer: str, protocol: str, *, https: bool) -> None:
    assert https == PROXIES.resolve_client(peer, {"x-forwarded-proto": protocol}, https=False)[1]
