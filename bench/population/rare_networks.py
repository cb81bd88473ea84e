"""Rare kinds of people: their addresses are in scanners' networks, or change between clicks."""

import ipaddress
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from bench.population import networks
from bench.population.draws import PerturbedRandom
from bench.population.plan import Actor, MessageContent, PlannedRequest
from bench.population.reading import follow_links, pick_desktop_headers, pick_language
from clicktrail.demo.population import browsers
from clicktrail.demo.population import networks as common_networks

_HOME_DELAY: Final = ("odd home delay", 7_000, 1.9)
_OFFICE_DELAY: Final = ("odd office delay", 1_200, 1.5)


def _plan_vpn(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    # About half of the exits of commercial VPNs are in ordinary data centres.
    exits = networks.VPN_EXITS if rng.happens(0.51) else networks.HOSTED_DESKTOPS
    return follow_links(
        content, rng, ip=rng.pick_server(exits, server_count=30), headers=pick_desktop_headers(rng), delay=_HOME_DELAY
    )


def _plan_rotating_ipv6(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    # Temporary addresses (RFC 8981): another address of the household's network for every click.
    household = ipaddress.ip_network((rng.pick_host(("2003:ea::/32", "2a00:23c7::/32")), 64), strict=False)
    for request in follow_links(content, rng, ip="", headers=pick_desktop_headers(rng), delay=_HOME_DELAY):
        yield replace(request, ip=str(household[rng.getrandbits(64)]))


def _plan_network_switcher(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    # The first click is over Wi-Fi, the others over the mobile network.
    mobile_ip = rng.pick_host(common_networks.MOBILE)
    requests = follow_links(
        content,
        rng,
        ip=rng.pick_host(common_networks.RESIDENTIAL),
        headers=browsers.safari(pick_language(rng)),
        delay=_HOME_DELAY,
    )
    for number, request in enumerate(requests):
        yield replace(request, ip=mobile_ip) if number else request


def _plan_carrier_nat(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    # Thousands of people share the few addresses of a mobile carrier (RFC 6888).
    ip = rng.pick_server(common_networks.MOBILE[:2], server_count=3)
    return follow_links(content, rng, ip=ip, headers=browsers.mobile_chrome(pick_language(rng)), delay=_HOME_DELAY)


def _plan_azure_desktop(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    headers = browsers.edge(pick_language(rng))
    return follow_links(content, rng, ip=rng.pick_host(networks.AZURE), headers=headers, delay=_OFFICE_DELAY)


def _plan_hosted_desktop(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    # Desktops of a whole company, rented in a data centre; their browsers are updated late.
    ip = PerturbedRandom(0, f"desktops of {content.company}").pick_server(networks.HOSTED_DESKTOPS, server_count=9)
    headers = browsers.chrome(pick_language(rng), version=browsers.CHROME_VERSION - rng.choice((0, 0, 1, 2, 4)))
    return follow_links(content, rng, ip=ip, headers=headers, delay=_OFFICE_DELAY)


def _plan_secure_web_gateway(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    # Cisco and Netskope also sell mail scanners.
    ip = rng.pick_server(networks.SECURE_WEB_GATEWAYS, server_count=10)
    return follow_links(content, rng, ip=ip, headers=browsers.edge(pick_language(rng)), delay=_OFFICE_DELAY)


def _plan_browser_isolation(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    # A browser at the scanner's vendor opens the page and shows it as a picture.
    ip = rng.pick_server(networks.BROWSER_ISOLATION, server_count=20)
    return follow_links(content, rng, ip=ip, headers=browsers.chrome("en-US,en;q=0.9"), delay=_OFFICE_DELAY)


HOME_ACTORS: Final = (
    Actor(name="person, VPN", plan=_plan_vpn, share=10),
    Actor(name="person, IPv6 privacy", plan=_plan_rotating_ipv6, share=8),
    Actor(name="person, changes network", plan=_plan_network_switcher, share=8),
    Actor(name="person, carrier's NAT", plan=_plan_carrier_nat, share=8),
)
WORK_ACTORS: Final = (
    Actor(name="person, Azure desktop", plan=_plan_azure_desktop, share=5),
    Actor(name="person, web gateway", plan=_plan_secure_web_gateway, share=5),
    Actor(name="person, hosted desktop", plan=_plan_hosted_desktop, share=4),
    Actor(name="person, browser isolation", plan=_plan_browser_isolation, share=1),
)
