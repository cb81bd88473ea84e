import dataclasses

import pytest
from msgspec.structs import replace

from clicktrail.judge.evidence import AddressClick, hash_user_agent
from clicktrail.model.event import Bounced, Click, Deferred
from tests.support.events import AZURE_IP, BARRACUDA_IP, CHROME_AGENT, HOME_IP, click, delivered, noon_plus, sent
from tests.support.signals import evaluate_signal


def test_mail_security_network_matches() -> None:
    assert evaluate_signal("mail-security-network", click(ip=BARRACUDA_IP, id="c")) == {
        "c": "network Barracuda AS15324"
    }


def test_mail_security_network_does_not_match() -> None:
    assert evaluate_signal("mail-security-network", click(ip=AZURE_IP), click(ip=HOME_IP)) == {}


def test_datacentre_network_matches() -> None:
    assert evaluate_signal("datacentre-network", click(ip=AZURE_IP, id="c")) == {"c": "network Microsoft AS8075"}


def test_datacentre_network_does_not_match() -> None:
    assert evaluate_signal("datacentre-network", click(ip=HOME_IP), click(ip=""), click(ip="no address")) == {}


def test_bounced_matches() -> None:
    refused = Bounced(id="b", at=noon_plus(5), message_id="m1")
    assert evaluate_signal("bounced", sent(), refused, click(40, id="c")) == {"c": "the message bounced"}


def test_bounced_does_not_match() -> None:
    refused = Bounced(id="b", at=noon_plus(5), message_id="m1")
    other = replace(refused, recipient="ben@example.com")
    deferred = Deferred(id="b", at=noon_plus(5), message_id="m1")
    assert [
        evaluate_signal("bounced", sent(), click()),
        evaluate_signal("bounced", sent(), deferred, click()),
        evaluate_signal("bounced", sent(), delivered(2), refused, click()),
        evaluate_signal("bounced", sent(), other, replace(click(), recipient="ann@example.com")),
    ] == [{}] * 4


def scattered(*, links: int, gap: float, recipient: str = "ann@example.com") -> list[Click]:
    """Each link followed from another country's network."""
    clicks = [click(600 + gap * link, link=link, ip=f"{80 + link}.1.2.3") for link in range(links)]
    return [replace(click_, recipient=recipient) for click_ in clicks]


def test_many_networks_matches() -> None:
    clicks = scattered(links=5, gap=2)
    assert evaluate_signal("many-networks", *clicks) == {click_.id: "from 5 networks in 8 s" for click_ in clicks}
    slower = scattered(links=6, gap=50)
    assert evaluate_signal("many-networks", *slower) == {click_.id: "from 6 networks in 250 s" for click_ in slower}


def test_many_networks_does_not_match() -> None:
    assert evaluate_signal("many-networks", *scattered(links=5, gap=2, recipient="")) == {}
    assert evaluate_signal("many-networks", *scattered(links=2, gap=1)) == {}
    assert evaluate_signal("many-networks", *scattered(links=5, gap=80)) == {}
    assert evaluate_signal("many-networks", *(replace(click_, link=0) for click_ in scattered(links=5, gap=2))) == {}


def test_many_networks_does_not_match_on_a_slow_carrier() -> None:
    clicks = [click(600 + 20 * link, link=link, ip=f"172.{56 + link}.2.3") for link in range(6)]
    assert evaluate_signal("many-networks", *(replace(click_, recipient="ann@example.com") for click_ in clicks)) == {}


def test_many_networks_does_not_match_on_another_browser() -> None:
    person = replace(click(604, id="person", agent="another"), recipient="ann@example.com")
    assert "person" not in evaluate_signal("many-networks", *scattered(links=5, gap=2), person)
    readers = [replace(click_, user_agent=f"browser {click_.link}") for click_ in scattered(links=6, gap=50)]
    assert evaluate_signal("many-networks", *readers) == {}


def rented(*, links: int, gap: float, addresses: int = 9, agent: str = CHROME_AGENT) -> list[Click]:
    """Each link followed from click_ of so many machines in Azure, click_ after the other."""
    return [
        click(600 + gap * link, link=link, ip=f"40.94.{16 + link % addresses}.7", agent=agent) for link in range(links)
    ]


def test_datacentre_many_networks_matches() -> None:
    clicks = rented(links=4, gap=900)
    assert evaluate_signal("datacentre-many-networks", *clicks) == {
        click_.id: "from 4 networks in data centres" for click_ in clicks
    }


def test_datacentre_many_networks_does_not_match() -> None:
    colleagues = [
        click_ for number in range(3) for click_ in rented(links=number + 1, gap=9, agent=f"{number}")[number:]
    ]
    at_home = [replace(click_, ip=click_.ip.replace("40.94", "172.56")) for click_ in rented(links=5, gap=9)]
    neighbours = [replace(click_, ip=f"40.94.16.{click_.link}") for click_ in rented(links=5, gap=9)]
    assert [
        evaluate_signal("datacentre-many-networks", *neighbours),
        evaluate_signal("datacentre-many-networks", *at_home),
        evaluate_signal("datacentre-many-networks", *rented(links=5, gap=9, addresses=2)),
        evaluate_signal("datacentre-many-networks", *rented(links=5, gap=86_400)),
        evaluate_signal("datacentre-many-networks", *colleagues),
        evaluate_signal("datacentre-many-networks", *(replace(click_, link=0) for click_ in rented(links=5, gap=9))),
    ] == [{}] * 6


ELSEWHERE = "198.51.100.7"
RELAY = "104.28.1.1"
"""Cloudflare's, where iCloud Private Relay and WARP come out."""

BARRACUDA_TOO = BARRACUDA_IP.rpartition(".")[0] + ".77"
SAFARI = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/26.4 Safari/605.1.15"
DOMAINS = ["example.com", "example.org", "example.net", "shop.example", "tea.example"]


def make_address_clicks(
    recipients: int, *, ip: str = HOME_IP, domains: int = 5, gap: float = 5, agents: int = 1
) -> list[AddressClick]:
    """Clicks from one address with this many User-Agents, on messages to this many recipients at this many domains."""
    return [
        AddressClick(
            at=noon_plus(3_600 + gap * number),
            ip=ip,
            message_id=f"other-{number}",
            recipient=f"p{number}@{DOMAINS[number % domains]}",
            user_agent_hash=hash_user_agent(CHROME_AGENT) + number % agents,
        )
        for number in range(recipients)
    ]


def test_trap_link_nearby_matches() -> None:
    trap = replace(click(100, link=9, ip=BARRACUDA_TOO, id="trap"), trap=True)
    detail = "the same visitor followed a hidden link within 120 s"
    assert evaluate_signal("trap-link-nearby", trap, click(20, ip=BARRACUDA_IP, id="c")) == {"c": detail}
    assert evaluate_signal("trap-link-nearby", replace(trap, ip=HOME_IP), click(200, id="c")) == {"c": detail}
    assert evaluate_signal("trap-link-nearby", trap, click(20, ip=BARRACUDA_IP, id="c", agent="another")) == {
        "c": detail
    }


def test_another_browser_at_the_scanners_address_does_not_match() -> None:
    trap, head = replace(click(100, link=9, id="trap"), trap=True), replace(click(100, id="head"), method="HEAD")
    tampered = AddressClick(
        at=noon_plus(100),
        ip=HOME_IP,
        message_id="",
        recipient="",
        tampered=True,
        user_agent_hash=hash_user_agent(CHROME_AGENT),
    )
    person = click(101, agent=SAFARI)
    assert [
        evaluate_signal("trap-link-nearby", trap, person),
        evaluate_signal("head-before-get", head, person),
        evaluate_signal("tampered-token-nearby", person, address_clicks=[tampered]),
    ] == [{}] * 3


@pytest.mark.parametrize(
    ("trap_ip", "ip", "seconds"),
    [(HOME_IP, HOME_IP, 221), (HOME_IP, ELSEWHERE, 100), (HOME_IP, AZURE_IP, 100), ("10.0.0.1", "10.0.0.1", 100)],
)
def test_trap_link_nearby_does_not_match(trap_ip: str, ip: str, seconds: float) -> None:
    trap = replace(click(100, link=9, ip=trap_ip, id="trap"), trap=True)
    assert evaluate_signal("trap-link-nearby", trap, click(seconds, ip=ip)) == {}


def test_tampered_token_nearby_matches() -> None:
    tampered = AddressClick(at=noon_plus(39), ip=AZURE_IP, message_id="", recipient="", tampered=True)
    detail = "a tampered link was requested from the same IP address within 2 s"
    assert evaluate_signal("tampered-token-nearby", click(40, ip=AZURE_IP, id="c"), address_clicks=[tampered]) == {
        "c": detail
    }
    own = replace(click(41, ip=AZURE_IP, id="own"), tampered=True)
    assert evaluate_signal("tampered-token-nearby", click(40, ip=AZURE_IP, id="c"), own) == {"c": detail}


@pytest.mark.parametrize(("ip", "seconds"), [(HOME_IP, 37.5), (ELSEWHERE, 40), ("", 40)])
def test_tampered_token_nearby_does_not_match(ip: str, seconds: float) -> None:
    tampered = AddressClick(
        at=noon_plus(seconds),
        ip=ip,
        message_id="",
        recipient="",
        tampered=True,
        user_agent_hash=hash_user_agent(CHROME_AGENT),
    )
    clicks = [click(40, id="c"), click(40, ip="", id="unknown")]
    assert evaluate_signal("tampered-token-nearby", *clicks, address_clicks=[tampered]) == {}


def test_shared_address_matches() -> None:
    detail = "5 or more recipients at 3 or more domains from this IP in 60 s"
    ann = replace(click(3_610, id="c"), recipient="ann@example.com")
    assert evaluate_signal("shared-address", ann, address_clicks=make_address_clicks(5)) == {"c": detail}
    assert evaluate_signal("shared-address", ann, address_clicks=make_address_clicks(12, agents=3, gap=1)) == {
        "c": detail
    }


@pytest.mark.parametrize(
    "address_clicks",
    [
        make_address_clicks(30, domains=1, gap=1),
        make_address_clicks(3),
        make_address_clicks(5, ip=ELSEWHERE),
        make_address_clicks(30, gap=30),
        [dataclasses.replace(click_, recipient=f"id-{click_.message_id}") for click_ in make_address_clicks(30, gap=1)],
        make_address_clicks(30, agents=4, gap=1),
        [dataclasses.replace(click_, user_agent_hash=1) for click_ in make_address_clicks(5)],
    ],
    ids=["a company", "a family", "another address", "over time", "opaque ids", "a carrier's phones", "another agent"],
)
def test_shared_address_does_not_match(address_clicks: list[AddressClick]) -> None:
    ann = replace(click(3_610), recipient="ann@example.com")
    assert evaluate_signal("shared-address", ann, address_clicks=address_clicks) == {}


def test_shared_address_does_not_match_on_relays() -> None:
    ann = replace(click(3_610, ip=RELAY), recipient="ann@example.com")
    assert evaluate_signal("shared-address", ann, address_clicks=make_address_clicks(30, ip=RELAY, gap=1)) == {}


def test_datacentre_shared_address_matches() -> None:
    detail = "3 or more recipients from this data-centre IP in 60 s"
    ann = replace(click(3_610, ip=AZURE_IP, id="c"), recipient="ann@example.com")
    assert evaluate_signal(
        "datacentre-shared-address", ann, address_clicks=make_address_clicks(2, ip=AZURE_IP, domains=2)
    ) == {"c": detail}
    address_clicks = [dataclasses.replace(click_, recipient="") for click_ in make_address_clicks(2, ip=AZURE_IP)]
    assert evaluate_signal(
        "datacentre-shared-address", click(3_610, ip=AZURE_IP, id="c"), address_clicks=address_clicks
    ) == {"c": detail}


def test_datacentre_shared_address_does_not_match() -> None:
    same_recipient = [
        dataclasses.replace(click_, recipient="ann@example.com") for click_ in make_address_clicks(4, ip=AZURE_IP)
    ]
    ann = replace(click(3_610, ip=AZURE_IP), recipient="ann@example.com")
    assert [
        evaluate_signal("datacentre-shared-address", click(3_610), address_clicks=make_address_clicks(5)),
        evaluate_signal(
            "datacentre-shared-address", ann, address_clicks=make_address_clicks(30, ip=AZURE_IP, domains=1, gap=1)
        ),
        evaluate_signal("datacentre-shared-address", ann, address_clicks=same_recipient),
    ] == [{}, {}, {}]


def test_time_of_click_scan_matches() -> None:
    clicks = [click(5_000, ip=AZURE_IP, id="scanner"), click(5_001, id="person")]
    assert evaluate_signal("time-of-click-scan", *clicks) == {
        "scanner": "the same link was followed from outside data centres within 30 s"
    }


def test_time_of_click_scan_does_not_match() -> None:
    scanner = click(5_000, ip=AZURE_IP)
    others = [
        click(5_001, link=1),
        click(5_060),
        click(5_001, ip=BARRACUDA_IP),
        click(5_001, agent="curl/8.5.0"),
        click(5_001, ip="10.0.0.1"),
    ]
    assert [evaluate_signal("time-of-click-scan", scanner, other) for other in others] == [{}] * 5


def test_head_before_get_matches() -> None:
    head = replace(click(100, id="head"), method="HEAD")
    assert evaluate_signal("head-before-get", head, click(101, id="c")) == {
        "c": "HEAD request for the same link in the 30 s before"
    }


@pytest.mark.parametrize(
    ("seconds", "link", "ip"), [(99, 0, HOME_IP), (131, 0, HOME_IP), (101, 1, HOME_IP), (101, 0, ELSEWHERE)]
)
def test_head_before_get_does_not_match(seconds: float, link: int, ip: str) -> None:
    head = replace(click(100, id="head"), method="HEAD")
    assert evaluate_signal("head-before-get", head, click(seconds, link=link, ip=ip)) == {}
