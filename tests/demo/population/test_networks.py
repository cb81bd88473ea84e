import ipaddress

import pytest

from clicktrail.demo.population import networks
from clicktrail.judge.networks import NetworkClass
from tests.support.events import read_networks

SHIPPED_NETWORKS = read_networks()


def test_networks_are_public() -> None:
    for name in networks.__all__:
        for network in map(ipaddress.ip_network, getattr(networks, name)):
            assert network.is_global


def test_networks_do_not_overlap() -> None:
    all_networks = [(name, ipaddress.ip_network(text)) for name in networks.__all__ for text in getattr(networks, name)]
    overlaps = [
        (name, other_name)
        for name, network in all_networks
        for other_name, other_network in all_networks
        if name < other_name and network.version == other_network.version and network.overlaps(other_network)
    ]
    assert overlaps == []


@pytest.mark.parametrize(
    ("name", "classes"),
    [
        *((name, {None}) for name in ("RESIDENTIAL", "MOBILE", "OFFICE", "RESIDENTIAL_SCANNER")),
        ("PRIVATE_RELAY", {NetworkClass.CDN_RELAY}),
        ("SECURE_WEB_GATEWAY", {NetworkClass.SSE_EGRESS}),
        *(
            (name, {NetworkClass.MAIL_SECURITY})
            for name in ("BARRACUDA", "CISCO", "MIMECAST", "PROOFPOINT", "MAIL_GATEWAY")
        ),
        ("TREND_MICRO", {NetworkClass.MAIL_SECURITY, None}),
        ("MICROSOFT", {NetworkClass.MICROSOFT}),
        ("AMAZON", {NetworkClass.AWS}),
        ("DATACENTRE", {NetworkClass.DATACENTRE}),
    ],
)
def test_networks_have_the_classes_of_the_shipped_table(name: str, classes: set[NetworkClass | None]) -> None:
    blocks = map(ipaddress.ip_network, getattr(networks, name))
    sampled_networks = {
        SHIPPED_NETWORKS.find(str(block[block.num_addresses * part // 8])) for block in blocks for part in range(8)
    }
    assert classes >= {network and network.network_class for network in sampled_networks}
