from dataclasses import replace as altered

import pytest
from msgspec.structs import replace

from clicktrail.judge.address_activity import Visit, number_of
from tests.support.events import AZURE, BARRACUDA, CHROME, HOME, after, click
from tests.support.signals import spoken

ELSEWHERE = "198.51.100.7"
RELAY = "104.28.1.1"
"""Cloudflare's, where iCloud Private Relay and WARP come out."""

BARRACUDA_TOO = BARRACUDA.rpartition(".")[0] + ".77"
SAFARI = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/26.4 Safari/605.1.15"
DOMAINS = ["example.com", "example.org", "example.net", "shop.example", "tea.example"]


def visits(people: int, *, ip: str = HOME, domains: int = 5, gap: float = 5, agents: int = 1) -> list[Visit]:
    """Visits by one address, under so many agents, to the messages of so many people at so many domains."""
    return [
        Visit(
            at=after(3_600 + gap * number),
            ip=ip,
            message_id=f"other-{number}",
            recipient=f"p{number}@{DOMAINS[number % domains]}",
            agent=number_of(CHROME) + number % agents,
        )
        for number in range(people)
    ]


def test_trap_nearby_fires() -> None:
    """Who follows the hidden link follows the others; a company's scanners share their network."""
    trap = replace(click(100, link=9, ip=BARRACUDA_TOO, id="trap"), trap=True)
    words = "a hidden link followed from the same place within 120 s"
    assert {"c": words} == spoken("trap-nearby", trap, click(20, ip=BARRACUDA, id="c"))
    assert {"c": words} == spoken("trap-nearby", replace(trap, ip=HOME), click(200, id="c"))
    assert {"c": words} == spoken("trap-nearby", trap, click(20, ip=BARRACUDA, id="c", agent="another"))


def test_a_scanner_in_the_office_is_not_its_people() -> None:
    """Its own appliance and a company's people have one address: what it does is not held against other browsers."""
    trap, head = replace(click(100, link=9, id="trap"), trap=True), replace(click(100, id="head"), method="HEAD")
    damaged = Visit(at=after(100), ip=HOME, message_id="", recipient="", tampered=True, agent=number_of(CHROME))
    person = click(101, agent=SAFARI)
    assert [{}] * 3 == [
        spoken("trap-nearby", trap, person),
        spoken("head-twin", head, person),
        spoken("damaged-link-nearby", person, nearby=[damaged]),
    ]


@pytest.mark.parametrize(
    ("trap_ip", "ip", "seconds"),
    [(HOME, HOME, 221), (HOME, ELSEWHERE, 100), (HOME, AZURE, 100), ("10.0.0.1", "10.0.0.1", 100)],
)
def test_trap_nearby_is_silent(trap_ip: str, ip: str, seconds: float) -> None:
    """Later, or from elsewhere, it may be a person, and everyone comes from the address of our own proxy."""
    trap = replace(click(100, link=9, ip=trap_ip, id="trap"), trap=True)
    assert {} == spoken("trap-nearby", trap, click(seconds, ip=ip))


def test_damaged_link_nearby_fires() -> None:
    """Defender's pair: a changed token, and the right one a second later. The changed one names no message."""
    damaged = Visit(at=after(39), ip=AZURE, message_id="", recipient="", tampered=True)
    words = "a damaged link tried from the same address within 2 s"
    assert {"c": words} == spoken("damaged-link-nearby", click(40, ip=AZURE, id="c"), nearby=[damaged])
    own = replace(click(41, ip=AZURE, id="own"), tampered=True)
    assert {"c": words} == spoken("damaged-link-nearby", click(40, ip=AZURE, id="c"), own)


@pytest.mark.parametrize(("ip", "seconds"), [(HOME, 37.5), (ELSEWHERE, 40), ("", 40)])
def test_damaged_link_nearby_is_silent(ip: str, seconds: float) -> None:
    """Someone who copied a part of the link, and then all of it; someone else; and where no address is known."""
    damaged = Visit(at=after(seconds), ip=ip, message_id="", recipient="", tampered=True, agent=number_of(CHROME))
    clicks = [click(40, id="c"), click(40, ip="", id="unknown")]
    assert {} == spoken("damaged-link-nearby", *clicks, nearby=[damaged])


def test_shared_address_fires() -> None:
    """One address goes over the mail of six people at five organisations."""
    words = "the same address for 5 or more people at 3 or more domains in 60 s"
    ann = replace(click(3_610, id="c"), recipient="ann@example.com")
    assert {"c": words} == spoken("shared-address", ann, nearby=visits(5))
    assert {"c": words} == spoken("shared-address", ann, nearby=visits(12, agents=3, gap=1))


@pytest.mark.parametrize(
    "nearby",
    [
        visits(30, domains=1, gap=1),
        visits(3),
        visits(5, ip=ELSEWHERE),
        visits(30, gap=30),
        [altered(visit, recipient=f"id-{visit.message_id}") for visit in visits(30, gap=1)],
        visits(30, agents=4, gap=1),
        [altered(visit, agent=1) for visit in visits(5)],
    ],
    ids=["a company", "a family", "another address", "over time", "opaque ids", "a carrier's phones", "another agent"],
)
def test_shared_address_is_silent(nearby: list[Visit]) -> None:
    """People share addresses, of a carrier by thousands; where nobody knows who they are, they may be one company's."""
    ann = replace(click(3_610), recipient="ann@example.com")
    assert {} == spoken("shared-address", ann, nearby=nearby)


def test_shared_address_is_silent_on_relays() -> None:
    """A private relay has few addresses, and everybody's mail is read behind it."""
    ann = replace(click(3_610, ip=RELAY), recipient="ann@example.com")
    assert {} == spoken("shared-address", ann, nearby=visits(30, ip=RELAY, gap=1))


def test_datacentre_sweep_fires() -> None:
    """A machine in a data centre goes over the mail of three people at two organisations, or of opaque ids."""
    words = "the same data centre address for 3 or more people in 60 s"
    ann = replace(click(3_610, ip=AZURE, id="c"), recipient="ann@example.com")
    assert {"c": words} == spoken("datacentre-sweep", ann, nearby=visits(2, ip=AZURE, domains=2))
    nearby = [altered(visit, recipient="") for visit in visits(2, ip=AZURE)]
    assert {"c": words} == spoken("datacentre-sweep", click(3_610, ip=AZURE, id="c"), nearby=nearby)


def test_datacentre_sweep_is_silent() -> None:
    """A company's people at home in one network, or at its remote desktops; and one person with three messages."""
    same = [altered(visit, recipient="ann@example.com") for visit in visits(4, ip=AZURE)]
    ann = replace(click(3_610, ip=AZURE), recipient="ann@example.com")
    assert [{}, {}, {}] == [
        spoken("datacentre-sweep", click(3_610), nearby=visits(5)),
        spoken("datacentre-sweep", ann, nearby=visits(30, ip=AZURE, domains=1, gap=1)),
        spoken("datacentre-sweep", ann, nearby=same),
    ]


def test_person_elsewhere_fires() -> None:
    """Safe Links looks at a link as the person follows it: that speaks of the machine, not of the person."""
    clicks = [click(5_000, ip=AZURE, id="scanner"), click(5_001, id="person")]
    assert {"scanner": "the same link followed from another network within 30 s"} == spoken("person-elsewhere", *clicks)


def test_person_elsewhere_is_silent() -> None:
    """Another link, a minute later, another scanner, or a program that says so."""
    scanner = click(5_000, ip=AZURE)
    others = [
        click(5_001, link=1),
        click(5_060),
        click(5_001, ip=BARRACUDA),
        click(5_001, agent="curl/8.5.0"),
        click(5_001, ip="10.0.0.1"),
    ]
    assert [{}] * 5 == [spoken("person-elsewhere", scanner, other) for other in others]


def test_head_twin_fires() -> None:
    """A link checker asks first and fetches then."""
    head = replace(click(100, id="head"), method="HEAD")
    assert {"c": "the same link asked about by HEAD before"} == spoken("head-twin", head, click(101, id="c"))


@pytest.mark.parametrize(
    ("seconds", "link", "ip"), [(99, 0, HOME), (131, 0, HOME), (101, 1, HOME), (101, 0, ELSEWHERE)]
)
def test_head_twin_is_silent(seconds: float, link: int, ip: str) -> None:
    """A person's click that a checker follows, later, on another link, or from elsewhere."""
    head = replace(click(100, id="head"), method="HEAD")
    assert {} == spoken("head-twin", head, click(seconds, link=link, ip=ip))
