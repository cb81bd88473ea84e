from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.judge.addresses import block_of, number_of


@given(st.ip_addresses(v=4))
def test_ipv4(address: IPv4Address) -> None:
    """An IPv4 address is its own number, also where it is written as one of IPv6."""
    assert int(address) == number_of(str(address)) == number_of(f"::ffff:{address}")


@given(st.ip_addresses(v=6, network="2000::/3"))
def test_ipv6(address: IPv6Address) -> None:
    """Of an IPv6 address the first half counts, however it is spelled."""
    assert int(address) >> 64 == number_of(str(address)) == number_of(address.exploded)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "unknown",
        "192.0.2",
        "192.0.2.256",
        "192.0.2.01",
        "192.0.2.-1",
        "192.0.2. 1",
        "192.0.2.1:443",
        "٣.0.2.1",
        "::",
    ],
)
def test_no_address(text: str) -> None:
    """What is no address, or nobody's, has no place on the line."""
    with pytest.raises(ValueError, match=r".*"):
        number_of(text)


@given(st.text())
def test_any_text(text: str) -> None:
    """Whatever a text holds, it has a place on the line or is refused as a value."""
    with suppress(ValueError):
        assert 0 <= number_of(text) < 1 << 64


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("192.0.2.0/24", "192.0.2.0", "192.0.2.255"),
        ("0.0.0.0/0", "0.0.0.0", "255.255.255.255"),
        ("192.0.2.7", "192.0.2.7", "192.0.2.7"),
        ("192.0.2.7/32", "192.0.2.7", "192.0.2.7"),
        ("192.0.2.3 - 192.0.2.9", "192.0.2.3", "192.0.2.9"),
        ("2001:db8::/32", "2001:db8::", "2001:db8:ffff:ffff::"),
        ("2001:db8:1:2::/64", "2001:db8:1:2::", "2001:db8:1:2::"),
        ("2001:db8:1:2::5/128", "2001:db8:1:2::", "2001:db8:1:2::"),
        ("2001:db8::-2001:db8:1::1", "2001:db8::", "2001:db8:1::"),
    ],
)
def test_ranges(text: str, first: str, last: str) -> None:
    """A range reaches from its first to its last address; what is less than an IPv6 subnet stands for all of it."""
    assert (number_of(first), number_of(last)) == block_of(text)


@pytest.mark.parametrize(
    "text",
    ["192.0.2.1/24", "192.0.2.0/", "192.0.2.0/33", "192.0.2.0/-1", "192.0.2.0/x", "192.0.2.9-192.0.2.3", "a-b",
     "2001:db8::1/x", "2001:db8:0:1::/48", "192.0.2.0-2001:db8::", "::ffff:192.0.2.0/120"],
)  # fmt: skip
def test_no_range(text: str) -> None:
    """What is no range is refused."""
    with pytest.raises(ValueError, match=r".*"):
        block_of(text)
