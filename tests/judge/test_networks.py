import csv
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.judge.addresses import block_of
from clicktrail.judge.network_table import cut
from clicktrail.judge.networks import Network, NetworkClass, Networks
from tests.clicks import shipped, shipped_networks

SHIPPED = shipped_networks()
CLASSES = {int(row["asn"]): row for row in csv.DictReader(shipped("asn_classes.csv").splitlines())}
OFFICE = Network(name="our office", kind=NetworkClass.OURS)


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
    ],
)
def test_shipped_networks(address: str, expected: str) -> None:
    """Scanners, clouds and what brings people are told by name, in either family and however much is kept."""
    assert expected == str(SHIPPED.find(address))


@pytest.mark.parametrize(
    "address",
    ["192.0.2.1", "10.0.0.1", "127.0.0.1", "0.0.0.0", "255.255.255.255", "2001:db8::1", "fd00::1", "::1", "::",
     "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "17.58.97.1", "86.128.0.1", "2003:ea::1", "168.90.91.4",
     "", "unknown", "40.94.16.33:443", "040.094.016.033"],
)  # fmt: skip
def test_access_networks_and_nonsense(address: str) -> None:
    """People's lines, nobody's addresses, and what is no address have no network."""
    assert None is SHIPPED.find(address)


def test_every_class_has_a_network() -> None:
    """The shipped table knows all classes but the sender's own."""
    (table,) = SHIPPED.tables
    assert set(NetworkClass) - {NetworkClass.OURS} == {network.kind for network in table.networks}


def test_table_is_made_of_the_classes() -> None:
    """Both files say the same: whoever edits the classes builds the table anew (./dev bench networks)."""
    (table,) = SHIPPED.tables
    assert {(int(row["asn"]), row["name"], row["class"]) for row in CLASSES.values()} == {
        (network.asn, network.name, network.kind) for network in table.networks
    }


def test_classes_have_source_and_date() -> None:
    """Each class is a fact that can be looked up."""
    assert [] == [asn for asn, row in CLASSES.items() if not (row["source"] and row["date"] and row["registered_to"])]


def test_table_is_small() -> None:
    """The package stays small."""
    assert len(resources.files("clicktrail.judge").joinpath("data", "networks.bin").read_bytes()) <= 400_000


def test_attribution_is_shipped() -> None:
    """Whose data the table is made of, and under which licence, stands beside it."""
    text = shipped("networks.LICENSE.txt")
    assert [] == [word for word in ("CC-BY-4.0", "https://db-ip.com", "routeviews.org", "nro.net") if word not in text]


def test_first_table_wins() -> None:
    """What the operator says of a range holds before what we ship; the version names both."""
    own = cut("mine", [(block_of("40.94.16.0/28"), OFFICE)])
    networks = Networks(own, *SHIPPED.tables)
    assert [OFFICE, SHIPPED.find("40.94.16.33")] == [networks.find("40.94.16.3"), networks.find("40.94.16.33")]
    assert f"mine+{SHIPPED.version}" == networks.version


def test_network_without_a_number() -> None:
    """A network of which only the name is known is told by that."""
    assert "our office" == str(OFFICE)


@given(st.text())
def test_any_text(text: str) -> None:
    """Whatever stands where an address should, it has a network or none."""
    assert isinstance(SHIPPED.find(text), Network | None)
