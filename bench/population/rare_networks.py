"""People who come from where scanners come from, or from many places."""

import ipaddress
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from bench.population import networks
from bench.population.draws import Luck
from bench.population.plan import Actor, Letter, Request
from bench.population.reading import at_desk, follow, language
from clicktrail.demo.population import browsers
from clicktrail.demo.population import networks as usual

__all__ = ["AT_HOME", "AT_WORK"]

_HOME: Final = ("odd home delay", 7_000, 1.9)
_OFFICE: Final = ("odd office delay", 1_200, 1.5)


def _vpn(letter: Letter, luck: Luck) -> Iterator[Request]:
    """Behind a VPN that many use: half of the exits are rented in data centres like any other computer."""
    exits = networks.VPN_EXITS if luck.happens(0.51) else networks.HOSTED
    return follow(letter, luck, ip=luck.machine(exits, of=30), headers=at_desk(luck), delay=_HOME)


def _rotating(letter: Letter, luck: Luck) -> Iterator[Request]:
    """An address of its own for every click, in one home's network (RFC 8981)."""
    home = ipaddress.ip_network((luck.address(("2003:ea::/32", "2a00:23c7::/32")), 64), strict=False)
    for request in follow(letter, luck, ip="", headers=at_desk(luck), delay=_HOME):
        yield replace(request, ip=str(home[luck.getrandbits(64)]))


def _on_the_way(letter: Letter, luck: Luck) -> Iterator[Request]:
    """Leaves the house: the first click by Wi-Fi, the others by mobile network."""
    street = luck.address(usual.MOBILE)
    requests = follow(letter, luck, ip=luck.address(usual.HOMES), headers=browsers.safari(language(luck)), delay=_HOME)
    for number, request in enumerate(requests):
        yield replace(request, ip=street) if number else request


def _crowded(letter: Letter, luck: Luck) -> Iterator[Request]:
    """One of thousands behind the same few addresses of a mobile carrier (RFC 6888)."""
    ip = luck.machine(usual.MOBILE[:2], of=3)
    return follow(letter, luck, ip=ip, headers=browsers.mobile_chrome(language(luck)), delay=_HOME)


def _azure_desktop(letter: Letter, luck: Luck) -> Iterator[Request]:
    """At a Windows desktop that runs at Microsoft's."""
    headers = browsers.edge(language(luck))
    return follow(letter, luck, ip=luck.address(networks.AZURE), headers=headers, delay=_OFFICE)


def _hosted_desktop(letter: Letter, luck: Luck) -> Iterator[Request]:
    """At a desktop in a data centre, as whole firms rent them: a browser that is brought up to date now and then."""
    host = Luck(0, f"desktops of {letter.company}").machine(networks.HOSTED, of=9)
    headers = browsers.chrome(language(luck), version=browsers.CHROME - luck.choice((0, 0, 1, 2, 4)))
    return follow(letter, luck, ip=host, headers=headers, delay=_OFFICE)


def _security_service(letter: Letter, luck: Luck) -> Iterator[Request]:
    """Browses through a security service that looks like the vendor of a scanner."""
    ip = luck.machine(networks.SECURITY_SERVICE, of=10)
    return follow(letter, luck, ip=ip, headers=browsers.edge(language(luck)), delay=_OFFICE)


def _isolated(letter: Letter, luck: Luck) -> Iterator[Request]:
    """Sees the page as a picture of what a browser at the scanner's maker opens."""
    ip = luck.machine(networks.ISOLATION, of=20)
    return follow(letter, luck, ip=ip, headers=browsers.chrome("en-US,en;q=0.9"), delay=_OFFICE)


AT_HOME: Final = (
    Actor(name="person, VPN", plan=_vpn, share=10),
    Actor(name="person, IPv6 privacy", plan=_rotating, share=8),
    Actor(name="person, on the way", plan=_on_the_way, share=8),
    Actor(name="person, carrier's NAT", plan=_crowded, share=8),
)
AT_WORK: Final = (
    Actor(name="person, Azure desktop", plan=_azure_desktop, share=5),
    Actor(name="person, Umbrella", plan=_security_service, share=5),
    Actor(name="person, hosted desktop", plan=_hosted_desktop, share=4),
    Actor(name="person, isolation", plan=_isolated, share=1),
)
