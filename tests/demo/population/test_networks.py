"""Where clients come from."""

import ipaddress

from clicktrail.demo.population import networks


def test_every_network_is_public() -> None:
    """None is private, reserved or written with host bits."""
    for name in networks.__all__:
        for network in map(ipaddress.ip_network, getattr(networks, name)):
            assert network.is_global


def test_no_network_is_two_things() -> None:
    """A person's address is never a scanner's."""
    named = [(name, ipaddress.ip_network(text)) for name in networks.__all__ for text in getattr(networks, name)]
    clashes = [
        (name, other)
        for name, network in named
        for other, another in named
        if name < other and network.version == another.version and network.overlaps(another)
    ]
    assert [] == clashes
