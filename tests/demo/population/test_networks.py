"""Where clients come from."""

import ipaddress

import pytest

from clicktrail.demo.population import networks
from clicktrail.judge.networks import NetworkClass
from tests.support.events import read_networks

SHIPPED = read_networks()


def test_every_network_is_public() -> None:
    for name in networks.__all__:
        for network in map(ipaddress.ip_network, getattr(networks, name)):
            assert network.is_global


def test_no_network_is_two_things() -> None:
    named = [(name, ipaddress.ip_network(text)) for name in networks.__all__ for text in getattr(networks, name)]
    clashes = [
        (name, other)
        for name, network in named
        for other, another in named
        if name < other and network.version == another.version and network.overlaps(another)
    ]
    assert [] == clashes


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
def test_networks_are_what_the_table_says(name: str, classes: set[NetworkClass | None]) -> None:
    blocks = map(ipaddress.ip_network, getattr(networks, name))
    found = {SHIPPED.find(str(block[block.num_addresses * part // 8])) for block in blocks for part in range(8)}
    assert classes >= {network and network.network_class for network in found}
