from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.errors import SettingsError
from clicktrail.judge.networks import Network, Networks, parse
from tests.clicks import shipped

SHIPPED = parse(shipped("networks.toml"))


HEAD = "version = 2026-11-23\n"
ENTRY = """
[[networks]]
name = "A"
asn = 64500
class = "datacentre"
ranges = ["10.0.0.0/8"]
source = "made up"
date = 2026-11-23
"""


def table(**ranges: str) -> Networks:
    """A table of networks by name, each of one range."""
    entries = (ENTRY.replace('"A"', f'"{name}"').replace("10.0.0.0/8", text) for name, text in ranges.items())
    return parse(HEAD + "".join(entries))


def name(network: Network | None) -> str | None:
    """The name of a network that was found."""
    return network.name if network else None


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("64.235.144.1", "Barracuda"),
        ("209.222.87.255", "Barracuda"),
        ("209.222.88.0", None),
        ("40.94.16.33", "Microsoft"),
        ("40.107.218.1", "Microsoft"),
        ("52.112.0.9", "Microsoft"),
        ("::ffff:40.94.16.33", "Microsoft"),
        ("2603:1010::1", "Microsoft"),
        ("3.5.140.2", "Amazon AWS"),
        ("2600:1f18::1", "Amazon AWS"),
        ("34.64.0.1", "Google"),
        ("2600:1900:4000::1", "Google"),
        ("67.231.152.7", "Proofpoint"),
        ("205.139.110.61", "Mimecast"),
        ("68.232.140.1", "Cisco Secure Email"),
        ("192.0.2.1", None),
        ("2001:db8::1", None),
        ("0.0.0.0", None),
        ("255.255.255.255", None),
        ("::", None),
        ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", None),
        ("", None),
        ("unknown", None),
        ("40.94.16.33:443", None),
        ("040.094.016.033", None),
    ],
)
def test_shipped_networks(address: str, expected: str | None) -> None:
    """The networks of scanners are found at their first and last address and nowhere else; no address is no network."""
    assert expected == name(SHIPPED.find(address))


@pytest.mark.parametrize("address", ["17.58.97.1", "104.28.10.1", "172.225.6.1", "8.8.8.8", "1.1.1.1", "165.225.80.1"])
def test_people_are_left_out(address: str) -> None:
    """Private relays, resolvers and security services' exits bring people."""
    assert None is SHIPPED.find(address)


def test_narrower_range_wins() -> None:
    """Of two ranges around an address the narrower one names it, in whatever order they are listed."""
    found = [
        (name(networks.find("198.51.100.130")), name(networks.find("198.51.100.1")))
        for networks in (
            table(wide="198.51.100.0/24", narrow="198.51.100.128/25"),
            table(narrow="198.51.100.128/25", wide="198.51.100.0/24"),
        )
    ]
    assert [("narrow", "wide")] * 2 == found


def test_what_is_kept_of_an_address_is_found_too() -> None:
    """The network that a shortened address lies in."""
    assert "wide" == name(table(wide="198.51.0.0/16").find("198.51.100.0/24"))
    assert "wide" == name(table(wide="2001:db8::/32").find("2001:db8:1::/48"))


RANGES = {"a": "0.0.0.0/2", "b": "32.0.0.0/4", "c": "200.0.0.0/5", "d": "2000::/3", "e": "3000::/5", "f": "ff00::/8"}
SMALL = table(**RANGES)


@given(address=st.ip_addresses())
def test_agrees_with_a_search(address: IPv4Address | IPv6Address) -> None:
    """Bisection finds what a look at every range finds."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    ranges = [(ip_network(text), key) for key, text in RANGES.items()]
    around = [(network.prefixlen, key) for network, key in ranges if (mapped or address) in network]
    assert (max(around)[1] if around else None) == name(SMALL.find(str(address)))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[", "cannot be read"),
        ("version = 2026-11-23", "`networks`"),
        (HEAD + ENTRY.replace("64500", '"AS64500"'), "asn"),
        (HEAD + ENTRY.replace("10.0.0.0/8", "10.0.0.1/8"), "host bits"),
        (HEAD + ENTRY.replace("datacentre", "moon"), "moon"),
        (HEAD + ENTRY.replace("source", "sauce"), "sauce"),
    ],
)
def test_unreadable(text: str, says: str) -> None:
    """What cannot be read is named."""
    with pytest.raises(SettingsError, match=says):
        parse(text)
