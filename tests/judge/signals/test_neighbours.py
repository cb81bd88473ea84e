from dataclasses import replace as altered

import pytest
from msgspec.structs import replace

from clicktrail.judge.address_activity import AddressClick, hash_user_agent
from tests.support.events import AZURE_IP, BARRACUDA_IP, CHROME_AGENT, HOME_IP, click, noon_plus
from tests.support.signals import evaluate_signal

ELSEWHERE = "198.51.100.7"
RELAY = "104.28.1.1"
"""Cloudflare's, where iCloud Private Relay and WARP come out."""

BARRACUDA_TOO = BARRACUDA_IP.rpartition(".")[0] + ".77"
SAFARI = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/26.4 Safari/605.1.15"
DOMAINS = ["example.com", "example.org", "example.net", "shop.example", "tea.example"]


def visits(people: int, *, ip: str = HOME_IP, domains: int = 5, gap: float = 5, agents: int = 1) -> list[AddressClick]:
    """Visits by one address, under so many agents, to the messages of so many people at so many domains."""
    return [
        AddressClick(
            at=noon_plus(3_600 + gap * number),
            ip=ip,
            message_id=f"other-{number}",
            recipient=f"p{number}@{DOMAINS[number % domains]}",
            user_agent_hash=hash_user_agent(CHROME_AGENT) + number % agents,
        )
        for number in range(people)
    ]


def test_trap_link_nearby_fires() -> None:
    trap = replace(click(100, link=9, ip=BARRACUDA_TOO, id="trap"), trap=True)
    words = "a hidden link followed from the same place within 120 s"
    assert {"c": words} == evaluate_signal("trap-link-nearby", trap, click(20, ip=BARRACUDA_IP, id="c"))
    assert {"c": words} == evaluate_signal("trap-link-nearby", replace(trap, ip=HOME_IP), click(200, id="c"))
    assert {"c": words} == evaluate_signal(
        "trap-link-nearby", trap, click(20, ip=BARRACUDA_IP, id="c", agent="another")
    )


def test_a_scanner_in_the_office_is_not_its_people() -> None:
    trap, head = replace(click(100, link=9, id="trap"), trap=True), replace(click(100, id="head"), method="HEAD")
    damaged = AddressClick(
        at=noon_plus(100),
        ip=HOME_IP,
        message_id="",
        recipient="",
        tampered=True,
        user_agent_hash=hash_user_agent(CHROME_AGENT),
    )
    person = click(101, agent=SAFARI)
    assert [{}] * 3 == [
        evaluate_signal("trap-link-nearby", trap, person),
        evaluate_signal("head-before-get", head, person),
        evaluate_signal("tampered-token-nearby", person, nearby=[damaged]),
    ]


@pytest.mark.parametrize(
    ("trap_ip", "ip", "seconds"),
    [(HOME_IP, HOME_IP, 221), (HOME_IP, ELSEWHERE, 100), (HOME_IP, AZURE_IP, 100), ("10.0.0.1", "10.0.0.1", 100)],
)
def test_trap_link_nearby_is_silent(trap_ip: str, ip: str, seconds: float) -> None:
    trap = replace(click(100, link=9, ip=trap_ip, id="trap"), trap=True)
    assert {} == evaluate_signal("trap-link-nearby", trap, click(seconds, ip=ip))


def test_tampered_token_nearby_fires() -> None:
    damaged = AddressClick(at=noon_plus(39), ip=AZURE_IP, message_id="", recipient="", tampered=True)
    words = "a damaged link tried from the same address within 2 s"
    assert {"c": words} == evaluate_signal("tampered-token-nearby", click(40, ip=AZURE_IP, id="c"), nearby=[damaged])
    own = replace(click(41, ip=AZURE_IP, id="own"), tampered=True)
    assert {"c": words} == evaluate_signal("tampered-token-nearby", click(40, ip=AZURE_IP, id="c"), own)


@pytest.mark.parametrize(("ip", "seconds"), [(HOME_IP, 37.5), (ELSEWHERE, 40), ("", 40)])
def test_tampered_token_nearby_is_silent(ip: str, seconds: float) -> None:
    damaged = AddressClick(
        at=noon_plus(seconds),
        ip=ip,
        message_id="",
        recipient="",
        tampered=True,
        user_agent_hash=hash_user_agent(CHROME_AGENT),
    )
    clicks = [click(40, id="c"), click(40, ip="", id="unknown")]
    assert {} == evaluate_signal("tampered-token-nearby", *clicks, nearby=[damaged])


def test_shared_address_fires() -> None:
    words = "the same address for 5 or more people at 3 or more domains in 60 s"
    ann = replace(click(3_610, id="c"), recipient="ann@example.com")
    assert {"c": words} == evaluate_signal("shared-address", ann, nearby=visits(5))
    assert {"c": words} == evaluate_signal("shared-address", ann, nearby=visits(12, agents=3, gap=1))


@pytest.mark.parametrize(
    "nearby",
    [
        visits(30, domains=1, gap=1),
        visits(3),
        visits(5, ip=ELSEWHERE),
        visits(30, gap=30),
        [altered(visit, recipient=f"id-{visit.message_id}") for visit in visits(30, gap=1)],
        visits(30, agents=4, gap=1),
        [altered(visit, user_agent_hash=1) for visit in visits(5)],
    ],
    ids=["a company", "a family", "another address", "over time", "opaque ids", "a carrier's phones", "another agent"],
)
def test_shared_address_is_silent(nearby: list[AddressClick]) -> None:
    ann = replace(click(3_610), recipient="ann@example.com")
    assert {} == evaluate_signal("shared-address", ann, nearby=nearby)


def test_shared_address_is_silent_on_relays() -> None:
    ann = replace(click(3_610, ip=RELAY), recipient="ann@example.com")
    assert {} == evaluate_signal("shared-address", ann, nearby=visits(30, ip=RELAY, gap=1))


def test_datacentre_shared_address_fires() -> None:
    words = "the same data centre address for 3 or more people in 60 s"
    ann = replace(click(3_610, ip=AZURE_IP, id="c"), recipient="ann@example.com")
    assert {"c": words} == evaluate_signal("datacentre-shared-address", ann, nearby=visits(2, ip=AZURE_IP, domains=2))
    nearby = [altered(visit, recipient="") for visit in visits(2, ip=AZURE_IP)]
    assert {"c": words} == evaluate_signal(
        "datacentre-shared-address", click(3_610, ip=AZURE_IP, id="c"), nearby=nearby
    )


def test_datacentre_shared_address_is_silent() -> None:
    same = [altered(visit, recipient="ann@example.com") for visit in visits(4, ip=AZURE_IP)]
    ann = replace(click(3_610, ip=AZURE_IP), recipient="ann@example.com")
    assert [{}, {}, {}] == [
        evaluate_signal("datacentre-shared-address", click(3_610), nearby=visits(5)),
        evaluate_signal("datacentre-shared-address", ann, nearby=visits(30, ip=AZURE_IP, domains=1, gap=1)),
        evaluate_signal("datacentre-shared-address", ann, nearby=same),
    ]


def test_time_of_click_scan_fires() -> None:
    clicks = [click(5_000, ip=AZURE_IP, id="scanner"), click(5_001, id="person")]
    assert {"scanner": "the same link followed from another network within 30 s"} == evaluate_signal(
        "time-of-click-scan", *clicks
    )


def test_time_of_click_scan_is_silent() -> None:
    scanner = click(5_000, ip=AZURE_IP)
    others = [
        click(5_001, link=1),
        click(5_060),
        click(5_001, ip=BARRACUDA_IP),
        click(5_001, agent="curl/8.5.0"),
        click(5_001, ip="10.0.0.1"),
    ]
    assert [{}] * 5 == [evaluate_signal("time-of-click-scan", scanner, other) for other in others]


def test_head_before_get_fires() -> None:
    head = replace(click(100, id="head"), method="HEAD")
    assert {"c": "the same link asked about by HEAD before"} == evaluate_signal(
        "head-before-get", head, click(101, id="c")
    )


@pytest.mark.parametrize(
    ("seconds", "link", "ip"), [(99, 0, HOME_IP), (131, 0, HOME_IP), (101, 1, HOME_IP), (101, 0, ELSEWHERE)]
)
def test_head_before_get_is_silent(seconds: float, link: int, ip: str) -> None:
    head = replace(click(100, id="head"), method="HEAD")
    assert {} == evaluate_signal("head-before-get", head, click(seconds, link=link, ip=ip))
