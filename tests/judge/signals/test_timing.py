import pytest
from msgspec.structs import replace

from tests.support.events import AZURE, BARRACUDA, HOME, click, delivered, sent, sweep
from tests.support.signals import spoken


def test_burst_fires() -> None:
    """Seven links in 0.6 s, each click told so."""
    clicks = sweep(40, links=7, gap=0.1)
    assert {one.id: "7 links in 0.6 s" for one in clicks} == spoken("burst", *clicks)


@pytest.mark.parametrize("ip", ["198.51.100.{}", "2001:db8:1:{}::1", "20.{}.64.1", "198.18.{}.1", ""])
def test_burst_fires_across_addresses(ip: str) -> None:
    """Scanners spread one message's links over their machines, in one network or in many; some ESPs tell no address."""
    clicks = [click(40 + 0.2 * link, link=link, ip=ip.format(40 + link)) for link in range(3)]
    assert {one.id for one in clicks} == set(spoken("burst", *clicks))


def test_burst_fires_on_head_requests() -> None:
    """A checker that sends HEAD sweeps no less."""
    clicks = [replace(one, method="HEAD") for one in sweep(40, links=3, gap=0.1)]
    assert {one.id for one in clicks} == set(spoken("burst", *clicks))


@pytest.mark.parametrize("gap", [0.35, 0.7])
def test_burst_is_silent(gap: float) -> None:
    """Someone who opens eight links in tabs, one after the other as fast as a hand can, is no scanner."""
    assert {} == spoken("burst", *sweep(3_600, links=8, gap=gap))


def test_burst_is_silent_on_one_link() -> None:
    """A double click, or a triple one, is one link."""
    assert {} == spoken("burst", *(click(3_600 + 0.1 * again) for again in range(3)))


def test_burst_is_silent_on_later_click() -> None:
    """A person's click after the sweep has nothing to do with it."""
    assert "person" not in spoken("burst", *sweep(40, links=7, gap=0.1, ip=AZURE), click(43, link=2, id="person"))


def test_burst_is_silent_on_prefetches() -> None:
    """A browser that loads a page's links in advance says nothing about the click that follows."""
    early = [replace(one, headers={"purpose": "prefetch"}) for one in sweep(3_600, links=5, gap=0.01)]
    assert {} == spoken("burst", *early, click(3_600.1, link=6))


def test_burst_tells_links_without_positions_apart() -> None:
    """An ESP that tells destinations and no positions still shows a sweep."""
    clicks = [replace(one, link=-1) for one in sweep(40, links=4, gap=0.1)]
    assert {one.id: "4 links in 0.3 s" for one in clicks} == spoken("burst", *clicks)


def test_fast_fires() -> None:
    """Measured from the delivery where it is known."""
    events = (sent(), delivered(900), click(900.8, id="c"))
    assert {"c": "0.8 s after the message arrived"} == spoken("fast", *events)


def test_fast_fires_before_delivery() -> None:
    """A gateway that holds a message back scans it meanwhile."""
    events = (sent(), delivered(900), click(30, id="c"))
    assert {"c": "870.0 s before the message arrived"} == spoken("fast", *events)


def test_fast_fires_without_delivery() -> None:
    """Measured from the sending where no delivery was told."""
    assert {"c": "1.5 s after the message arrived"} == spoken("fast", sent(), click(1.5, id="c"))


def test_fast_is_silent() -> None:
    """Someone who taps the notification needs a few seconds."""
    assert {} == spoken("fast", sent(), delivered(1), click(5))


def test_fast_is_silent_without_a_clock() -> None:
    """Where neither sending nor delivery was told, nothing can be measured."""
    assert {} == spoken("fast", click(0))


def test_all_links_fires() -> None:
    """Twelve of twelve links in 44 s."""
    clicks = sweep(100, links=12, gap=4)
    assert {one.id: "all 12 links in 44 s" for one in clicks} == spoken("all-links", sent(links=12), *clicks)


def test_all_links_is_silent() -> None:
    """Eleven of twelve are not all."""
    assert {} == spoken("all-links", sent(links=12), *sweep(100, links=11, gap=1))


def test_all_links_is_silent_on_short_messages() -> None:
    """Three of three links is what an interested person does."""
    assert {} == spoken("all-links", sent(links=3), *sweep(100, links=3, gap=5))


def test_all_links_is_silent_over_time() -> None:
    """Someone who reads all of it takes longer than a minute."""
    assert {} == spoken("all-links", sent(links=5), *sweep(100, links=5, gap=20))


def test_all_links_is_silent_without_a_count() -> None:
    """Where nobody told how many links there are, none can be all of them."""
    assert {} == spoken("all-links", *sweep(100, links=8, gap=1))


def test_burst_fires_across_networks_and_agents() -> None:
    """Where each request pretends to be another person's, there are too many people for one second."""
    clicks = [click(40 + 0.2 * link, link=link, ip=f"198.18.{link}.1", agent=f"Browser {link}") for link in range(3)]
    assert {one.id for one in clicks} == set(spoken("burst", *clicks))


@pytest.mark.parametrize("scanners", [AZURE, "20.{}.64.1", "198.18.{}.1"])
def test_burst_is_silent_on_a_person_within_it(scanners: str) -> None:
    """Someone who clicks while a scanner is at work, with another browser, is not a part of it."""
    clicks = [click(40 + 0.1 * link, link=link, ip=scanners.format(40 + link), agent="Scanner") for link in range(6)]
    assert {one.id for one in clicks} == set(spoken("burst", *clicks, click(40.25, link=7, id="person")))


def test_hosted_burst_fires() -> None:
    """A machine that waits between its requests, in a data centre."""
    clicks = sweep(400, links=4, gap=3, ip=AZURE)
    assert {one.id: "4 links in 9.0 s from a data centre" for one in clicks} == spoken("hosted-burst", *clicks)


def test_hosted_burst_fires_on_three() -> None:
    """Three links need less time."""
    assert 3 == len(spoken("hosted-burst", *sweep(400, links=3, gap=1.5, ip=AZURE)))


def test_hosted_burst_is_silent() -> None:
    """Someone at home opens links in tabs as quickly; and from a data centre, two links are no burst."""
    assert {} == spoken("hosted-burst", *sweep(400, links=8, gap=0.7), *sweep(900, links=2, gap=0.1, ip=AZURE))


@pytest.mark.parametrize(("links", "followed"), [(4, 3), (8, 4)])
def test_many_links_hosted_fires(links: int, followed: int) -> None:
    """Half of the links, and three at least, from two data centres, three minutes apart from each other."""
    clicks = [click(100 + 180 * link, link=link, ip=(AZURE, "34.1.2.3")[link % 2]) for link in range(followed)]
    words = f"{followed} of {links} links from data centres"
    assert {one.id: words for one in clicks} == spoken("many-links-hosted", sent(links=links), *clicks)


def test_many_links_hosted_is_silent() -> None:
    """Someone at home; two of four links, or three of eight; a message of three; and over hours."""
    assert [{}, {}, {}, {}, {}] == [
        spoken("many-links-hosted", sent(links=5), *sweep(100, links=5, gap=60)),
        spoken("many-links-hosted", sent(links=4), *sweep(100, links=2, gap=60, ip=AZURE)),
        spoken("many-links-hosted", sent(links=8), *sweep(100, links=3, gap=60, ip=AZURE)),
        spoken("many-links-hosted", sent(links=3), *sweep(100, links=3, gap=60, ip=AZURE)),
        spoken("many-links-hosted", sent(links=5), *sweep(100, links=5, gap=900, ip=AZURE)),
    ]


@pytest.mark.parametrize(
    ("seconds", "ip", "words"),
    [
        (5, HOME, "5.0 s after the message arrived"),
        (43, AZURE, "43.0 s after the message arrived"),
        (290, BARRACUDA, "290.0 s after the message arrived"),
    ],
)
def test_early_fires(seconds: float, ip: str, words: str) -> None:
    """Hardly anyone has read it by then; from data centres, hardly anyone within five minutes."""
    assert {"c": words} == spoken("early", sent(), click(seconds, ip=ip, id="c"))


@pytest.mark.parametrize(("seconds", "ip"), [(1, HOME), (11, HOME), (301, AZURE)])
def test_early_is_silent(seconds: float, ip: str) -> None:
    """What is faster is another signal's business; a person at home may be quick, one at a remote desktop later."""
    assert {} == spoken("early", sent(), click(seconds, ip=ip))


def test_all_links_is_silent_on_a_person_within_it() -> None:
    """Someone who clicks in the minute of a scan, from elsewhere and with another browser."""
    clicks = [click(40 + link, link=link, ip=AZURE, agent="Scanner") for link in range(6)]
    assert {one.id for one in clicks} == set(spoken("all-links", sent(links=6), *clicks, click(43, id="person")))
