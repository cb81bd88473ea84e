from msgspec.structs import replace

from clicktrail.audit.visits import find_visits
from clicktrail.judge.address_activity import Visit
from clicktrail.judge.evidence import hash_user_agent
from clicktrail.model.event import AnyEvent, Click
from tests.support.events import CHROME_AGENT, HOME_IP, click, delivered, sent

PREFIX = "192.0.2.0/24"
CHROME = hash_user_agent(CHROME_AGENT)


def by(recipient: str, click_: Click) -> Click:
    return replace(click_, recipient=recipient)


def test_visits_by_address_and_user_agent() -> None:
    clicks = [click(40), click(42, link=1), click(44, link=1), click(900, agent="another browser")]
    events: list[AnyEvent] = [sent(), delivered(2), *(by("ann@firm.example", click_) for click_ in clicks)]
    assert list(find_visits("m1", events)) == [
        Visit(HOME_IP, PREFIX, CHROME, "ann@firm.example", "firm.example", 38, 2),
        Visit(HOME_IP, PREFIX, hash_user_agent("another browser"), "ann@firm.example", "firm.example", 898, 1),
    ]


def test_an_ipv6_subnet_is_one_address() -> None:
    clicks = [click(40, ip="2003:ea:1:2::7"), click(42, link=1, ip="2003:ea:1:2:ab::9"), click(44, ip="2003:ea:1:3::7")]
    assert [(visit.address, visit.prefix, visit.links) for visit in find_visits("m1", clicks)] == [
        ("2003:ea:1:2::/64", "2003:ea:1::/48", 2),
        ("2003:ea:1:3::/64", "2003:ea:1::/48", 1),
    ]


def test_mailbox_providers_are_no_companies() -> None:
    companies = [
        visit.company
        for recipient in ("ann@gmail.com", "ann@hotmail.co.uk", "ann@web.de", "ann@Firm.example", "4711")
        for visit in find_visits("m1", [by(recipient, click())])
    ]
    assert companies == ["", "", "", "firm.example", ""]


def test_unknown_recipient_and_arrival() -> None:
    assert list(find_visits("m1", [click()])) == [Visit(HOME_IP, PREFIX, CHROME, "m1", "", None, 1)]


def test_private_addresses_and_tampered_links_are_no_visits() -> None:
    events: list[AnyEvent] = [click(ip="10.0.0.1"), click(ip=""), replace(click(), tampered=True), sent()]
    assert list(find_visits("m1", events)) == []
