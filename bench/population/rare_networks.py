"""People who come from where scanners come from, or from many places."""

import ipaddress
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from bench.population import networks
from bench.population.draws import PerturbedRandom
from bench.population.plan import Actor, MessageContent, PlannedRequest
from bench.population.reading import follow_links, pick_desktop_headers, pick_language
from clicktrail.demo.population import browsers
from clicktrail.demo.population import networks as usual

__all__ = ["HOME_ACTORS", "WORK_ACTORS"]

_HOME_DELAY: Final = ("odd home delay", 7_000, 1.9)
_OFFICE_DELAY: Final = ("odd office delay", 1_200, 1.5)


def _vpn(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    """Behind a VPN that many use: half of the exits are rented in data centres like any other computer."""
    exits = networks.VPN_EXITS if rng.happens(0.51) else networks.HOSTED_DESKTOPS
    return follow_links(
        content, rng, ip=rng.pick_server(exits, server_count=30), headers=pick_desktop_headers(rng), delay=_HOME_DELAY
    )


def _rotating_ipv6(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    """An address of its own for every click, in one home's network (RFC 8981)."""
    home = ipaddress.ip_network((rng.pick_host(("2003:ea::/32", "2a00:23c7::/32")), 64), strict=False)
    for request in follow_links(content, rng, ip="", headers=pick_desktop_headers(rng), delay=_HOME_DELAY):
        yield replace(request, ip=str(home[rng.getrandbits(64)]))


def _network_switcher(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    """Leaves the house: the first click by Wi-Fi, the others by mobile network."""
    street = rng.pick_host(usual.MOBILE)
    requests = follow_links(
        content,
        rng,
        ip=rng.pick_host(usual.RESIDENTIAL),
        headers=browsers.safari(pick_language(rng)),
        delay=_HOME_DELAY,
    )
    for number, request in enumerate(requests):
        yield replace(request, ip=street) if number else request


def _carrier_nat(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    """One of thousands behind the same few addresses of a mobile carrier (RFC 6888)."""
    ip = rng.pick_server(usual.MOBILE[:2], server_count=3)
    return follow_links(content, rng, ip=ip, headers=browsers.mobile_chrome(pick_language(rng)), delay=_HOME_DELAY)


def _azure_desktop(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    """At a Windows desktop that runs at Microsoft's."""
    headers = browsers.edge(pick_language(rng))
    return follow_links(content, rng, ip=rng.pick_host(networks.AZURE), headers=headers, delay=_OFFICE_DELAY)


def _hosted_desktop(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    """At a desktop in a data centre, as whole firms rent them: a browser that is brought up to date now and then."""
    host = PerturbedRandom(0, f"desktops of {content.company}").pick_server(networks.HOSTED_DESKTOPS, server_count=9)
    headers = browsers.chrome(pick_language(rng), version=browsers.CHROME_VERSION - rng.choice((0, 0, 1, 2, 4)))
    return follow_links(content, rng, ip=host, headers=headers, delay=_OFFICE_DELAY)


def _secure_web_gateway(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    """Browses through a security service that looks like the vendor of a scanner."""
    ip = rng.pick_server(networks.SECURE_WEB_GATEWAYS, server_count=10)
    return follow_links(content, rng, ip=ip, headers=browsers.edge(pick_language(rng)), delay=_OFFICE_DELAY)


def _browser_isolation(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    """Sees the page as a picture of what a browser at the scanner's maker opens."""
    ip = rng.pick_server(networks.BROWSER_ISOLATION, server_count=20)
    return follow_links(content, rng, ip=ip, headers=browsers.chrome("en-US,en;q=0.9"), delay=_OFFICE_DELAY)


HOME_ACTORS: Final = (
    Actor(name="person, VPN", plan=_vpn, share=10),
    Actor(name="person, IPv6 privacy", plan=_rotating_ipv6, share=8),
    Actor(name="person, on the way", plan=_network_switcher, share=8),
    Actor(name="person, carrier's NAT", plan=_carrier_nat, share=8),
)
WORK_ACTORS: Final = (
    Actor(name="person, Azure desktop", plan=_azure_desktop, share=5),
    Actor(name="person, Umbrella", plan=_secure_web_gateway, share=5),
    Actor(name="person, hosted desktop", plan=_hosted_desktop, share=4),
    Actor(name="person, isolation", plan=_browser_isolation, share=1),
)
