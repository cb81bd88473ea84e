import csv
from contextlib import suppress
from importlib import resources
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.errors import SettingsError
from clicktrail.judge.networks import (
    AddressRange,
    Network,
    NetworkClass,
    Networks,
    NetworkTable,
    address_to_int,
    build_table,
    parse_range,
    unpack_table,
)
from tests.support.events import read_judge_data, read_networks

SHIPPED = read_networks()
PACKED_TABLE = resources.files("clicktrail.judge").joinpath("data", "networks.bin").read_bytes()
CLASSES = {int(row["asn"]): row for row in csv.DictReader(read_judge_data("asn_classes.csv").splitlines())}
VENDOR_BLOCKS = list(csv.DictReader(read_judge_data("vendor_blocks.csv").splitlines()))
OFFICE = Network(name="our office", network_class=NetworkClass.OURS)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("64.235.144.1", "Barracuda AS15324"),
        ("209.222.87.255", "Barracuda AS15324"),
        ("209.222.82.7", "Barracuda AS15324"),
        ("205.220.188.9", "Proofpoint AS26211"),
        ("40.94.16.33", "Microsoft AS8075"),
        ("40.107.218.1", "Microsoft AS8075"),
        ("52.112.0.9", "Microsoft AS8075"),
        ("::ffff:40.94.16.33", "Microsoft AS8075"),
        ("40.94.16.0/24", "Microsoft AS8075"),
        ("2603:1010::1", "Microsoft AS8075"),
        ("2603:1010::/48", "Microsoft AS8075"),
        ("3.5.140.2", "Amazon AS16509"),
        ("2600:1f18::1", "Amazon AS14618"),
        ("34.64.0.1", "Google AS396982"),
        ("67.231.152.7", "Proofpoint AS22843"),
        ("205.139.110.61", "Mimecast AS30031"),
        ("68.232.140.1", "Cisco Secure Email AS16417"),
        ("208.65.144.9", "Musarubra AS203724"),
        ("165.225.80.1", "Zscaler AS62044"),
        ("104.28.32.1", "Cloudflare AS13335"),
        ("88.198.1.1", "Hetzner AS24940"),
        ("64.235.148.1", "Barracuda AS15324"),
        ("165.225.100.1", "Zscaler AS22616"),
        ("83.246.65.9", "Hornetsecurity AS401943"),
        ("208.127.10.1", "Palo Alto Networks AS54538"),
        ("137.83.200.1", "Palo Alto Networks AS54538"),
        ("147.185.132.9", "Palo Alto Xpanse AS54538"),
        ("199.19.250.1", "Symantec Cloud SWG"),
        ("148.64.5.5", "Symantec Cloud SWG"),
        ("159.254.255.1", "Zscaler AS22616"),
    ],
)
def test_shipped_networks(address: str, expected: str) -> None:
    assert str(SHIPPED.find(address)) == expected


@pytest.mark.parametrize(
    "address",
    ["192.0.2.1", "10.0.0.1", "127.0.0.1", "0.0.0.0", "255.255.255.255", "2001:db8::1", "fd00::1", "::1", "::",
     "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "17.58.97.1", "86.128.0.1", "2003:ea::1", "168.90.91.4",
     "", "unknown", "40.94.16.33:443", "040.094.016.033"],
)  # fmt: skip
def test_access_networks_and_invalid_addresses_have_no_network(address: str) -> None:
    assert SHIPPED.find(address) is None


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("208.127.10.1", NetworkClass.SSE_EGRESS),
        ("130.41.5.5", NetworkClass.SSE_EGRESS),
        ("199.116.170.1", NetworkClass.SSE_EGRESS),
        ("167.103.60.9", NetworkClass.SSE_EGRESS),
        ("151.206.40.7", NetworkClass.SSE_EGRESS),
        ("128.94.3.9", NetworkClass.SSE_EGRESS),
        ("128.94.200.1", NetworkClass.MICROSOFT),
        ("205.210.31.8", NetworkClass.MAIL_SECURITY),
        ("198.235.24.7", NetworkClass.MAIL_SECURITY),
        ("34.89.3.4", NetworkClass.GOOGLE),
    ],
)
def test_network_belongs_to_whoever_uses_it(address: str, expected: NetworkClass) -> None:
    network = SHIPPED.find(address)
    assert (network and network.network_class) is expected


def test_every_class_has_a_network() -> None:
    (table,) = SHIPPED.tables
    assert {network.network_class for network in table.networks} == set(NetworkClass) - {NetworkClass.OURS}


def test_table_matches_asn_classes_and_vendor_blocks() -> None:
    (table,) = SHIPPED.tables
    assert {(int(row["asn"]), row["name"], row["class"]) for row in [*CLASSES.values(), *VENDOR_BLOCKS]} == {
        (network.asn, network.name, network.network_class) for network in table.networks
    }


def test_classes_have_source_and_date() -> None:
    assert [asn for asn, row in CLASSES.items() if not (row["source"] and row["date"] and row["registered_to"])] == []
    assert [row["block"] for row in VENDOR_BLOCKS if not (row["source"] and row["date"])] == []


def test_table_is_small() -> None:
    assert len(resources.files("clicktrail.judge").joinpath("data", "networks.bin").read_bytes()) <= 400_000


def test_attribution_is_shipped() -> None:
    text = read_judge_data("networks.LICENSE.txt")
    assert [] == [name for name in ("CC-BY-4.0", "https://db-ip.com", "routeviews.org", "nro.net") if name not in text]


def test_first_table_wins() -> None:
    own_table = build_table("mine", [(parse_range("40.94.16.0/28"), OFFICE)])
    networks = Networks(own_table, *SHIPPED.tables)
    assert [OFFICE, SHIPPED.find("40.94.16.33")] == [networks.find("40.94.16.3"), networks.find("40.94.16.33")]
    assert networks.version == f"mine+{SHIPPED.version}"


def test_network_without_asn() -> None:
    assert str(OFFICE) == "our office"


@given(st.text())
def test_any_text_can_be_looked_up(text: str) -> None:
    assert isinstance(SHIPPED.find(text), Network | None)


@given(st.ip_addresses(v=4))
def test_ipv4_address_number(address: IPv4Address) -> None:
    assert int(address) == address_to_int(str(address)) == address_to_int(f"::ffff:{address}")


@given(st.ip_addresses(v=6, network="2000::/3"))
def test_ipv6_address_number(address: IPv6Address) -> None:
    assert int(address) >> 64 == address_to_int(str(address)) == address_to_int(address.exploded)


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
def test_invalid_address(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        address_to_int(text)


@given(st.text())
def test_any_text_is_invalid_or_a_number_of_64_bits(text: str) -> None:
    with suppress(ValueError):
        assert 0 <= address_to_int(text) < 1 << 64


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
def test_range(text: str, first: str, last: str) -> None:
    assert parse_range(text) == (address_to_int(first), address_to_int(last))


@pytest.mark.parametrize(
    "text",
    ["192.0.2.1/24", "192.0.2.0/", "192.0.2.0/33", "192.0.2.0/-1", "192.0.2.0/x", "192.0.2.9-192.0.2.3", "a-b",
     "2001:db8::1/x", "2001:db8:0:1::/48", "192.0.2.0-2001:db8::", "::ffff:192.0.2.0/120"],
)  # fmt: skip
def test_invalid_range(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        parse_range(text)


WIDE, NARROW = (Network(name=name, asn=64500, network_class=NetworkClass.DATACENTRE) for name in ("wide", "narrow"))
RANGES = st.builds(
    lambda first, size: AddressRange(first, first + size), st.integers(0, (1 << 64) - 300), st.integers(0, 299)
) | st.builds(lambda first, size: AddressRange(first, first + size), st.integers(0, 50), st.integers(0, 50))


def make_table(*ranges: tuple[str, Network]) -> NetworkTable:
    """A table of ranges."""
    return build_table("1", [(parse_range(text), network) for text, network in ranges])


@pytest.mark.parametrize("step", [1, -1])
def test_smaller_range_wins_in_any_order(step: int) -> None:
    ranges = [("198.51.100.0/24", WIDE), ("198.51.100.128/25", NARROW)][::step]
    found = [
        make_table(*ranges).find(address_to_int(address))
        for address in ("198.51.100.127", "198.51.100.128", "198.51.101.0")
    ]
    assert found == [WIDE, NARROW, None]


@given(st.lists(RANGES, max_size=8), st.data())
def test_every_address_belongs_to_the_smallest_range(ranges: list[AddressRange], data: st.DataObject) -> None:
    networks = [Network(name=str(number), network_class=NetworkClass.VPN) for number in range(len(ranges))]
    table = build_table("1", zip(ranges, networks, strict=True))
    ends = [end for range_ in ranges for end in (range_.first, range_.last, range_.last + 1)]
    number = data.draw(st.sampled_from([0, *ends]))
    containing_ranges = [range_ for range_ in ranges if range_.first <= number <= range_.last]
    network = table.find(number)
    assert (network is None) == (not containing_ranges)
    if network:
        owner = ranges[int(network.name)]
        assert min(range_.last - range_.first for range_ in containing_ranges) == owner.last - owner.first


def test_unpacked_table_holds_more_networks_than_a_packed_one() -> None:
    table = build_table(
        "v",
        [
            (AddressRange(number, number), Network(name=str(number), network_class=NetworkClass.OURS))
            for number in range(70_000)
        ],
    )
    assert str(table.find(69_999)) == "69999"


def test_last_address() -> None:
    assert make_table(("ffff::/16", WIDE)).find((1 << 64) - 1) == WIDE


@pytest.mark.parametrize("packed", [b"", b"no table", PACKED_TABLE[:-5], PACKED_TABLE[2:]])
def test_damaged_table(packed: bytes) -> None:
    with pytest.raises(SettingsError, match="networks cannot be read"):
        unpack_table(packed)
